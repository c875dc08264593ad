"""What each hidden unit does on a data set: dead, dormant, sparse, or always on."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from lossviz import _checks
from lossviz.activations.saturation import checked_outputs


@dataclass(frozen=True)
class UnitStates:
    """Hidden units on a data set; the last axis is the unit.

    Attributes:
        active_share: share of the samples on which a unit's output is not 0, in [0, 1].
        score: mean absolute output relative to the mean of the layer, at least 0 and 1 on
            average; 0 everywhere if the whole layer is silent.
        dead: whether the output is 0 on every sample.
        dormant: whether the score is at most the threshold; dead units are.
        always_on: whether the output is 0 on no sample: a ReLU that is nowhere bent.
    """

    active_share: Float[Tensor, "*points unit"]
    score: Float[Tensor, "*points unit"]
    dead: Bool[Tensor, "*points unit"]
    dormant: Bool[Tensor, "*points unit"]
    always_on: Bool[Tensor, "*points unit"]

    @property
    def sparsity(self) -> Float[Tensor, "*points"]:
        """Share of outputs that are exactly 0, over units and samples."""
        return 1 - self.active_share.mean(dim=-1)


def unit_states(
    outputs: Float[Tensor, "*points samples hidden"], threshold: float = 0.1
) -> UnitStates:
    r"""Say of each hidden unit what it does on a data set.

    A unit is *dead* on these samples if its output is 0 on all of them. The score of unit i is

    .. math:: s_i = \frac{\overline{|h_i|}}{\frac{1}{H} \sum_{k=1}^{H} \overline{|h_k|}}

    with means over the samples, for a layer of H units; a unit is *dormant* if
    :math:`s_i \le \tau` (Sokar et al. 2023, arXiv 2302.12902). Being dormant
    is relative to the layer, being dead is not. Neither says anything about other samples.

    Args:
        outputs: hidden outputs of a data set, shape (..., samples, hidden), finite.
        threshold: tau, at least 0.

    Returns:
        The states, each of shape (..., hidden).

    Raises:
        ValueError: if ``outputs`` has fewer than two axes, is empty or not finite, or if the
            threshold is below 0.
        TypeError: if the threshold is no number.

    Example:
        >>> found = unit_states([[0.0, 0.1, 2.0], [0.0, 0.0, 3.9]])
        >>> found.dead.tolist(), found.dormant.tolist(), found.always_on.tolist()
        ([True, False, False], [True, True, False], [False, False, True])
        >>> f"{float(found.sparsity):.2f}"
        '0.50'
    """
    values = checked_outputs(outputs)
    threshold = _checks.real("threshold", threshold, minimum=0)
    # Divided by the largest first: sums of tiny or huge outputs neither vanish nor overflow.
    largest = values.abs().amax(dim=(-2, -1), keepdim=True)
    size = (values / largest.where(largest > 0, 1)).abs().mean(dim=-2)
    layer = size.mean(dim=-1, keepdim=True)
    score = size / layer.where(layer > 0, 1)
    share = (values != 0).to(values.dtype).mean(dim=-2)
    return UnitStates(share, score, share == 0, score <= threshold, share == 1)
