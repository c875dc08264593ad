"""Planes by other libraries, run by the Python of the environment that has them.

Reads orders from standard input, one JSON list a line, and answers each by a line of JSON:
["time", peer, model, resolution] by seconds of processor time, ["check", peer] by what was seen.
"""

from __future__ import annotations

import copy
import json
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib.metadata import version
from io import StringIO

import numpy as np
import torch
from plane_models import Model, made
from torch import nn
from torch.nn.utils import parameters_to_vector

Metric = Callable[[nn.Module], float]


def by_loss_landscapes(module: nn.Module, metric: Metric, resolution: int) -> np.ndarray:
    """Call ``loss_landscapes.random_plane`` with its defaults, filter by filter."""
    import loss_landscapes

    # What it calls the metric with is its wrapper of the module.
    return loss_landscapes.random_plane(
        module, lambda wrapper: metric(wrapper.modules[0]), 1, resolution, "filter"
    )


def by_landscaper(module: nn.Module, metric: Metric, resolution: int) -> np.ndarray:
    """Call ``landscaper`` along two random directions."""
    from landscaper.compute import compute_loss_landscape

    directions = [[torch.randn_like(p) for p in module.parameters()] for _ in range(2)]
    found, _ = compute_loss_landscape(
        module, None, directions, lambda moved, _: metric(moved), resolution, 0.5, 2, "cpu"
    )
    return found


PEERS = {"loss-landscapes": by_loss_landscapes, "landscaper": by_landscaper}


def plane(peer: str, module: nn.Module, metric: Metric, resolution: int) -> np.ndarray:
    """Return a peer's plane, without what it prints."""
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002 - what the peer draws from
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        return PEERS[peer](module, metric, resolution)


def seconds(peer: str, name: str, resolution: int) -> float:
    """Return the processor time of one plane."""
    model = made(name)
    plane(peer, model.module, loss_of(model), 3)
    model = made(name)
    start = time.process_time()
    plane(peer, model.module, loss_of(model), resolution)
    return time.process_time() - start


def loss_of(model: Model) -> Metric:
    """Return the loss as a function of the module alone."""
    return lambda module: model.loss_fn(module(model.inputs), model.targets).item()


# --- what was seen ------------------------------------------------------------------------------


def checks(peer: str) -> dict[str, bool]:
    """Return which checks a peer passes, by where its cells lie in the space of weights."""
    module, count = made("32-10-1 tanh").module, 11
    start = parameters_to_vector(module.parameters()).detach().clone()
    visited: list[torch.Tensor] = []

    def number(moved: nn.Module) -> float:
        visited.append(parameters_to_vector(moved.parameters()).detach().clone())
        return float(len(visited) - 1)

    order = plane(peer, module, number, count)
    # Rounded: one peer adds noise to the largest value.
    cells = torch.stack(visited)[np.clip(np.rint(order), 0, count**2 - 1).astype(int)].double()
    down, right = cells[-1] - cells[0], cells[:, -1] - cells[:, 0]
    a, b = down[0] / (count - 1), right[0] / (count - 1)
    steps = torch.arange(count).double() - count // 2
    middle = cells[count // 2, count // 2]
    flat = middle + steps[:, None, None] * a + steps[None, :, None] * b
    size = float(cells.std())
    return {
        "rows aligned": bool((cells - flat).abs().max() < 1e-3 * size),
        "centre cell at the model": bool((middle - start).abs().max() < 1e-5),
        "directions of both signs": 0.4 < float((a > 0).double().mean()) < 0.6,
        "directions orthogonal to 0.2": abs(float(a @ b / a.norm() / b.norm())) < 0.2,
        "each filter in proportion to the model's": in_proportion(module, start.double(), a),
        "model unchanged": torch.equal(parameters_to_vector(module.parameters()).detach(), start),
        "model still trainable": all(p.requires_grad for p in module.parameters()),
        "batch norm's averages unchanged": keeps_averages(peer),
        "NaN stays NaN": keeps_nan(peer),
        "largest loss as computed": keeps_largest(peer),
        "biases may be zero": takes_zeros(peer),
    }


def in_proportion(module: nn.Module, w: torch.Tensor, d: torch.Tensor) -> bool:
    """Say whether the rows of all weights of a direction are in proportion to the model's."""
    ratios, start = [], 0
    for p in module.parameters():
        here = slice(start, start + p.numel())
        if p.ndim >= 2:
            along, of_model = (v[here].view(len(p), -1).norm(dim=1) for v in (d, w))
            ratios.append(along / of_model)
        start += p.numel()
    found = torch.cat(ratios)
    return bool(found.max() < 1.01 * found.min())


def keeps_averages(peer: str) -> bool:
    """Say whether a batch norm in train mode has the running averages that it had."""
    model = made("cnn 32x32, batch norm")
    module = model.module.train()
    before = copy.deepcopy(dict(module.named_buffers()))
    plane(peer, module, lambda m: float(m(model.inputs[:20]).mean()), 3)
    return all(torch.equal(value, before[name]) for name, value in module.named_buffers())


def keeps_nan(peer: str) -> bool:
    """Say whether cells whose loss is NaN are NaN in the result."""
    values = iter([1.0, 2, float("nan")] * 3)
    return int(np.isnan(plane(peer, nn.Linear(3, 2), lambda _: next(values), 3)).sum()) == 3


def keeps_largest(peer: str) -> bool:
    """Say whether the largest of the losses is the one that was computed."""
    values = iter(range(9))
    return float(plane(peer, nn.Linear(3, 2), lambda _: float(next(values)), 3).max()) == 8.0


def takes_zeros(peer: str) -> bool:
    """Say whether a model whose biases begin as zeros has a plane."""
    module = nn.Linear(3, 2)
    nn.init.zeros_(module.bias)
    try:
        return bool(np.isfinite(plane(peer, module, lambda m: float(m.weight.norm()), 3)).all())
    except ZeroDivisionError:
        return False


def main() -> None:
    """Answer orders."""
    torch.set_num_threads(1)
    for line in sys.stdin:
        what, *about = json.loads(line)
        answers = {"time": seconds, "check": checks, "version": version}
        print(json.dumps(answers[what](*about)), flush=True)


if __name__ == "__main__":
    main()
