"""Pictures of activations, walks and loss-gradient clouds; each carries its own description."""

from lossviz.plots.activations import activation_curves, saturation_curves, unit_sums
from lossviz.plots.clouds import curvature_shares, loss_gradient_cloud, tolerance_curves
from lossviz.plots.coloured import coloured_cloud
from lossviz.plots.critical import (
    index_cloud,
    positive_shares,
    quadratic_gallery,
    zero_counts,
)
from lossviz.plots.estimates import estimate_rows, outcome_grid
from lossviz.plots.folding import folded_plane
from lossviz.plots.style import Mark, Picture, mark
from lossviz.plots.sweeps import sweep_curves
from lossviz.plots.walks import walk_curves

__all__ = [
    "Mark",
    "Picture",
    "activation_curves",
    "coloured_cloud",
    "curvature_shares",
    "estimate_rows",
    "folded_plane",
    "index_cloud",
    "loss_gradient_cloud",
    "mark",
    "outcome_grid",
    "positive_shares",
    "quadratic_gallery",
    "saturation_curves",
    "sweep_curves",
    "tolerance_curves",
    "unit_sums",
    "walk_curves",
    "zero_counts",
]
