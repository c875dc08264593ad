"""A module as a pure function of one flat vector of weights, and its derivatives over points.

Only reverse mode is used, twice for second derivatives: torch knows it for more operations than
forward mode, and products with one Hessian share the graph of one gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, grad_and_value, vjp
from torch.nn.attention import SDPBackend, sdpa_kernel

Function = Callable[[Tensor], Tensor]
Products = Callable[[Function, Tensor, Tensor, int], Tensor]


@dataclass(frozen=True)
class FlatModule:
    """A module's outputs as a function of flat weights and inputs.

    Attributes:
        module: a copy that nobody else holds; its own tensors never change.
        changing: names of the buffers that a forward pass writes into, such as the running
            averages of a batch norm in train mode.
    """

    module: nn.Module
    changing: frozenset[str] = field(default_factory=frozenset)

    def __call__(self, w: Tensor, x: Tensor) -> Tensor:
        """Return the outputs for one flat vector of weights."""
        return functional_call(self.module, self.parameters(w) | self._fresh_buffers(w), (x,))

    def parameters(self, w: Tensor) -> dict[str, Tensor]:
        """Cut a flat vector into the module's parameters; tied ones come once."""
        parts = w.split([shape.numel() for shape in self.shapes.values()])
        return {
            name: part.view(shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    @cached_property
    def shapes(self) -> dict[str, torch.Size]:
        """Shapes of the parameters, in the order of ``parameters_to_vector``."""
        return {name: value.shape for name, value in self.module.named_parameters()}

    def _fresh_buffers(self, w: Tensor) -> dict[str, Tensor]:
        """Copy the buffers, so that every call starts from the caller's."""
        # Under vmap, what is written into must be one copy per point: adding a zero that is
        # made of the weights gives it the axis of points.
        zero = 0 * w.detach()[0]
        return {
            name: value + zero.to(value.dtype) if name in self.changing else value.clone()
            for name, value in self.module.named_buffers()
        }

    def noting_changes(self, w: Tensor, x: Tensor) -> FlatModule:
        """Return this function with the buffers known that a forward pass writes into."""
        before, after = dict(self.module.named_buffers()), self._fresh_buffers(w)
        with torch.no_grad():
            functional_call(self.module, self.parameters(w) | after, (x,))
        changed = (n for n, b in before.items() if not torch.equal(b, after[n]))
        return FlatModule(self.module, frozenset(changed))


@contextmanager
def plain_attention() -> Iterator[None]:
    """Compute attention by plain products: torch's fused kernels have no second derivatives."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def elements_in_flight(f: Function, w: Tensor) -> int:
    """Count the numbers that one evaluation at a point keeps for its gradient."""
    kept: dict[int, int] = {}

    def note(value: Tensor) -> Tensor:
        kept[value.data_ptr()] = value.numel()
        return value

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda value: value):
        f(w.detach().clone().requires_grad_())
    return sum(kept.values()) + len(w)


# --- values and slopes at (points, weight) ----------------------------------------------------


def values(f: Function, points: Tensor, vectorised: bool) -> Tensor:
    """Return f at each point, shape (points, ...)."""
    with torch.no_grad():
        return torch.vmap(f)(points) if vectorised else torch.stack([f(w) for w in points])


def values_and_slopes(f: Function, points: Tensor, vectorised: bool) -> Tensor:
    """Return f and its gradient at each point, shape (points, 1 + weights)."""
    if vectorised:
        slopes, found = torch.vmap(grad_and_value(f))(points)
        return torch.cat([found[:, None], slopes], dim=1)
    rows = []
    for w in points:
        at, value = _graph(f, w)
        rows.append(torch.cat([value.detach()[None], _derivative(value, at)]))
    return torch.stack(rows)


def _graph(f: Function, w: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        at = w.detach().clone().requires_grad_()
        return at, f(at)


def _derivative(of: Tensor, at: Tensor, vector: Tensor | None = None, **options: bool) -> Tensor:
    """Differentiate; what does not depend on ``at`` has slope zero."""
    if not of.requires_grad:
        return torch.zeros_like(at if vector is None or vector.ndim == 1 else vector)
    options = {"materialize_grads": True} | options
    (slope,) = torch.autograd.grad(of, at, vector, **options)
    return slope


# --- products of Hessians with vectors, (points, vector, weight), from most at once to least ---
#
# Vectors may be shorter than points: then the Hessian is that of the block of weights that begins
# at ``start``, the others held.


def products_together(f: Function, points: Tensor, vectors: Tensor, start: int = 0) -> Tensor:
    """All points and vectors at once."""

    def at_one_point(w: Tensor, rows: Tensor) -> Tensor:
        of_block, block = _block(f, w, start, rows.shape[-1])
        # The Hessian is symmetric: a row times it is the product.
        _, pull_back = vjp(grad(of_block), block)
        return torch.vmap(pull_back)(rows)[0]

    return torch.vmap(at_one_point)(points, vectors)


def products_by_point(f: Function, points: Tensor, vectors: Tensor, start: int = 0) -> Tensor:
    """One point after another, its vectors at once."""
    found = []
    for w, rows in zip(points, vectors, strict=True):
        at, slope = gradient_graph(*_block(f, w, start, rows.shape[-1]))
        found.append(_derivative(slope, at, rows, retain_graph=True, is_grads_batched=True))
    return torch.stack(found)


def products_one_by_one(
    f: Function, points: Tensor, vectors: Tensor, start: int = 0, *, strict: bool = False
) -> Tensor:
    """One product after another; one gradient's graph serves all vectors of a point.

    If ``strict``, a gradient that torch followed but cannot follow back to the weights is an
    error: so do operations end that can be differentiated only once.
    """
    options = {"retain_graph": True, "materialize_grads": not strict}
    found = []
    for w, rows in zip(points, vectors, strict=True):
        at, slope = gradient_graph(*_block(f, w, start, rows.shape[-1]))
        products = [_derivative(slope, at, row, **options) for row in rows]
        found.append(torch.stack(products))
    return torch.stack(found)


def _block(f: Function, w: Tensor, start: int, size: int) -> tuple[Function, Tensor]:
    """Return f as a function of a block of its weights, and that block."""
    if size == len(w):
        return f, w
    before, block, after = w.split([start, size, len(w) - start - size])
    return lambda part: f(torch.cat([before, part, after])), block


def gradient_graph(f: Function, w: Tensor) -> tuple[Tensor, Tensor]:
    """Return a point and the gradient there, with the graph that products go back through."""
    at, value = _graph(f, w)
    with torch.enable_grad():
        return at, _derivative(value, at, create_graph=True)


def products_from_graphs(parts: Sequence[tuple[float, Function]], points: Tensor) -> Function:
    """Return the products of Hessians with vectors (..., points, weight); the graphs are kept.

    Args:
        parts: functions of flat weights with their weights in a sum, whose Hessians they are.
        points: shape (points, weight).
    """
    with plain_attention():
        graphs = [[(share, *gradient_graph(f, w)) for share, f in parts] for w in points]

    def product(kept: list[tuple[float, Tensor, Tensor]], v: Tensor) -> Tensor:
        return sum(
            share * _derivative(slope, at, v, retain_graph=True) for share, at, slope in kept
        )

    def products(vectors: Tensor) -> Tensor:
        if not vectors.numel():
            return torch.zeros_like(vectors)
        rows = vectors.reshape(-1, *points.shape)
        with plain_attention():
            found = [product(at, v) for row in rows for at, v in zip(graphs, row, strict=True)]
        return torch.stack(found).view(vectors.shape)

    return products
