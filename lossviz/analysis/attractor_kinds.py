"""What kind of attractor walks have found: a point, a plateau, or an infimum at infinity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from lossviz import _checks
from lossviz.analysis import _critical
from lossviz.analysis._critical import Place
from lossviz.curvature.inertia import check_rtol
from lossviz.landscape.base import BaseLandscape

#: Kinds of attractor.
ATTRACTOR_KINDS = ("point", "plateau", "infimum", "undetermined")

#: The gradient counts as gone below this, and the way there is followed for six decades.
_GONE = 1e-12
_DECADES = 1e6

#: How far a flat direction is followed, relative to 1 + the weights' norm.
_AWAY = 0.05

#: An output this near to 0 or 1 adds no more to the gradient than where that counts as gone.
_SATURATED = 1e-9

#: A place where the weights converge is approached again from these shares of its weights.
_PULLS = (0.8, 0.65, 0.5, 0.35)


@dataclass(frozen=True)
class AttractorKind:
    """The kind of an attractor, and what it was judged by.

    Attributes:
        kind: ``"point"``, ``"plateau"``, ``"infimum"`` or ``"undetermined"``.
        weights: where the search ended, shape (num_weights,).
        loss: the loss there.
        gradient_norm: the gradient norm there, along the kinks if there are any.
        growth: how much the norm of the weights grew while the gradient fell by the last six
            decades.
        kinks: number of kinks that the way followed.
        positive: number of positive Hessian eigenvalues there, along the kinks.
        negative: number of negative ones.
        zero: number that count as zero.
    """

    kind: str
    weights: Float[np.ndarray, "weight"]
    loss: float
    gradient_norm: float
    growth: float
    kinks: int
    positive: int
    negative: int
    zero: int


def attractor_kind(
    landscape: BaseLandscape,
    weights: Float[np.ndarray, "*starts weight"],
    *,
    separation: float = 0.03,
    rtol: float = 1e-8,
) -> AttractorKind:
    r"""Tell what kind of attractor lies near a sampled point.

    From the point, the norm of the gradient is reduced by damped Newton steps (Levenberg and
    Marquardt), which go to saddles and minima alike; at the kinks of a ReLU the way follows the
    kink. The gradient is followed down by six decades or more, to 1e-12. Then:

    - *infimum*: the norm of the weights keeps growing as the gradient falls, in the last three
      decades at least half as far as in the three before, and the loss does not rise: the level
      is approached as weights grow without bound, and not attained on this way;
    - *point*: the weights converge, and no Hessian eigenvalue is zero, so that the critical
      point is isolated;
    - *plateau*: the weights converge, the Hessian has zero eigenvalues, and moving along one of
      these directions leads to another critical point of the same loss;
    - *undetermined*: anything else. The gradient does not vanish; the loss leaves the level; a
      kink is followed from which the loss falls to one side; the numbers do not decide.

    Far out, outputs are so near to 0 or 1 that their samples' gradients are round-off, and the
    weights seem to converge. So weights that converge are pulled towards the origin and followed
    again. If an output is saturated and this way runs off to the same loss, the kind is
    *infimum*; if only one of both holds, it is *undetermined*.

    Evidence from finitely many steps in float64 is no proof. A step costs the eigenvalues of
    one Hessian: landscapes of up to some hundred weights.

    Args:
        landscape: the landscape that was sampled.
        weights: points near the attractor, shape (num_weights,) or (..., num_weights), finite;
            they are tried in turn until one decides.
        separation: largest change of the loss on the way, above 0.
        rtol: relative tolerance of a zero eigenvalue, 0 <= rtol < 1.

    Returns:
        The kind and its evidence.

    Raises:
        ValueError: for another shape, non-finite weights, or a number out of its range.
        TypeError: if ``landscape`` is no landscape.

    Example:
        With all weights 0 the gradient of XOR vanishes, and the hidden biases can move:

        >>> from lossviz import Landscape
        >>> attractor_kind(Landscape("xor", "tanh"), np.zeros(9)).kind
        'plateau'
    """
    if not isinstance(landscape, BaseLandscape):
        raise TypeError(f"landscape must be a Landscape; got {type(landscape).__name__}.")
    points = landscape._points(weights).to(torch.float64).cpu().numpy()
    starts = points.reshape(-1, landscape.num_weights)
    if not len(starts):
        raise ValueError(f"weights must have one point or more; got shape {points.shape}.")
    limit = _checks.real("separation", separation, above=0)
    rtol = check_rtol(rtol)
    exact = landscape.with_dtype(torch.float64)
    found = [_judge(exact, starts[0], limit, rtol)]
    for weights_ in starts[1:]:
        if found[0].kind != "undetermined":
            break
        found.insert(0, _judge(exact, weights_, limit, rtol))
    return found[0]


def _judge(
    landscape: BaseLandscape, weights: np.ndarray, separation: float, rtol: float
) -> AttractorKind:
    first = _critical.start(landscape, weights)
    way = _critical.follow(landscape, first, min(_GONE, first.slope / _DECADES))
    last = way[-1]
    values, vectors = _critical.free_eigen(landscape, last)
    zero = np.abs(values) <= rtol * np.abs(values).max()
    near, far = _travelled(way)
    kind = "undetermined"
    if _vanishes(way) and abs(last.loss - first.loss) <= separation and _held(landscape, last):
        if _runs_off(way):
            kind = "infimum"
        elif far <= max(0.5 * near, 1e-3 * (1 + np.linalg.norm(last.weights))):
            kind = _kind_at(landscape, last, vectors[:, zero])
    up, down = int((values[~zero] > 0).sum()), int((values[~zero] < 0).sum())
    growth = np.linalg.norm(last.weights) - np.linalg.norm(_stages(way)[0].weights)
    return AttractorKind(
        kind, last.weights, last.loss, last.slope, float(growth), last.normals.shape[1],
        up, down, int(zero.sum()),
    )  # fmt: skip


def _kind_at(landscape: BaseLandscape, place: Place, flat: np.ndarray) -> str:
    """Return the kind of a place where the weights converge; ``flat`` spans the null space."""
    saturated, leaving = _saturated(landscape, place), _on_a_way_out(landscape, place)
    if saturated and leaving:
        return "infimum"
    if saturated or leaving:
        return "undetermined"
    if not flat.shape[1]:
        return "point"
    return "plateau" if _is_flat(landscape, place, flat) else "undetermined"


def _saturated(landscape: BaseLandscape, place: Place) -> bool:
    """Say whether an output is so near to 0 or 1 that its sample's gradient is round-off.

    Outputs outside [0, 1], as a module may have them, cannot be judged.
    """
    outputs = landscape.outputs(torch.from_numpy(place.weights))
    inside = bool(((outputs >= 0) & (outputs <= 1)).all())
    return inside and bool((torch.minimum(outputs, 1 - outputs) < _SATURATED).any())


def _vanishes(way: list[Place]) -> bool:
    return way[-1].slope <= _GONE


def _stages(way: list[Place]) -> tuple[Place, Place, Place]:
    """Return where the gradient is at most 10^6 and 10^3 times its last value, and the end."""
    slopes = np.array([place.slope for place in way])
    first, middle = (int((slopes <= max(slopes[-1], 1e-300) * factor).argmax())
                     for factor in (_DECADES, _DECADES**0.5))  # fmt: skip
    return way[first], way[middle], way[-1]


def _travelled(way: list[Place]) -> tuple[float, float]:
    """Return how far the weights moved in the first and in the second three decades."""
    a, b, c = (place.weights for place in _stages(way))
    return float(np.linalg.norm(b - a)), float(np.linalg.norm(c - b))


def _runs_off(way: list[Place]) -> bool:
    """Say whether weights grow without slowing down, while the loss does not rise."""
    near, far = _travelled(way)
    places = _stages(way)
    growth = np.diff([np.linalg.norm(place.weights) for place in places])
    falls = places[-1].loss <= places[0].loss + 1e-12
    return bool(falls and growth.min() > 0.1 and far > 0.5 * near)


def _held(landscape: BaseLandscape, place: Place) -> bool:
    """Say whether the loss does not fall away from the kinks that the way followed.

    Along each normal, the derivatives on both sides must not have one sign, or both vanish.
    """
    size = 1e-6 * (1 + np.linalg.norm(place.weights))
    for normal in place.normals.T:
        sides = np.stack([place.weights - size * normal, place.weights + size * normal])
        below, above = landscape.gradient(torch.from_numpy(sides)).cpu().numpy() @ normal
        if min(abs(below), abs(above)) > 1e-6 and below * above > 0:
            return False
    return True


def _is_flat(landscape: BaseLandscape, place: Place, directions: np.ndarray) -> bool:
    """Say whether there are critical points of the same loss nearby, away from this one."""
    away = _AWAY * (1 + np.linalg.norm(place.weights))
    for direction in _combinations(directions):
        moved = place.weights + away * direction
        loss, gradient = landscape.loss_and_gradient(torch.from_numpy(moved))
        beside = Place(moved, float(loss), gradient.cpu().numpy(), place.free, place.normals)
        end = _critical.follow(landscape, beside, _GONE)[-1]
        same = abs(end.loss - place.loss) <= 1e-9
        distance = np.linalg.norm(end.weights - place.weights)
        if end.slope <= _GONE and same and 0.25 * away <= distance <= 4 * away:
            return True
    return False


def _on_a_way_out(landscape: BaseLandscape, place: Place) -> bool:
    """Say whether a place is only so far on a way to infinity that the gradient is round-off.

    From a point nearer to the origin, where saturated outputs still have a gradient, the way
    then leads to the same loss and runs off.
    """
    for share in _PULLS:
        inner = _critical.start(landscape, share * place.weights)
        way = _critical.follow(landscape, inner, min(_GONE, inner.slope / _DECADES))
        same = abs(way[-1].loss - place.loss) <= 1e-6
        if same and _vanishes(way) and _runs_off(way):
            return True
    return False


def _combinations(directions: np.ndarray) -> Iterator[np.ndarray]:
    """Yield a few unit vectors of the space that the columns span."""
    rng = np.random.default_rng(0)
    for _ in range(6):
        vector = directions @ rng.normal(size=directions.shape[1])
        yield vector / np.linalg.norm(vector)
