"""From nodes and weights of a quadrature to a density on a grid."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.special import ndtr
from torch import Tensor

from lossviz.curvature._quadrature import mean_and_error

# The grid goes on for so many widths beyond the outermost nodes: what is cut off is below 1e-15.
_TAIL = 8.0

# The width where none is asked for, as a share of the range of the nodes.
_SHARE = 0.01

# Nodes that differ by less, relative to their size, are equal but for rounding.
_EQUAL = 1e-12


def smoothed(nodes: Tensor, weights: Tensor, width: float | None, cells: int) -> xr.Dataset:
    """Return density and moments over ``point`` and ``eigenvalue``.

    Args:
        nodes: shape (points, probe, node); NaN where a Hessian is not finite.
        weights: of that shape; they sum to 1 for each probe.
        width: standard deviation of the Gaussian that each node becomes, or None.
        cells: number of cells of the grid.
    """
    at, shares = nodes.cpu().numpy(), weights.cpu().numpy()
    finite = at[np.isfinite(at)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    width = width or _SHARE * _extent(low, high)
    edges = np.linspace(low - _TAIL * width, high + _TAIL * width, cells + 1)
    if not np.all(np.diff(edges) > 0):
        raise ValueError(
            f"width must be large enough for {cells} cells between numbers of size "
            f"{max(abs(low), abs(high)):g}; got {width:g}."
        )
    # In units of 1 / width, whose square cannot overflow.
    by_probe = np.stack([_cell_means(*pair, edges, width) for pair in zip(at, shares, strict=True)])
    count = at.shape[1]
    error = by_probe.std(axis=1, ddof=1) / count**0.5 if count > 1 else 0 * by_probe[:, 0]
    found = {
        "density": (("point", "eigenvalue"), by_probe.mean(axis=1) / width),
        "density_error": (("point", "eigenvalue"), error / width),
        "nodes": (("point", "probe", "node"), at),
        "node_weights": (("point", "probe", "node"), shares),
    }
    for power, name in ((1, "mean_eigenvalue"), (2, "second_moment")):
        both = mean_and_error((weights * nodes**power).sum(dim=-1))
        for label, values in zip((name, f"{name}_error"), both, strict=True):
            found[label] = ("point", values.cpu().numpy())
    centres = (edges[:-1] + edges[1:]) / 2
    return xr.Dataset(found, {"eigenvalue": centres}, {"width": float(width)})


def _cell_means(
    nodes: np.ndarray, weights: np.ndarray, edges: np.ndarray, width: float
) -> np.ndarray:
    """Return each probe's density times the width, averaged over cells, (probe, cell)."""
    below = ndtr((edges - nodes[..., None]) / width)  # (probe, node, edge)
    return np.einsum("pn,pne->pe", weights, np.diff(below)) / np.diff(edges / width)


def _extent(low: float, high: float) -> float:
    """Return the range of the nodes; where they are equal, their size, or 1 where all are 0."""
    size = max(abs(low), abs(high))
    return high - low if high - low > _EQUAL * size else size or 1.0
