"""Sample, classify and picture the loss landscapes of small neural networks.

The usual import is ``import lossviz as lv``. The public names are those listed here, and the
modules ``lv.explorers``, ``lv.plots`` and ``lv.study``.
"""

from lossviz import explorers, plots, study
from lossviz.activations import (
    Activation,
    UnitStates,
    activation_names,
    dead_units,
    get_activation,
    register_activation,
    unit_states,
)
from lossviz.analysis.attractor_kinds import ATTRACTOR_KINDS, AttractorKind, attractor_kind
from lossviz.analysis.attractors import Attractor, find_attractors
from lossviz.analysis.comparison import Comparison, RankTest, cliffs_delta, compare, rank_test
from lossviz.analysis.critical_points import CriticalPoints, find_critical_points
from lossviz.analysis.dying import dead_probability, draw_dead_networks
from lossviz.analysis.edge import EdgeOfStability, edge_of_stability
from lossviz.analysis.gaussian import GaussianMoments, gaussian_moments, initial_gain
from lossviz.analysis.generalisation import generalisation
from lossviz.analysis.propagation import SignalPropagation, measure_signals, signal_propagation
from lossviz.analysis.regularisation import EffectiveWeights, effective_weights, hessian_rank
from lossviz.analysis.ruggedness import (
    GradientMeasures,
    Neutrality,
    gradient_measures,
    neutrality,
    ruggedness,
)
from lossviz.analysis.samplers import SAMPLERS, compare_samplers, published_samplers
from lossviz.analysis.shares import share_interval
from lossviz.analysis.stagnation import Stagnation, stagnation
from lossviz.analysis.statistics import Estimate, Interval, bootstrap, bootstrap_mean
from lossviz.analysis.valleys import VALLEYS, Valley, Valleys, find_valleys
from lossviz.curvature._classes import (
    CURVATURE_CLASSES,
    INERTIA_KINDS,
    INERTIA_PROOFS,
    inertia_kinds,
)
from lossviz.curvature.blockwise import BlockwiseCurvature, blockwise_curvature
from lossviz.curvature.density import SPECTRUM_METHODS, effective_dimension, spectral_density
from lossviz.curvature.extremes import CURVATURE_PROOFS, ExtremeCurvature, extreme_curvature
from lossviz.curvature.full import full_curvature
from lossviz.curvature.inertia import Curvature, classify_curvature, classify_eigenvalues
from lossviz.curvature.outliers import Outliers, spectral_outliers
from lossviz.curvature.parts import HessianParts, hessian_parts
from lossviz.curvature.quadratics import quadratic_descent
from lossviz.curvature.random_matrices import goe_matrices, goe_positive_share
from lossviz.curvature.spectra import TopEigenvalues, top_eigenvalues
from lossviz.curvature.traces import TRACE_METHODS, HessianEstimate, hessian_diagonal, trace
from lossviz.geometry.balance import UnitBalance, unit_balance
from lossviz.geometry.directions import (
    difference,
    eigenvector_directions,
    principal_directions,
    random_directions,
)
from lossviz.geometry.forced_zeros import ForcedZeros, forced_zeros
from lossviz.geometry.matching import match_units
from lossviz.geometry.normalisation import filter_normalise, normalise, orthogonalise
from lossviz.geometry.paths import barrier, connect, interpolate
from lossviz.geometry.planes import loss_line, loss_plane
from lossviz.geometry.projection import project_trajectory
from lossviz.geometry.regions import linear_regions
from lossviz.geometry.rescaling import rescale_to_sharpness
from lossviz.geometry.sharpness import SHARPNESS_MEASURES, sharpness
from lossviz.geometry.symmetry import flip_signs, orbit, orbit_size, permute_units, rescale_units
from lossviz.geometry.trajectories import train
from lossviz.landscape._parameters import Parameter
from lossviz.landscape.mlp import Landscape
from lossviz.landscape.quadratic import quadratic_landscape
from lossviz.landscape.stable import stable_cross_entropy, stable_softmax_cross_entropy
from lossviz.problems import (
    DataError,
    Problem,
    load_problem,
    problem_from_arrays,
    problem_names,
)
from lossviz.sampling.random_walks import manhattan_walk, progressive_random_walk, random_walk
from lossviz.sampling.walks import progressive_gradient_walk

__all__ = [
    "ATTRACTOR_KINDS",
    "CURVATURE_CLASSES",
    "CURVATURE_PROOFS",
    "INERTIA_KINDS",
    "INERTIA_PROOFS",
    "SAMPLERS",
    "SHARPNESS_MEASURES",
    "SPECTRUM_METHODS",
    "TRACE_METHODS",
    "VALLEYS",
    "Activation",
    "Attractor",
    "AttractorKind",
    "BlockwiseCurvature",
    "Comparison",
    "CriticalPoints",
    "Curvature",
    "DataError",
    "EdgeOfStability",
    "EffectiveWeights",
    "Estimate",
    "ExtremeCurvature",
    "ForcedZeros",
    "GaussianMoments",
    "GradientMeasures",
    "HessianEstimate",
    "HessianParts",
    "Interval",
    "Landscape",
    "Neutrality",
    "Outliers",
    "Parameter",
    "Problem",
    "RankTest",
    "SignalPropagation",
    "Stagnation",
    "TopEigenvalues",
    "UnitBalance",
    "UnitStates",
    "Valley",
    "Valleys",
    "activation_names",
    "attractor_kind",
    "barrier",
    "blockwise_curvature",
    "bootstrap",
    "bootstrap_mean",
    "classify_curvature",
    "classify_eigenvalues",
    "cliffs_delta",
    "compare",
    "compare_samplers",
    "connect",
    "dead_probability",
    "dead_units",
    "difference",
    "draw_dead_networks",
    "edge_of_stability",
    "effective_dimension",
    "effective_weights",
    "eigenvector_directions",
    "explorers",
    "extreme_curvature",
    "filter_normalise",
    "find_attractors",
    "find_critical_points",
    "find_valleys",
    "flip_signs",
    "forced_zeros",
    "full_curvature",
    "gaussian_moments",
    "generalisation",
    "get_activation",
    "goe_matrices",
    "goe_positive_share",
    "gradient_measures",
    "hessian_diagonal",
    "hessian_parts",
    "hessian_rank",
    "inertia_kinds",
    "initial_gain",
    "interpolate",
    "linear_regions",
    "load_problem",
    "loss_line",
    "loss_plane",
    "manhattan_walk",
    "match_units",
    "measure_signals",
    "neutrality",
    "normalise",
    "orbit",
    "orbit_size",
    "orthogonalise",
    "permute_units",
    "plots",
    "principal_directions",
    "problem_from_arrays",
    "problem_names",
    "progressive_gradient_walk",
    "progressive_random_walk",
    "project_trajectory",
    "published_samplers",
    "quadratic_descent",
    "quadratic_landscape",
    "random_directions",
    "random_walk",
    "rank_test",
    "register_activation",
    "rescale_to_sharpness",
    "rescale_units",
    "ruggedness",
    "share_interval",
    "sharpness",
    "signal_propagation",
    "spectral_density",
    "spectral_outliers",
    "stable_cross_entropy",
    "stable_softmax_cross_entropy",
    "stagnation",
    "study",
    "top_eigenvalues",
    "trace",
    "train",
    "unit_balance",
    "unit_states",
]
