"""Hessian eigenvalues that must be zero at a point, counted by why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lossviz import _checks
from lossviz.geometry import _points
from lossviz.landscape._dense_layers import HiddenLayer, hidden_layers, leading_parts
from lossviz.landscape.base import BaseLandscape
from lossviz.landscape.mlp import Landscape
from lossviz.landscape.module import ModuleLandscape
from lossviz.landscape.stable import stable_softmax_cross_entropy

# How far beside a net input an activation is tried.
_BESIDE = 1e-4


@dataclass(frozen=True)
class ForcedZeros:
    r"""Hessian eigenvalues that are zero in exact arithmetic, each counted under one cause.

    Attributes:
        dependent_inputs: at every point: the inputs with a 1 appended have rank r below D + 1, so
            each of h first-layer units has D + 1 - r directions that no sample sees.
        softmax_shift: at every point: the same change of all logits' weights, h + 1 directions.
        dead_units: a ReLU that is 0 on all samples: neither its incoming nor its outgoing
            weights matter.
        flat_units: likewise, a unit that is constant on some samples, as a ReLU or a hard tanh
            can be: the other samples do not see all directions of its incoming weights.
        rescaling: at a critical point: one for each active unit whose scale can move from its
            incoming to its outgoing weights. Elsewhere the gradient tilts that direction.
        piecewise_linear: what is left until the rank is at most N k + 2 h min(r, k), for one
            hidden layer between kinks: N samples with k outputs (one less with softmax) give the
            Gauss-Newton part its rank, and the rest lies between the layers.
        zero_residual: what is left until the rank is at most N k, where the loss cannot be
            lowered for any sample, so that the Gauss-Newton part is all there is.
        num_weights: the number of weights, m.
    """

    dependent_inputs: int
    softmax_shift: int
    dead_units: int
    flat_units: int
    rescaling: int
    piecewise_linear: int
    zero_residual: int
    num_weights: int

    @property
    def by_cause(self) -> dict[str, int]:
        """The counts by name, without ``num_weights``."""
        return {name: getattr(self, name) for name in _CAUSES}

    @property
    def total(self) -> int:
        """The number of eigenvalues that must be zero."""
        return sum(self.by_cause.values())

    @property
    def reasons(self) -> tuple[str, ...]:
        """A sentence for each cause that counts."""
        return tuple(
            f"{count} of {self.num_weights} eigenvalues {'is' if count == 1 else 'are'} zero "
            f"because {_CAUSES[name]}."
            for name, count in self.by_cause.items()
            if count
        )


_CAUSES = {
    "dependent_inputs": "the samples' inputs do not fill all directions",
    "softmax_shift": "softmax does not see what is added to all outputs alike",
    "dead_units": "units are 0 on all samples",
    "flat_units": "units are constant on too many samples",
    "rescaling": "scale can move through active units at a critical point",
    "piecewise_linear": "few samples fix a piecewise linear network",
    "zero_residual": "all residuals are zero and samples few",
}


def forced_zeros(
    landscape: BaseLandscape, weights: Float[Tensor, "weight"], tolerance: float = 1e-8
) -> ForcedZeros:
    r"""Count the Hessian eigenvalues that must be zero at a point, by cause.

    Directions in which the Hessian vanishes are written down, not computed from the Hessian; each
    is counted under the first cause that has it, so that the counts add up. Discrete symmetries
    (permutations and signs) force none. Other causes, such as units that are alike, may add more. At a kink, the ReLU's second derivative counts as 0.

    Args:
        landscape: a closed form, or one of a ``Sequential`` of Linear layers and elementwise
            activations.
        weights: a point, shape (num_weights,), finite.
        tolerance: a point is critical where the gradient's norm is at most this, and residuals
            are zero where the loss's slopes by the outputs are at most this in all; at least 0.

    Returns:
        The counts, their sum and reasons in words.

    Raises:
        ValueError: for weights of another shape or not finite, a negative tolerance, or a network
            of other layers.
        TypeError: if ``landscape`` is no landscape, or a number is none.

    Example:
        For XOR, a ReLU network's Hessian has rank 8 of 9 at most:

        >>> from lossviz import Landscape
        >>> found = forced_zeros(Landscape("xor", "relu"), [1.0, 1, 1, 1, 0, -1, 1, -2, 0])
        >>> found.total, found.reasons[0]
        (1, '1 of 9 eigenvalues is zero because few samples fix a piecewise linear network.')
    """
    layers = hidden_layers(_points.checked_landscape(landscape))
    point = _points.one_point(landscape, "weights", weights).to("cpu", torch.float64)
    slack = _checks.real("tolerance", tolerance, minimum=0)
    if not all(layer.dense for layer in layers):
        raise ValueError("landscape must have Linear layers only; got convolutions or pooling.")
    exact = landscape.with_dtype(torch.float64)
    inputs, softmax = _inputs(exact), _softmax(exact)
    outputs = _outputs(layers, point, inputs)
    critical = float(exact.gradient(point).norm()) <= slack
    counts = _counted({
        "dependent_inputs": _unseen(layers[0], inputs, len(point)),
        "softmax_shift": _shift(layers[-1], len(point)) if softmax else [],
        "dead_units": _dead(layers, outputs, len(point)),
        "flat_units": _flat(layers[0], inputs, point),
        "rescaling": _scales(layers, outputs, point) if critical else [],
    }, len(point))  # fmt: skip
    free = layers[-1].outgoing.shape[1] - int(softmax)
    ranks = {"piecewise_linear": _rank_between_kinks(layers, inputs, outputs[0], free, len(point))}
    no_residual = float(_slopes(exact, point).abs().sum()) <= slack
    ranks["zero_residual"] = len(inputs) * free if no_residual else len(point)
    for name, rank in ranks.items():  # what a bound of the rank forces beyond what is counted
        counts[name] = max(0, len(point) - rank - sum(counts.values()))
    return ForcedZeros(**counts, num_weights=len(point))


# --- directions ---------------------------------------------------------------------------------


def _unseen(layer: HiddenLayer, inputs: Tensor, m: int) -> list[Tensor]:
    """Directions of a first-layer unit's weights that no sample sees, for each unit."""
    null = _null_space(inputs[:, : layer.incoming.shape[1]])
    return [_placed(null.mT, places, m) for places in layer.incoming] if null.numel() else []


def _shift(layer: HiddenLayer, m: int) -> list[Tensor]:
    """The same change of all outputs' weights from a unit, for each unit, and of the biases."""
    groups = [*layer.outgoing, *([layer.above] if len(layer.above) else [])]
    return [_placed(torch.ones(1, len(places)).double(), places, m) for places in groups]


def _dead(layers: Sequence[HiddenLayer], outputs: Sequence[Tensor], m: int) -> list[Tensor]:
    """Each weight of a unit that is 0 on all samples."""
    found = []
    for layer, values in zip(layers, outputs, strict=True):
        if layer.rectifies:
            for unit in torch.nonzero((values == 0).all(dim=0)).flatten().tolist():
                places = torch.cat([layer.incoming[unit], layer.outgoing[unit]])
                found.append(_placed(torch.eye(len(places)).double(), places, m))
    return found


def _flat(layer: HiddenLayer, inputs: Tensor, point: Tensor) -> list[Tensor]:
    """Directions of a first-layer unit's weights that only samples see on which it is constant."""
    if not _bends_nowhere(layer):
        return []
    seen = inputs[:, : layer.incoming.shape[1]]
    z = seen @ point[layer.incoming].mT
    here = layer.function(z)
    constant = (layer.function(z + _BESIDE) == here) & (layer.function(z - _BESIDE) == here)
    found = []
    for unit in torch.nonzero(constant.any(dim=0)).flatten().tolist():
        null = _null_space(seen[~constant[:, unit]])
        if null.numel():
            found.append(_placed(null.mT, layer.incoming[unit], len(point)))
    return found


def _scales(
    layers: Sequence[HiddenLayer], outputs: Sequence[Tensor], point: Tensor
) -> list[Tensor]:
    """For each active unit, the change of the weights when scale moves through it."""
    found = []
    for layer, values in zip(layers, outputs, strict=True):
        if layer.homogeneous:
            for unit in torch.nonzero((values != 0).any(dim=0)).flatten().tolist():
                direction = torch.zeros(1, len(point)).double()
                direction[0, layer.incoming[unit]] = point[layer.incoming[unit]]
                direction[0, layer.outgoing[unit]] = -point[layer.outgoing[unit]]
                found.append(direction)
    return found


def _placed(rows: Tensor, places: Tensor, m: int) -> Tensor:
    found = torch.zeros(len(rows), m, dtype=torch.float64)
    found[:, places] = rows
    return found


def _null_space(matrix: Tensor) -> Tensor:
    """Return orthonormal columns that a matrix, of any number of rows, maps to zero."""
    triangle = torch.linalg.qr(matrix, mode="r").R
    _, values, right = torch.linalg.svd(triangle)
    largest = float(values[0]) if len(values) else 0.0
    least = max(matrix.shape) * torch.finfo(torch.float64).eps * largest
    return right[int((values > least).sum()) :].mT


def _counted(groups: dict[str, list[Tensor]], m: int) -> dict[str, int]:
    """Return by how much each group, in turn, makes the span of all before it larger."""
    basis, counts = torch.zeros(m, 0, dtype=torch.float64), {}
    for name, rows in groups.items():
        counts[name] = 0
        if not rows:
            continue
        columns = torch.nn.functional.normalize(torch.cat(rows), dim=1).mT
        for _ in range(2):  # the second time for what rounding has left
            columns = columns - basis @ (basis.mT @ columns)
        left, values, _ = torch.linalg.svd(columns, full_matrices=False)
        counts[name] = int((values > 1e-8).sum())
        basis = torch.cat([basis, left[:, : counts[name]]], dim=1)
    return counts


def _rank_between_kinks(
    layers: Sequence[HiddenLayer], inputs: Tensor, outputs: Tensor, free: int, m: int
) -> int:
    """Return a bound of the Hessian's rank that a piecewise linear activation sets, or m."""
    if len(layers) > 1 or not _bends_nowhere(layers[0]):
        return m
    active = layers[0].units
    if layers[0].rectifies:
        active = int((outputs != 0).any(dim=0).sum())
    seen = int(torch.linalg.matrix_rank(inputs[:, : layers[0].incoming.shape[1]]))
    return len(inputs) * free + 2 * active * min(seen, free)


def _bends_nowhere(layer: HiddenLayer) -> bool:
    """Say whether the activation is piecewise linear: without curvature beside its kinks."""
    z = torch.linspace(-8, 8, 1001, dtype=torch.float64) + 1 / 3000
    bends = layer.function(z + _BESIDE) + layer.function(z - _BESIDE) - 2 * layer.function(z)
    return float(bends.abs().max()) < 1e-13


# --- what the landscape is made of --------------------------------------------------------------


def _inputs(landscape: Landscape | ModuleLandscape) -> Tensor:
    """Return what the first layer is given, with a 1 appended, (samples, inputs + 1)."""
    if isinstance(landscape, Landscape):
        return landscape._form.samples.mT.cpu()
    given = landscape._source.own(landscape._source.inputs)
    for part in leading_parts(landscape._source.module):
        given = part(given.clone())  # some write into their input
    if given.ndim != 2:
        raise ValueError(
            "landscape must give its first layer one row for each sample; got inputs of shape "
            f"{tuple(given.shape)} there."
        )
    given = given.detach().to("cpu", torch.float64)
    return torch.cat([given, torch.ones(len(given), 1, dtype=torch.float64)], dim=1)


def _outputs(layers: Sequence[HiddenLayer], point: Tensor, inputs: Tensor) -> list[Tensor]:
    """Return the outputs of each hidden layer, (samples, units)."""
    found, below = [], inputs
    for layer in layers:
        below = layer.function(below[:, : layer.incoming.shape[1]] @ point[layer.incoming].mT)
        found.append(below)
        below = torch.cat([below, torch.ones(len(below), 1, dtype=torch.float64)], dim=1)
    return found


def _softmax(landscape: BaseLandscape) -> bool:
    """Say whether the loss is known not to change when all outputs grow alike."""
    if isinstance(landscape, Landscape):
        return landscape.loss_name == "softmax_cross_entropy"
    source = landscape._source
    known = isinstance(source.loss_fn, nn.CrossEntropyLoss) or source.loss_fn in (
        cross_entropy, stable_softmax_cross_entropy,
    )  # fmt: skip
    parts = [part for part in source.module.modules() if not list(part.children())]
    return known and isinstance(parts[-1], nn.Linear)


def _slopes(landscape: Landscape | ModuleLandscape, point: Tensor) -> Tensor:
    """Return the loss's slopes by the outputs, or what they are made of, for all samples."""
    if isinstance(landscape, Landscape):
        form = landscape._form
        return form.loss_of.slope(form.run(point[None].to(landscape.device)).z2)
    source = landscape._source
    outputs = landscape.outputs(point).detach().requires_grad_()
    with torch.enable_grad():
        loss = source.own_loss()(outputs, source.own(source.targets))
        return torch.autograd.grad(loss, outputs)[0]
