"""Hessian eigenvalues that must be zero at a point, counted by why."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lossviz import _checks
from lossviz.geometry._flat import checked_landscape, one_point
from lossviz.geometry._null_directions import Flatness
from lossviz.landscape._dense_layers import hidden_layers, leading_parts
from lossviz.landscape.base import BaseLandscape
from lossviz.landscape.mlp import Landscape
from lossviz.landscape.module import ModuleLandscape
from lossviz.landscape.stable import stable_softmax_cross_entropy


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
    (permutations and signs) force none. Other causes, such as units that are alike, may add more.
    At a kink, the ReLU's second derivative counts as 0.

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
    layers = hidden_layers(checked_landscape(landscape))
    point = one_point("weights", weights, landscape).to("cpu", torch.float64)
    slack = _checks.real("tolerance", tolerance, minimum=0)
    if not all(layer.dense for layer in layers):
        raise ValueError("landscape must have Linear layers only; got convolutions or pooling.")
    exact = landscape.with_dtype(torch.float64)
    softmax = _softmax(exact)
    flatness = Flatness(layers, point, _inputs(exact), softmax)
    counts = flatness.counts(critical=float(exact.gradient(point).norm()) <= slack)
    free = layers[-1].outgoing.shape[1] - int(softmax)
    ranks = {"piecewise_linear": flatness.rank_between_kinks(free)}
    no_residual = float(_slopes(exact, point).abs().sum()) <= slack
    ranks["zero_residual"] = len(flatness.inputs) * free if no_residual else len(point)
    for name, rank in ranks.items():  # what a bound of the rank forces beyond what is counted
        counts[name] = max(0, len(point) - rank - sum(counts.values()))
    return ForcedZeros(**counts, num_weights=len(point))


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
