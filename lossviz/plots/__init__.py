"""Pictures of activations, samples and landscapes; each carries its own description."""

from lossviz.plots.activations import activation_curves, saturation_curves, unit_sums
from lossviz.plots.agreement import agreement
from lossviz.plots.clouds import curvature_shares, loss_gradient_cloud, tolerance_curves
from lossviz.plots.coloured import coloured_cloud
from lossviz.plots.critical import (
    index_cloud,
    positive_shares,
    quadratic_gallery,
    zero_counts,
)
from lossviz.plots.death import interval_curves, region_map
from lossviz.plots.estimates import estimate_rows, outcome_grid
from lossviz.plots.folding import folded_plane
from lossviz.plots.lines import barriers, loss_lines
from lossviz.plots.planes import contour, surface
from lossviz.plots.propagation import layer_histograms, propagation_map, signal_curves
from lossviz.plots.spectra import density, spectrum
from lossviz.plots.stability import stability
from lossviz.plots.style import Mark, Picture, mark
from lossviz.plots.sweeps import sweep_curves
from lossviz.plots.trajectories import trajectory
from lossviz.plots.walks import walk_curves

__all__ = [
    "Mark",
    "Picture",
    "activation_curves",
    "agreement",
    "barriers",
    "coloured_cloud",
    "contour",
    "curvature_shares",
    "density",
    "estimate_rows",
    "folded_plane",
    "index_cloud",
    "interval_curves",
    "layer_histograms",
    "loss_gradient_cloud",
    "loss_lines",
    "mark",
    "outcome_grid",
    "positive_shares",
    "propagation_map",
    "quadratic_gallery",
    "region_map",
    "saturation_curves",
    "signal_curves",
    "spectrum",
    "stability",
    "surface",
    "sweep_curves",
    "tolerance_curves",
    "trajectory",
    "unit_sums",
    "walk_curves",
    "zero_counts",
]
