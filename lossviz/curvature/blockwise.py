r"""Curvature classes from one Hessian block per weight matrix and per bias vector.

This is the definition in the public code behind Bosman, Engelbrecht and Helbig (2023): each
parameter tensor's own second derivatives, in float32, and an eigenvalue is zero only when it is
exactly 0.0. What the
blocks leave out, the curvature between layers, is what makes most points saddles; what they leave
in is rounding: an eigenvalue that is 0 in exact arithmetic comes out as a small number of either
sign, and counts with that sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossviz.curvature._inputs import in_precision
from lossviz.curvature._signs import EIGENVALUES, NONE
from lossviz.curvature.inertia import (
    CONCAVE,
    CONVEX,
    SADDLE,
    SINGULAR,
    UNDETERMINED,
    Curvature,
    check_rtol,
)
from lossviz.landscape.base import BaseLandscape


@dataclass(frozen=True)
class BlockwiseCurvature(Curvature):
    """Curvature classes and inertia of a batch of points, by the blocks of their Hessians.

    Attributes:
        classes: int8, shape (...): positions in :data:`CURVATURE_CLASSES`.
        positive: number of positive eigenvalues of all blocks together, shape (...).
        negative: number of negative eigenvalues of all blocks together, shape (...).
        zero: number of eigenvalues that count as zero, shape (...).
        proof: int8, shape (...): positions in :data:`INERTIA_PROOFS`: the eigenvalues.
        eigenvalues: float64, shape (..., num_weights): block after block, ascending in each.
        rtol: an eigenvalue counts as zero up to ``rtol`` times the largest of its block.
        positive_by_block: number of positive eigenvalues of each block, shape (..., block).
        negative_by_block: number of negative eigenvalues of each block, shape (..., block).
        zero_by_block: number of zero eigenvalues of each block, shape (..., block).

    Blocks have the order of the landscape's ``blocks``. Where the class is "undetermined" all
    counts are 0 and the eigenvalues NaN.
    """

    positive_by_block: Int[Tensor, "*points block"]
    negative_by_block: Int[Tensor, "*points block"]
    zero_by_block: Int[Tensor, "*points block"]


def blockwise_curvature(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*points weight"],
    precision: str = "float32",
    rtol: float = 0.0,
) -> BlockwiseCurvature:
    r"""Classify points by the eigenvalues of the diagonal blocks of their Hessians.

    With one block :math:`H_b` per weight matrix and per bias vector, an eigenvalue is zero when
    :math:`|\lambda| \le \mathrm{rtol} \cdot \max |\lambda(H_b)|`; with the default, when it is
    exactly 0.0. The classes follow from the eigenvalues of all blocks together, in this order:

    - *singular* if any eigenvalue is zero,
    - *saddle* if both signs occur,
    - *convex* if all are positive,
    - *concave* if all are negative;
    - *undetermined* if an entry of a block is not finite, or the largest entry of all blocks is
      below tiny/eps of the precision (1e-31 in float32), where no digits are left. One block
      that is smaller, or all 0, does not make a point undetermined: the blocks of a layer whose
      units are dead are exactly 0, and so are their eigenvalues.

    The definition is that of the public code behind Bosman, Engelbrecht and Helbig (2023). Its
    eigensolver is another one and rounds differently, so points whose class hangs on rounding
    may get another class there. With cross-entropy the blocks of a ReLU network are positive
    semi-definite, so its saddles are rounding: in float64 with an ``rtol`` of 1e-12 none remains.

    Args:
        landscape: the landscape; it is evaluated in ``precision``, whatever its own is.
        weights: points, shape (..., num_weights), finite.
        precision: ``"float32"`` or ``"float64"``.
        rtol: relative tolerance, 0 <= rtol < 1.

    Returns:
        Classes, inertia (of all blocks and of each) and eigenvalues. They do not depend on which
        other points are asked for.

    Raises:
        ValueError: for an unknown precision, weights of another shape or not finite, or ``rtol``
            out of range.
        TypeError: if ``landscape`` is no landscape.

    Example:
        At the origin tanh units are linear and the outgoing weights 0: only biases and outgoing
        weights curve the loss, and only the output's bias does so at all.

        >>> import torch
        >>> from lossviz import Landscape
        >>> curvature = blockwise_curvature(Landscape("xor", "tanh"), torch.zeros(9))
        >>> curvature.names, curvature.zero_by_block.tolist()
        ('singular', [4, 2, 2, 0])
    """
    evaluated = in_precision(landscape, precision)
    rtol = check_rtol(rtol)
    points = evaluated._points(weights)
    flat = points.reshape(-1, evaluated.num_weights)
    parts = [classify_blocks(blocks, rtol) for blocks in _blocks_in_groups(evaluated, flat)]
    shape = points.shape[:-1]

    def joined(name: str) -> Tensor:
        whole = torch.cat([getattr(part, name) for part in parts])[: len(flat)]
        return whole.reshape((*shape, *whole.shape[1:]))

    names = [name for name in BlockwiseCurvature.__dataclass_fields__ if name != "rtol"]
    return BlockwiseCurvature(rtol=rtol, **{name: joined(name) for name in names})


def classify_blocks(
    blocks: Sequence[Float[Tensor, "points size size"]], rtol: float = 0.0
) -> BlockwiseCurvature:
    """Do :func:`blockwise_curvature`'s work on blocks that are already known.

    Each matrix is worked on by itself, so results do not depend on which others are with it.

    Args:
        blocks: for each weight matrix and bias vector, symmetric matrices, float32 or float64,
            shape (points, size, size).
        rtol: relative tolerance, 0 <= rtol < 1.

    Returns:
        The same as :func:`blockwise_curvature`, for one axis of points.
    """
    arrays = [block.detach().cpu().numpy() for block in blocks]
    limits = np.finfo(arrays[0].dtype)
    largest = np.max([np.abs(array).max(axis=(1, 2)) for array in arrays], axis=0)
    known = np.isfinite(largest) & (largest >= limits.tiny / limits.eps)  # NaN is not
    eigenvalues, signs = zip(*(_eigenvalues(array, known, rtol) for array in arrays), strict=True)
    counts = [
        np.stack([(sign == code).sum(axis=1) for sign in signs], axis=1) for code in (1, -1, 0)
    ]
    positive, negative, zero = (torch.from_numpy(count * known[:, None]) for count in counts)
    totals = [count.sum(dim=1) for count in (positive, negative, zero)]
    return BlockwiseCurvature(
        _classes(*totals, torch.from_numpy(known)),
        *totals,
        torch.from_numpy(np.where(known, EIGENVALUES, NONE).astype(np.int8)),
        torch.from_numpy(np.concatenate(eigenvalues, axis=1)),
        rtol,
        positive,
        negative,
        zero,
    )


def _classes(positive: Tensor, negative: Tensor, zero: Tensor, known: Tensor) -> Tensor:
    classes = torch.full(zero.shape, CONCAVE, dtype=torch.int8)
    classes[(positive > 0) & (negative == 0)] = CONVEX
    classes[(positive > 0) & (negative > 0)] = SADDLE
    classes[zero > 0] = SINGULAR
    classes[~known] = UNDETERMINED
    return classes


def _eigenvalues(
    matrices: np.ndarray, known: np.ndarray, rtol: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues, float64, and their signs, both of shape (points, size).

    Small matrices are multiplied by a power of two, which changes no digit: the eigensolver then
    meets no subnormal products, and signs are taken before the eigenvalues are scaled back, where
    they may underflow. numpy's solver is taken because torch's was seen not to converge on
    float32 matrices with subnormal entries.
    """
    matrices = np.where(known[:, None, None], matrices, 0)
    _, exponent = np.frexp(np.abs(matrices).max(axis=(1, 2)))
    shift = np.maximum(-exponent, 0)[:, None]
    values = np.linalg.eigvalsh(np.ldexp(matrices, shift[..., None])).astype(np.float64)
    size = np.abs(values)
    signs = np.sign(values) * (size > rtol * size.max(axis=1, keepdims=True))
    values = np.ldexp(values, -shift)
    values[~known] = np.nan
    return values, signs


def _blocks_in_groups(
    landscape: BaseLandscape, points: Float[Tensor, "points weight"]
) -> Iterator[tuple[Tensor, ...]]:
    """Yield the blocks of groups of points; the last group is filled up with its last point.

    Groups have one fixed size: a matrix product's rounding depends on its size, and here a sign
    may hang on the rounding.
    """
    size = landscape._group_size
    if len(points) == 0:
        yield landscape.hessian_blocks(points)
    for group in points.split(size):
        if len(group):
            filling = group[-1:].expand(size - len(group), -1)
            yield landscape.hessian_blocks(torch.cat([group, filling]))
