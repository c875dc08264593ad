r"""Stochastic Lanczos quadrature: weighted sums over nodes instead of over all eigenvalues.

For a unit vector v, Lanczos' method from v gives a tridiagonal T whose eigenvalues
:math:`\theta_i` and squared first components of eigenvectors :math:`\tau_i` are the nodes and
weights of a Gauss rule: :math:`v^T f(H) v \approx \sum_i \tau_i f(\theta_i)`, exact for
polynomials of degree below twice the number of steps (Golub and Welsch 1969). The mean over random
v is the mean of f over the spectrum (Ubaru, Chen and Saad 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _progress
from lossviz.curvature._hutchinson import PROBES, signs
from lossviz.curvature._krylov import Krylov
from lossviz.landscape.base import BaseLandscape

# At most this many bytes of basis vectors, or of whole Hessians, are held at a time.
_BYTES = 2**27

Rule = tuple[Float[Tensor, "points probe node"], Float[Tensor, "points probe node"]]


def random_rules(
    landscape: BaseLandscape,
    points: Float[Tensor, "points weight"],
    num_probes: int,
    sizes: Sequence[int],
    seed: int,
    progress: bool | None,
) -> list[Rule]:
    """Return rules of some numbers of steps, the largest first: nodes and weights for each probe.

    The probes are vectors of random signs, the same at every point, at length 1. Nodes and weights
    have shape (points, probe, node); nodes are NaN where H is not finite.
    """
    count, m = points.shape
    probes = signs(seed, PROBES, range(num_probes), m).to(points) / m**0.5
    rows = max(1, _BYTES // (sizes[0] * m * points.element_size()))
    pairs = torch.arange(count * num_probes, device=points.device)
    found: list[list[Tensor]] = []
    with _progress.bar(len(pairs), progress, "probe") as bar:
        for some in pairs.split(rows):
            at, start = points[some // num_probes], probes[some % num_probes]
            found.append(_rules(landscape, at, start, sizes, seed))
            bar.update(len(some))
    whole = [torch.cat(parts) for parts in zip(*found, strict=True)]
    shaped = [part.view(count, num_probes, part.shape[1]) for part in whole]
    return list(zip(shaped[::2], shaped[1::2], strict=True))


def _rules(
    landscape: BaseLandscape, at: Tensor, start: Tensor, sizes: Sequence[int], seed: int
) -> list[Tensor]:
    """Return nodes and weights of each size in turn, from a start for each point, (row, node)."""
    none = at.new_empty(len(at), 0, at.shape[1])
    krylov = Krylov(landscape._products_at, at, none, sizes[0], (seed, 0), start)
    while krylov.size < sizes[0] and len(at):
        krylov.grow()
    rules: list[Tensor] = []
    for size in sizes:
        values, vectors = krylov.tridiagonal(size)
        values = values * krylov.scale.double()
        rules += [values.where(~krylov.failed[:, None], torch.nan), vectors[:, 0].square()]
    return rules


def exact_rule(
    landscape: BaseLandscape, points: Float[Tensor, "points weight"], progress: bool | None
) -> Rule:
    """Return all eigenvalues with equal weights, as the nodes of one probe."""
    m = points.shape[1]
    rows = max(1, _BYTES // (m**2 * points.element_size()))
    nodes = points.new_empty(len(points), 1, m, dtype=torch.float64)
    with _progress.bar(len(points), progress) as bar:
        for first in range(0, len(points), rows):
            hessians = landscape.hessian(points[first : first + rows]).double()
            failed = ~torch.isfinite(hessians).all(dim=(1, 2))
            hessians[failed] = 0
            values = torch.linalg.eigvalsh(hessians)
            nodes[first : first + rows, 0] = values.where(~failed[:, None], torch.nan)
            bar.update(len(hessians))
    return nodes, torch.full_like(nodes, 1 / m)


def mean_and_error(samples: Float[Tensor, "points probe"]) -> tuple[Tensor, Tensor]:
    """Return the mean over probes and its standard error; 0 for the one probe of an exact rule."""
    count = samples.shape[1]
    if count == 1:
        return samples[:, 0], torch.zeros_like(samples[:, 0])
    return samples.mean(dim=1), samples.std(dim=1) / count**0.5
