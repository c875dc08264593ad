"""Pictures of activations, samples and landscapes; each carries its own description."""

from lossviz.plots.activations import activation_curves, saturation_curves, unit_sums
from lossviz.plots.agreement import agreement
from lossviz.plots.clouds import curvature_shares, loss_gradient_cloud, tolerance_curves
from lossviz.plots.coloured import coloured_cloud
from lossviz.plots.copies import unit_lines
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
from lossviz.plots.measures import measure_curves
from lossviz.plots.outliers import outlier_tracks, point_groups
from lossviz.plots.panels import cloud_panels
from lossviz.plots.planes import contour, surface
from lossviz.plots.propagation import layer_histograms, propagation_map, signal_curves
from lossviz.plots.samplers import step_curves, value_histograms
from lossviz.plots.slices import above_below, slice_curvatures
from lossviz.plots.smoothness import kink_curves, mean_output_curves
from lossviz.plots.spectra import density, spectrum
from lossviz.plots.stability import stability
from lossviz.plots.style import Mark, Picture, mark
from lossviz.plots.sweeps import sweep_curves
from lossviz.plots.trajectories import trajectory, trajectory_panels
from lossviz.plots.walks import walk_curves

__all__ = [
    "Mark",
    "Picture",
    "above_below",
    "activation_curves",
    "agreement",
    "barriers",
    "cloud_panels",
    "coloured_cloud",
    "contour",
    "curvature_shares",
    "density",
    "estimate_rows",
    "folded_plane",
    "index_cloud",
    "interval_curves",
    "kink_curves",
    "layer_histograms",
    "loss_gradient_cloud",
    "loss_lines",
    "mark",
    "mean_output_curves",
    "measure_curves",
    "outcome_grid",
    "outlier_tracks",
    "point_groups",
    "positive_shares",
    "propagation_map",
    "quadratic_gallery",
    "region_map",
    "saturation_curves",
    "signal_curves",
    "slice_curvatures",
    "spectrum",
    "stability",
    "step_curves",
    "surface",
    "sweep_curves",
    "tolerance_curves",
    "trajectory",
    "trajectory_panels",
    "unit_lines",
    "unit_sums",
    "value_histograms",
    "walk_curves",
    "zero_counts",
]
