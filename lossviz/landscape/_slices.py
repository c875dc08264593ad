"""The fastest way to evaluate a module in a subspace of its weights that gives the right losses."""

from __future__ import annotations

import torch
from torch import Tensor

from lossviz.landscape import _probe
from lossviz.landscape._module_chain import chain_of
from lossviz.landscape._moving import Task, moves_as
from lossviz.landscape._subspace import Subspace

# Samples on which a chain is compared with its module.
_FEW = 64


def fastest_subspace(
    task: Task,
    weights: Tensor,
    origin: Tensor,
    directions: Tensor,
    vectorised: bool,
) -> Subspace | None:
    """Return a subspace that was seen to give what the module gives; None if there is none.

    Args:
        task: module, batches, loss and accuracy.
        weights: the module's own weights, where its losses are known to be finite.
        origin: the point with coordinates 0.
        directions: (directions, num_weights).
        vectorised: whether many points can be evaluated at once.
    """
    chain = chain_of(task.module.module, task.batches, task.loss_fn, task.correct, vectorised)
    if chain is not None and _is_right(task, weights, vectorised):
        return chain.on_subspace(origin, directions)
    x, *_ = task.batches[0]
    if moves_as(task.module, x, weights):
        return task.on_subspace(origin, directions, vectorised)
    return None


def _is_right(task: Task, weights: Tensor, vectorised: bool) -> bool:
    """Say whether a chain has the module's losses: on a few samples, each of which is by itself."""
    x, t, _ = task.batches[0]
    x, t = x[:_FEW], t[:_FEW]
    chain = chain_of(task.module.module, [(x, t, 1.0)], task.loss_fn, task.correct, vectorised)
    # One direction, from the weights towards 0: at the first point the loss may be 0.
    steps = torch.tensor([[0.0], [0.1]]).to(weights)
    tried = chain.on_subspace(weights, -weights[None]).measure(steps)[0]
    with torch.no_grad():
        exact = [task.loss_fn(task.module(w, x), t) for w in weights - steps * weights]
    return _probe.same(tried, torch.stack(exact))
