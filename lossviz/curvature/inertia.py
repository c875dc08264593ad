r"""Curvature classes from the inertia of the whole Hessian.

The inertia of a symmetric matrix is how many of its eigenvalues are positive, negative and zero.
In floating point, "zero" needs a tolerance: here \|lambda\| <= rtol * max \|lambda\|.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossviz import _checks
from lossviz.curvature._classes import (
    CONCAVE,
    CONVEX,
    CURVATURE_CLASSES,
    SADDLE,
    SINGULAR,
    UNDETERMINED,
)
from lossviz.curvature._signs import (
    STRUCTURE,
    Signs,
    count_signs,
    signs_by_eigenvalues,
    signs_by_proof,
)


@dataclass(frozen=True)
class Curvature:
    """Curvature classes and inertia of a batch of Hessians.

    Attributes:
        classes: int8, shape (...): positions in :data:`CURVATURE_CLASSES`.
        positive: number of positive eigenvalues, shape (...).
        negative: number of negative eigenvalues, shape (...).
        zero: number of eigenvalues that count as zero, shape (...).
        proof: int8, shape (...): what the class rests on, positions in
            :data:`INERTIA_PROOFS`.
        eigenvalues: ascending, float64, shape (..., num_weights); None where not asked for.
        rtol: the tolerance below which an eigenvalue counts as zero.

    Where the class is "undetermined" all three counts are 0 and the eigenvalues NaN.
    """

    classes: Int[Tensor, "*points"]
    positive: Int[Tensor, "*points"]
    negative: Int[Tensor, "*points"]
    zero: Int[Tensor, "*points"]
    proof: Int[Tensor, "*points"]
    eigenvalues: Float[Tensor, "*points weight"] | None
    rtol: float

    @property
    def names(self) -> list:
        """The classes by name, nested as the points are."""
        return _named(self.classes.tolist())


def _named(codes: int | list) -> str | list:
    return [_named(code) for code in codes] if isinstance(codes, list) else CURVATURE_CLASSES[codes]


def classify_curvature(
    hessians: Float[Tensor, "*points weight weight"],
    rtol: float = 1e-8,
    *,
    eigenvalues: bool = False,
    null_basis: Float[Tensor, "weight null"] | None = None,
) -> Curvature:
    r"""Classify points by the signs of the eigenvalues of their whole Hessians, in float64.

    An eigenvalue is zero when :math:`|\lambda| \le \mathrm{rtol} \cdot \max |\lambda|`.
    The classes, in this order:

    - *singular* if any eigenvalue is zero,
    - *saddle* if both signs occur,
    - *convex* if all are positive,
    - *concave* if all are negative;
    - *undetermined* if an entry is not finite or max \|H_ij\| is below tiny/eps of float64
      (1e-292), where arithmetic on subnormal numbers has no relative precision left.

    The signs are found without the eigenvalues: by Sylvester's law of inertia, the pivots of
    H - r I and H + r I count the eigenvalues above r and below -r. The counts are taken at two
    values of r, from a lower and an upper bound of max \|lambda\|; where these disagree, and for
    tolerances below 1e-12, the eigenvalues are computed. ``proof`` says what decided.

    This is the definition by the full Hessian. It differs from classifying one block per layer.

    Args:
        hessians: symmetric matrices, shape (..., num_weights, num_weights).
        rtol: relative tolerance, 0 <= rtol < 1. The share of singular points depends on it
            where weights are large: state it with any result.
        eigenvalues: whether to return the eigenvalues too.
        null_basis: directions to project out, in orthonormal columns, shape (num_weights, null),
            such as the landscape's ``null_basis``: the class, the counts and the eigenvalues
            are then those of the Hessian restricted to all other directions.

    Returns:
        Classes, inertia, proofs, and eigenvalues if asked for.

    Raises:
        ValueError: if the matrices are not square, not symmetric or empty, the directions are not
            orthonormal or leave nothing, or ``rtol`` is out of range.

    Example:
        >>> import torch
        >>> curvature = classify_curvature(torch.diag_embed(torch.tensor([[1.0, 2.0], [1, -1]])))
        >>> curvature.names
        ['convex', 'saddle']
        >>> int(curvature.negative[1])
        1
        >>> classify_curvature([[1.0, 0.0], [0.0, -3.0]], eigenvalues=True).eigenvalues
        tensor([-3.,  1.], dtype=torch.float64)
    """
    _checks.switch("eigenvalues", eigenvalues)
    matrices = _symmetric(hessians).cpu()
    if null_basis is not None:
        kept = _complement(null_basis, matrices.shape[-1])
        matrices = kept.T @ matrices @ kept
        matrices = (matrices + matrices.mT) / 2
    size = matrices.shape[-1]
    place = torch.arange(size * size).view(size, size)
    flat = matrices.reshape(-1, size * size)
    curvature = classify_entries(flat, place, check_rtol(rtol), eigenvalues=eigenvalues)
    return joined([curvature], matrices.shape[:-2])


def classify_entries(
    entries: Float[Tensor, "points entries"],
    place: Int[Tensor, "row row"],
    rtol: float,
    *,
    eigenvalues: bool = False,
    zeros: int = 0,
) -> Curvature:
    """Do :func:`classify_curvature`'s work on float64 matrices given by their distinct entries.

    Args:
        entries: distinct entries of each matrix.
        place: position of the entry of each cell; the matrix is symmetric.
        rtol: relative tolerance.
        eigenvalues: whether to return the eigenvalues too.
        zeros: number of further eigenvalues that are known to be exactly zero.
    """
    find = signs_by_eigenvalues if eigenvalues else signs_by_proof
    if len(entries) == 0:
        signs = count_signs(np.empty((0, len(place))), rtol)
    else:
        signs = find(np.ascontiguousarray(entries.numpy()), place.numpy(), rtol)
    return _from_signs(signs, len(place), zeros, rtol)


def classify_eigenvalues(
    eigenvalues: Float[Tensor, "*points weight"], rtol: float = 1e-8
) -> Curvature:
    """Classify points by eigenvalues that are already known; NaN means undetermined.

    Args:
        eigenvalues: shape (..., num_weights), ascending.
        rtol: relative tolerance, 0 <= rtol < 1.

    Returns:
        The same as :func:`classify_curvature`.

    Raises:
        ValueError: if ``rtol`` is out of range or there are no eigenvalues.

    Example:
        >>> classify_eigenvalues([[-1.0, 0.0, 3.0]], rtol=1e-8).names
        ['singular']
    """
    rtol = check_rtol(rtol)
    values = _checks.shape_ends(
        "eigenvalues", _checks.tensor("eigenvalues", eigenvalues, torch.float64), None
    )
    values = values.detach().cpu()
    signs = count_signs(values.reshape(-1, values.shape[-1]).numpy(), rtol)
    return joined([_from_signs(signs, values.shape[-1], 0, rtol)], values.shape[:-1])


def singular_by_structure(shape: tuple[int, ...], rtol: float) -> Curvature:
    """Return the curvature of points that have eigenvalues known to be zero, without the counts."""
    classes = torch.full(shape, SINGULAR, dtype=torch.int8)
    counts = [torch.full(shape, -1, dtype=torch.int32) for _ in range(3)]
    proof = torch.full(shape, STRUCTURE, dtype=torch.int8)
    return Curvature(classes, *counts, proof, None, rtol)


def _from_signs(signs: Signs, size: int, zeros: int, rtol: float) -> Curvature:
    """Return classes and inertia of matrices with ``zeros`` more eigenvalues that are zero."""
    positive, negative = torch.from_numpy(signs.positive), torch.from_numpy(signs.negative)
    proof = torch.from_numpy(signs.proof)
    zero = size + zeros - positive - negative
    classes = torch.full(zero.shape, CONCAVE, dtype=torch.int8)
    classes[(positive > 0) & (negative == 0)] = CONVEX
    classes[(positive > 0) & (negative > 0)] = SADDLE
    classes[zero > 0] = SINGULAR
    unknown = positive < 0
    classes[unknown] = UNDETERMINED
    for counts in (positive, negative, zero):
        counts[unknown] = 0
    values = signs.eigenvalues
    if values is not None:
        values = torch.from_numpy(values)
        padding = torch.where(unknown, torch.nan, 0.0).unsqueeze(1).expand(-1, zeros)
        values = torch.cat([values, padding], dim=1).sort(dim=1).values if zeros else values
    return Curvature(classes, positive, negative, zero, proof, values, rtol)


def joined(parts: Sequence[Curvature], shape: tuple[int, ...]) -> Curvature:
    """Join chunks of points and give the points their leading axes back."""
    values = None
    if parts[0].eigenvalues is not None:
        values = torch.cat([part.eigenvalues for part in parts])
        values = values.reshape(*shape, values.shape[-1])
    return Curvature(
        *(
            torch.cat([getattr(part, name) for part in parts]).reshape(shape)
            for name in ("classes", "positive", "negative", "zero", "proof")
        ),
        eigenvalues=values,
        rtol=parts[0].rtol,
    )


def check_rtol(rtol: float) -> float:
    """Return the tolerance as a float if 0 <= rtol < 1; raise ValueError otherwise."""
    value = _checks.real("rtol", rtol, minimum=0)
    if value >= 1:
        raise ValueError(f"rtol must be below 1; got {value}.")
    return value


def _complement(null_basis: Tensor, size: int) -> Tensor:
    """Return an orthonormal basis of what is orthogonal to the columns of another one."""
    given = _checks.tensor("null_basis", null_basis).detach().cpu()
    basis = given.to(torch.float64)
    if basis.ndim != 2 or basis.shape[0] != size or basis.shape[1] >= size:
        raise ValueError(
            f"null_basis must have shape ({size}, fewer than {size}); got {tuple(basis.shape)}."
        )
    _checks.all_finite("null_basis", basis)
    error = float((basis.T @ basis - torch.eye(basis.shape[1])).abs().max()) if basis.numel() else 0
    if error > torch.finfo(given.dtype).eps ** 0.5:  # what is left is mended by qr
        raise ValueError(
            "null_basis must have orthonormal columns; got scalar products that are off by up to "
            f"{error:.2g}."
        )
    return torch.linalg.qr(basis, mode="complete").Q[:, basis.shape[1] :]


def _symmetric(hessians: Tensor) -> Tensor:
    matrices = _checks.tensor("hessians", hessians, torch.float64).detach()
    _checks.shape_ends("hessians", matrices, None, None)
    if matrices.shape[-1] != matrices.shape[-2]:
        raise ValueError(f"hessians must be square; got shape {tuple(matrices.shape)}.")
    if torch.equal(matrices, matrices.mT):
        return matrices
    skew = (matrices - matrices.mT).abs().nan_to_num(0, posinf=0)
    scale = matrices.abs().nan_to_num(0, posinf=0).amax(dim=(-2, -1), keepdim=True)
    # 1e-3 forgives Hessians made by finite differences and catches what is not one.
    if bool((skew > 1e-3 * scale).any()):
        raise ValueError(
            "hessians must be symmetric; got matrices that differ from their transpose by up to "
            f"{float(skew.max()):.3g}."
        )
    return matrices
