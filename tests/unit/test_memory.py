"""What large jobs hold: each in a process of its own, whose peak of memory is read at its end."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

HEAD = """
import resource, numpy as np, torch, lossviz as lv
torch.set_num_threads(1)

def landscape(layers, samples, dtype=torch.float64):
    rng = np.random.default_rng(0)
    x, labels = rng.random((samples, layers[0])), rng.integers(max(2, layers[-1]), size=samples)
    t = labels[:, None].astype(float) if layers[-1] == 1 else np.eye(layers[-1])[labels]
    problem = lv.Problem("large", layers, x, t, x[:10], t[:10])
    return lv.Landscape(problem, "tanh", dtype=dtype)
"""
FOOT = """
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def peak(job):
    """Run a job in a process of its own; return its peak of memory in MB."""
    command = [sys.executable, "-c", HEAD + job + FOOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout.split()[-1])


def test_a_million_points_of_xor_are_classified_in_less_than_a_gigabyte():
    job = """
xor = lv.Landscape("xor", "tanh")
found = lv.full_curvature(xor, xor.initial(10**6, 0, 1.0))
assert found.classes.shape == (10**6,)
"""
    assert peak(job) < 1000


def test_a_network_of_mnists_size_is_walked_and_its_curvature_found_in_less_than_a_gigabyte():
    job = """
mnist = landscape((784, 10, 10), 8000, torch.float32)
walks = lv.progressive_gradient_walk(
    mnist, 1, 1000, 0.02, 1.0, 0, batch_size=100,
    measures=("loss", "gradient_norm", "accuracy", "test_loss", "saturation", "curvature_class"))
assert (walks.curvature == lv.CURVATURE_CLASSES.index("singular")).all()
found = lv.extreme_curvature(mnist, mnist.initial(1, 0, 1.0))
assert bool(found.converged.all())
"""
    assert peak(job) < 1000


def test_memory_does_not_grow_with_the_steps():
    job = """
heart = landscape((32, 10, 1), 736, torch.float32)
lv.progressive_gradient_walk(
    heart, 10, {steps}, 0.02, 1.0, 0, measures=("loss", "gradient_norm", "accuracy", "saturation"))
"""
    weights = 10 * 341 * 4 / 1e6  # MB that the weights of one step would take
    short, long = peak(job.format(steps=200)), peak(job.format(steps=4000))
    assert long - short < 3800 * weights / 2
