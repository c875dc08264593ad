"""Checks of a problem that a closed form is made of."""

from __future__ import annotations

import torch
from torch import Tensor

from lossviz import _checks
from lossviz.problems import Problem, load_problem


def one_hidden_layer(problem: Problem | str) -> Problem:
    """Return the problem, or the one of that name, if it has one hidden layer."""
    if isinstance(problem, str):
        problem = load_problem(problem)
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be a Problem or its name; got {type(problem).__name__}.")
    if len(problem.layers) != 3:
        raise ValueError(
            "Landscape's closed forms need layers (inputs, hidden, outputs); "
            f"{problem.name!r} has {problem.layers}."
        )
    for layer in problem.layers:
        _checks.whole("each of layers", layer, 1)
    return problem


def columns(problem: Problem, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Check a data set and return it units-first: (inputs + 1, samples), (outputs, samples)."""
    layers = problem.layers
    x = _checks.tensor("inputs", problem.inputs, dtype).to(device)
    t = _checks.tensor("targets", problem.targets, dtype).to(device)
    _checks.all_finite("inputs", x)
    if x.ndim != 2 or len(x) == 0 or x.shape[1] != layers[0]:
        raise ValueError(f"inputs must have shape (samples, {layers[0]}); got {tuple(x.shape)}.")
    if t.shape != (len(x), layers[-1]):
        raise ValueError(f"targets must have shape ({len(x)}, {layers[-1]}); got {tuple(t.shape)}.")
    if not bool(((t >= 0) & (t <= 1)).all()):
        raise ValueError(f"targets must lie in [0, 1]; got values from {t.min():g} to {t.max():g}.")
    ones = torch.ones_like(x[:, :1])
    return torch.cat([x, ones], dim=1).T.contiguous(), t.T.contiguous()
