"""Directions to look along from a point: random, of largest curvature, of a path, to a model."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks, _streams
from lossviz.curvature.spectra import top_eigenvalues
from lossviz.geometry._flat import checked_landscape, one_direction, one_point
from lossviz.geometry.normalisation import NORMALISATIONS, normalise
from lossviz.landscape.base import BaseLandscape

# Singular values below this share of the largest are rounding.
_RANK = 1e-10


def random_directions(
    landscape: BaseLandscape,
    centre: Float[Tensor, "weight"],
    count: int = 2,
    seed: int = 0,
    *,
    by: str | None = None,
) -> Float[Tensor, "count weight"]:
    r"""Draw directions whose components are independent standard normal numbers.

    Direction i depends on the seed, i and the number of weights only, and is the same in both
    precisions. Two of them are nearly orthogonal: the cosine of their angle has mean 0 and
    standard deviation :math:`1/\sqrt{m}` for m weights; :func:`orthogonalise` makes it 0.

    Args:
        landscape: the landscape.
        centre: the point that they are for, shape (num_weights,), finite.
        count: how many, at least 1.
        seed: at least 0.
        by: how they are scaled to the centre: ``"filter"``, ``"layer"`` or ``"model"``, see
            :func:`normalise`; None leaves them as drawn, of norm about :math:`\sqrt{m}`.

    Returns:
        Directions, shape (count, num_weights), in the landscape's precision.

    Raises:
        ValueError: for a centre of another shape or not finite, an unknown name, or a number out
            of its range.
        TypeError: if ``landscape`` is no landscape, or ``count`` or ``seed`` is no integer.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("iris")
        >>> centre = landscape.initial(1, seed=0, start_range=1.0)[0]
        >>> a, b = random_directions(landscape, centre, 2, seed=0)
        >>> bool((a < 0).any() and (a > 0).any()), a.shape
        (True, torch.Size([35]))
    """
    landscape = checked_landscape(landscape)
    w = one_point("centre", centre, landscape)
    count = _checks.whole("count", count, 1)
    seed = _checks.whole("seed", seed, 0)
    drawn = _streams.normals(seed, range(count), landscape.num_weights)
    found = torch.from_numpy(drawn).to(landscape.device, landscape.dtype)
    if by is None:
        return found
    return normalise(landscape, w, found, _checks.one_of("by", by, NORMALISATIONS))


def eigenvector_directions(
    landscape: BaseLandscape,
    centre: Float[Tensor, "weight"],
    count: int = 2,
    which: str = "largest",
    *,
    tolerance: float = 1e-4,
    max_iterations: int = 300,
    seed: int = 0,
) -> Float[Tensor, "count weight"]:
    """Return unit eigenvectors of the Hessian: the directions of largest or smallest curvature.

    They are found by :func:`top_eigenvalues` and orthogonal. Of v and -v, that is taken whose
    largest component is positive.

    Args:
        landscape: the landscape.
        centre: the point of the Hessian, shape (num_weights,), finite.
        count: how many, 1 <= count <= num_weights.
        which: ``"largest"`` or ``"smallest"`` eigenvalues by value, or ``"magnitude"``: the
            largest by absolute value. The most extreme comes first.
        tolerance: relative tolerance of the eigenvalues' residuals, 0 <= tolerance < 1.
        max_iterations: greatest number of products with the Hessian.
        seed: seed of Lanczos' start, at least 0.

    Returns:
        Directions, shape (count, num_weights), in the landscape's precision.

    Raises:
        ValueError: for bad input as :func:`top_eigenvalues` has it, or if the method has not
            converged or the Hessian is not finite.
        TypeError: if ``landscape`` is no landscape, or a number is none.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("iris")
        >>> centre = landscape.initial(1, seed=0, start_range=1.0)[0]
        >>> v = eigenvector_directions(landscape, centre, 1)[0]
        >>> exact = torch.linalg.eigvalsh(landscape.hessian(centre))[-1]
        >>> bool(abs(v @ landscape.hessian(centre) @ v - exact) < 1e-6)
        True
    """
    landscape = checked_landscape(landscape)
    w = one_point("centre", centre, landscape)
    _checks.whole("count", count, 1)
    which = _checks.one_of("which", which, ("largest", "smallest", "magnitude"))
    if count > landscape.num_weights:
        raise ValueError(f"count must be at most {landscape.num_weights}; got {count}.")
    top = top_eigenvalues(
        landscape, w, count, which, tolerance, max_iterations, seed, return_vectors=True
    )
    if not bool(top.converged.all()):
        raise ValueError(
            f"eigenvector_directions needs more than max_iterations = {max_iterations}, or a "
            f"greater tolerance than {tolerance:g}; got {int(top.converged.sum())} of {count} "
            "eigenvalues within it."
        )
    by_size = top.eigenvalues.abs() if which == "magnitude" else top.eigenvalues
    order = torch.argsort(by_size, descending=which != "smallest")
    return _signed(top.vectors[order]).to(landscape.device, landscape.dtype)


def principal_directions(
    points: Float[Tensor, "*points weight"], count: int = 2
) -> Float[Tensor, "count weight"]:
    r"""Return the principal components of points, such as those of a trajectory.

    Unit vectors :math:`v_1, v_2, \dots`, orthogonal, such that the points' variance along each
    is the largest that is left; the points' mean is taken off. A long random walk in many
    dimensions has 60.8 % of its variance along the first and 15.2 % along the second
    (Antognini and Sohl-Dickstein 2018), so a large share says little about the loss.

    Args:
        points: at least count + 1 points, shape (..., num_weights), finite; leading axes are
            taken as one.
        count: how many, at least 1 and at most the number of independent directions that the
            points span.

    Returns:
        Directions, shape (count, num_weights), float64. Of v and -v, that is taken whose
        largest component is positive.

    Raises:
        ValueError: for another shape, numbers that are not finite, or too large a count.
        TypeError: if ``points`` are no real numbers or ``count`` is no integer.

    Example:
        >>> principal_directions([[0.0, 0, 0], [1, 1, 0], [2, 2, 0]], count=1)
        tensor([[0.7071, 0.7071, 0.0000]], dtype=torch.float64)
    """
    values = _checks.tensor("points", points, torch.float64).detach()
    if values.ndim < 2 or values.numel() == 0:
        raise ValueError(
            f"points must have shape (..., points, weights), not empty; got {tuple(values.shape)}."
        )
    _checks.all_finite("points", values)
    count = _checks.whole("count", count, 1)
    rows = values.flatten(0, -2)
    _, sizes, found = torch.linalg.svd(rows - rows.mean(dim=0), full_matrices=False)
    rank = int((sizes > _RANK * max(float(sizes[0]), np.finfo(float).tiny)).sum())
    if count > rank:
        raise ValueError(
            f"count must be at most {rank}, the number of independent directions of these points; "
            f"got {count}."
        )
    return _signed(found[:count])


def difference(
    landscape: BaseLandscape,
    start: Float[Tensor, "weight"],
    end: Float[Tensor, "weight"],
) -> Float[Tensor, "weight"]:
    r"""Return the direction from one model to another, :math:`w_1 - w_0`, not normalised.

    Along it from the start, alpha = 0 is the one model and alpha = 1 the other (Goodfellow et
    al. 2015).

    Args:
        landscape: the landscape of both.
        start: weights :math:`w_0`, shape (num_weights,), finite.
        end: weights :math:`w_1`, shape (num_weights,), finite and not those of the start.

    Returns:
        The direction, shape (num_weights,), in the landscape's precision.

    Raises:
        ValueError: for another shape, numbers that are not finite, or the same weights twice.
        TypeError: if ``landscape`` is no landscape.

    Example:
        >>> from lossviz import Landscape
        >>> difference(Landscape("xor"), [0.0] * 9, [1.0] * 9)[:3]
        tensor([1., 1., 1.], dtype=torch.float64)
    """
    landscape = checked_landscape(landscape)
    first, last = one_point("start", start, landscape), one_point("end", end, landscape)
    return one_direction("end minus start", last - first, landscape)


def _signed(vectors: Tensor) -> Tensor:
    """Choose between v and -v, so that it does not hang on rounding."""
    largest = vectors.gather(-1, vectors.abs().argmax(dim=-1, keepdim=True))
    return vectors * torch.where(largest < 0, -1.0, 1.0).to(vectors)
