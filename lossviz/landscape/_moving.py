"""Any module in a subspace of its weights: a copy whose weights are moved in place."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from lossviz.landscape import _functional, _probe
from lossviz.landscape._chain import joined, total
from lossviz.landscape._functional import FlatModule
from lossviz.landscape._module_chain import Batch, losses_of_outputs, share_correct
from lossviz.landscape._subspace import Measured, Subspace, split_leading

# Samples pass through a module in pieces that keep about so many numbers: what one layer leaves
# for the next is then still in a core's cache.
_PIECE_ELEMENTS = 2**22

# Modules that keep fewer numbers at a point are bound by the cost of calls: many points at once.
_SMALL, _TOGETHER_ELEMENTS = 2**15, 2**18


@dataclass(frozen=True)
class Task:
    """What is measured at each point.

    Attributes:
        module: the module as a function of flat weights.
        batches: inputs, targets and share of all samples of each batch.
        loss_fn: the loss of a batch from outputs and targets.
        correct: which samples are correct, from outputs (points, samples, ...) and targets.
        per_point: how many numbers a pass keeps for its gradient.
    """

    module: FlatModule
    batches: list[Batch]
    loss_fn: Callable[[Tensor, Tensor], Tensor]
    correct: Callable[[Tensor, Tensor], Tensor] | None
    per_point: int

    def on_subspace(self, origin: Tensor, directions: Tensor, vectorised: bool) -> Subspace:
        """Return the task in a subspace, with many points at once where that is faster."""
        if vectorised and self.per_point < _SMALL:
            return Together(self, origin, directions)
        return OneByOne(self, origin, directions)


@dataclass(frozen=True)
class Together(Subspace):
    """Many points at once, for small modules.

    Attributes:
        task: what is measured.
        origin: the point with coordinates 0.
        directions: (directions, num_weights).
    """

    task: Task
    origin: Tensor
    directions: Tensor

    def measure(self, coordinates: Tensor) -> Measured:
        """Return losses and accuracies."""
        size = max(1, _TOGETHER_ELEMENTS // self.task.per_point)
        parts = [self.origin + part @ self.directions for part in coordinates.split(size)]
        return joined([total(self._on_batches(points)) for points in parts])

    def _on_batches(self, points: Tensor) -> Iterator[tuple[Measured, float]]:
        task = self.task
        for x, t, share in task.batches:
            with _functional.plain_attention():
                outputs = _functional.values(partial(task.module, x=x), points, True)
                loss = losses_of_outputs(task.loss_fn, outputs, t, True)
            yield (loss, share_correct(task.correct, outputs, t)), share


class OneByOne(Subspace):
    """One point after another, in an own copy of the module: batches outermost, points inside.

    Args:
        task: what is measured.
        origin: the point with coordinates 0.
        directions: (directions, num_weights).
    """

    def __init__(self, task: Task, origin: Tensor, directions: Tensor) -> None:
        self._task, self._module = task, MovedModule(task.module)
        self._origin = self._module.arranged(origin)
        self._directions = self._module.arranged(directions)
        self._batches = [(self._pieces(channels_last(x)), t, share) for x, t, share in task.batches]

    def measure(self, coordinates: Tensor) -> Measured:
        """Return losses and accuracies."""
        shared, count = split_leading(coordinates)
        base = self._origin + shared @ self._directions[:count]
        rest = coordinates[:, count:]
        with torch.no_grad(), _functional.plain_attention():
            return total(
                (joined([self._at(base, c, pieces, t) for c in rest]), share)
                for pieces, t, share in self._batches
            )

    def _at(self, base: Tensor, c: Tensor, pieces: list[Tensor], t: Tensor) -> Measured:
        self._module.move(base, c, self._directions[len(self._directions) - len(c) :])
        outputs = self._outputs(pieces)
        loss = self._task.loss_fn(outputs, t)
        return loss[None], share_correct(self._task.correct, outputs[None], t)

    def _outputs(self, pieces: list[Tensor]) -> Tensor:
        found = [self._module(x) for x in pieces]
        return found[0] if len(found) == 1 else torch.cat(found)

    def _pieces(self, x: Tensor) -> list[Tensor]:
        """Cut a batch into pieces, where each sample's outputs do not depend on the others."""
        size = max(1, len(x) * _PIECE_ELEMENTS // self._task.per_point)
        if size >= len(x) or self._task.module.changing:
            return [x]
        pieces = list(x.split(size))
        with torch.no_grad(), _functional.plain_attention():
            self._module.move(self._origin, self._origin[:0], self._directions[:0])
            same = _probe.same(self._outputs(pieces), self._module(x))
        return pieces if same else [x]


def channels_last(x: Tensor) -> Tensor:
    """Lay out pictures and filters as convolutions have them, up to twice as fast."""
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


class MovedModule:
    """A copy of a module whose parameters are parts of one flat tensor that can be moved.

    Filters lie in it with their channels last.

    Args:
        flat: the module as a function.
    """

    def __init__(self, flat: FlatModule) -> None:
        self._module = copy.deepcopy(flat.module)
        parameters = list(self._module.parameters())
        self._weights = torch.cat([p.detach().flatten() for p in parameters])
        self._order = torch.arange(len(self._weights), device=self._weights.device)
        sizes = [p.numel() for p in parameters]
        places = zip(self._weights.split(sizes), self._order.split(sizes), strict=True)
        for p, (values, order) in zip(parameters, places, strict=True):
            shape = p.shape
            p.data = values.view(shape)
            if len(shape) == 4:
                order.copy_(order.clone().view(shape).permute(0, 2, 3, 1).flatten())
                p.data = values.view(shape[0], *shape[2:], shape[1]).permute(0, 3, 1, 2)
        buffers = dict(self._module.named_buffers())
        self._changing = [(buffers[name], buffers[name].clone()) for name in flat.changing]

    def arranged(self, weights: Tensor) -> Tensor:
        """Return flat weights (..., num_weights) in the order in which they are moved."""
        return weights[..., self._order]

    def move(self, base: Tensor, coordinates: Tensor, directions: Tensor) -> None:
        """Move to base + coordinates @ directions, arranged ones."""
        self._weights.copy_(base)
        for c, direction in zip(coordinates.tolist(), directions, strict=True):
            self._weights.add_(direction, alpha=c)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the outputs; what a pass writes into begins with the caller's values."""
        for buffer, before in self._changing:
            buffer.copy_(before)
        return self._module(x)


def moves_as(flat: FlatModule, x: Tensor, weights: Tensor) -> bool:
    """Say whether a moved copy gives, twice, what the module gives as a function of weights."""
    moved = MovedModule(flat)
    with torch.no_grad(), _functional.plain_attention():
        for w in (0.9 * weights, weights, 0.9 * weights):
            moved.move(moved.arranged(w), w[:0], w[None, :][:0])
            if not _probe.same(moved(channels_last(x)), flat(w, x)):
                return False
    return True
