"""Pictures of activations, walks and loss-gradient clouds; each carries its own description."""

from lossviz.plots.activations import activation_curves, saturation_curves, unit_sums
from lossviz.plots.clouds import curvature_shares, loss_gradient_cloud, tolerance_curves
from lossviz.plots.coloured import coloured_cloud
from lossviz.plots.estimates import estimate_rows, outcome_grid
from lossviz.plots.folding import folded_plane
from lossviz.plots.propagation import layer_histograms, propagation_map, signal_curves
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
    "layer_histograms",
    "loss_gradient_cloud",
    "mark",
    "outcome_grid",
    "propagation_map",
    "saturation_curves",
    "signal_curves",
    "sweep_curves",
    "tolerance_curves",
    "unit_sums",
    "walk_curves",
]
