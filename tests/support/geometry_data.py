"""Small data sets in the formats of lines, planes, trajectories and densities."""

from __future__ import annotations

import numpy as np
import xarray as xr

import lossviz as lv


def plane(offset=0.1, points=9, floor=0.02, scale=1.0):
    """A bowl with its lowest point near (offset, 0), on both parts."""
    x = np.linspace(-1.0, 1.0, points)
    alpha, beta = np.meshgrid(x, x, indexing="ij")
    loss = scale * (floor + (alpha - offset) ** 2 + 3 * beta**2)
    test = 1.2 * loss + 0.1
    dims = ("alpha", "beta")
    variables = {
        "loss": loss,
        "test_loss": test,
        "accuracy": np.exp(-9 * loss),
        "test_accuracy": np.exp(-9 * test),
    }
    return xr.Dataset(
        {name: (dims, values) for name, values in variables.items()},
        coords={"alpha": x, "beta": x},
    )


def line(points=11, start=-1.0):
    alpha = np.linspace(start, 1.0, points)
    loss = 0.5 + (alpha - 0.2) ** 2
    variables = {
        "loss": loss,
        "test_loss": 0.6 + (alpha - 0.4) ** 2,
        "accuracy": 1 - loss / 5,
        "test_accuracy": 1 - loss / 4,
    }
    return xr.Dataset(
        {name: ("alpha", values) for name, values in variables.items()}, coords={"alpha": alpha}
    )


def way(height=1.0, points=11):
    """A way between two models with a barrier of this height in its middle."""
    alpha = np.linspace(0.0, 1.0, points)
    loss = 0.1 + 0.2 * alpha + 4 * height * alpha * (1 - alpha)
    return xr.Dataset({"loss": ("alpha", loss)}, coords={"alpha": alpha})


def projected(ends=(5, 8, 8), names=("sgd", "adam", "sam")):
    """Walks of several lengths; after its end a walk is NaN."""
    t = np.linspace(0.0, 1.0, max(ends))
    alpha = np.stack([t - 1 + 0.1 * place for place in range(len(ends))])
    beta = np.stack([(1 - t) ** 2 - 0.2 * place for place in range(len(ends))])
    gone = np.arange(max(ends)) >= np.array(ends)[:, None]
    dims = ("walk", "step")
    return xr.Dataset(
        {
            "alpha": (dims, np.where(gone, np.nan, alpha)),
            "beta": (dims, np.where(gone, np.nan, beta)),
            "explained_variance": ("axis", [0.82, 0.11]),
            "random_walk_variance": ("axis", [0.608, 0.152]),
        },
        coords={"optimiser": ("walk", list(names))},
    )


def density(width=0.1):
    x = np.linspace(-2.0, 4.0, 601)
    bumps = [np.exp(-(((x - at) / width) ** 2) / 2) for at in (-1.0, 0.0, 0.0, 3.0)]
    height = sum(bumps) / (4 * width * np.sqrt(2 * np.pi))
    return xr.Dataset(
        {"density": ("eigenvalue", height)}, coords={"eigenvalue": x}, attrs={"mean": 0.5}
    )


def run(learning_rate=0.1, every=2):
    """Two walks whose sharpness, known at some steps, crosses 2 / 0.1 at step 6."""
    steps = np.arange(9)
    sharpness = np.stack([3.5 * steps, 3 * steps])
    sharpness = np.where(steps % every == 0, sharpness, np.nan)
    loss = np.stack([0.5**steps, 0.6**steps])
    dims = ("walk", "step")
    return xr.Dataset(
        {"sharpness": (dims, sharpness), "loss": (dims, loss)},
        coords={"step": steps},
        attrs={"learning_rate": learning_rate},
    )


EIGENVALUES = [3.0, -1.0, 0.5, 1e-12, 0.0]


def pictures():
    """One picture of each kind of geometry."""
    return {
        "contour": lv.plots.contour({"relu": plane(), "tanh": plane(0.0, scale=9.0)}),
        "surface": lv.plots.surface(plane()),
        "loss_lines": lv.plots.loss_lines({"a": line(), "b": line()}, accuracy=True),
        "barriers": lv.plots.barriers({"straight": way(), "curve": way(0.0)}),
        "trajectory": lv.plots.trajectory(projected(), plane()),
        "trajectory_panels": lv.plots.trajectory_panels({"a": projected(), "b": projected()}),
        "spectrum": lv.plots.spectrum(EIGENVALUES),
        "density": lv.plots.density(density(), [-1.0, 0.0, 0.0, 3.0]),
        "stability": lv.plots.stability(run()),
    }
