"""The fastest way to evaluate a module in a subspace of its weights that gives the right losses."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lossviz.landscape import _probe
from lossviz.landscape._module_chain import chain_of
from lossviz.landscape._moving import Task, moves_as
from lossviz.landscape._subspace import Subspace


def fastest_subspace(
    task: Task,
    weights: Tensor,
    origin: Tensor,
    directions: Tensor,
    loss: Callable[[Tensor], Tensor],
    vectorised: bool,
) -> Subspace | None:
    """Return a subspace that was seen to give what ``loss`` gives; None if there is none.

    Args:
        task: module, batches, loss and accuracy.
        weights: the module's own weights, where its losses are known to be finite.
        origin: the point with coordinates 0.
        directions: (directions, num_weights).
        loss: the loss at points, the slow way.
        vectorised: whether many points can be evaluated at once.
    """
    chain = chain_of(task.module.module, task.batches, task.loss_fn, task.correct, vectorised)
    if chain is not None:
        # One direction, from the weights towards 0: at both points the loss may be anything.
        tried = chain.on_subspace(weights, -weights[None])
        steps = torch.tensor([[0.0], [0.1]]).to(weights)
        if _probe.same(tried.measure(steps)[0], loss(weights - steps * weights)):
            return chain.on_subspace(origin, directions)
    x, *_ = task.batches[0]
    if moves_as(task.module, x, weights):
        return task.on_subspace(origin, directions, vectorised)
    return None
