"""Sample, classify and picture the loss landscapes of small neural networks.

The usual import is ``import lossviz as lv``. The public names are those listed here, and the
modules ``lv.explorers``, ``lv.plots`` and ``lv.study``.
"""

from lossviz import explorers, plots, study
from lossviz.activations import (
    Activation,
    activation_names,
    dead_units,
    get_activation,
    register_activation,
)
from lossviz.analysis.attractor_kinds import ATTRACTOR_KINDS, AttractorKind, attractor_kind
from lossviz.analysis.attractors import Attractor, find_attractors
from lossviz.analysis.comparison import Comparison, RankTest, cliffs_delta, compare, rank_test
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
from lossviz.curvature.extremes import CURVATURE_PROOFS, ExtremeCurvature, extreme_curvature
from lossviz.curvature.full import full_curvature
from lossviz.curvature.inertia import Curvature, classify_curvature, classify_eigenvalues
from lossviz.curvature.spectra import TopEigenvalues, top_eigenvalues
from lossviz.landscape.mlp import Landscape
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
    "VALLEYS",
    "Activation",
    "Attractor",
    "AttractorKind",
    "BlockwiseCurvature",
    "Comparison",
    "Curvature",
    "DataError",
    "EffectiveWeights",
    "Estimate",
    "ExtremeCurvature",
    "GaussianMoments",
    "GradientMeasures",
    "Interval",
    "Landscape",
    "Neutrality",
    "Problem",
    "RankTest",
    "SignalPropagation",
    "Stagnation",
    "TopEigenvalues",
    "Valley",
    "Valleys",
    "activation_names",
    "attractor_kind",
    "blockwise_curvature",
    "bootstrap",
    "bootstrap_mean",
    "classify_curvature",
    "classify_eigenvalues",
    "cliffs_delta",
    "compare",
    "compare_samplers",
    "dead_units",
    "effective_weights",
    "explorers",
    "extreme_curvature",
    "find_attractors",
    "find_valleys",
    "full_curvature",
    "gaussian_moments",
    "generalisation",
    "get_activation",
    "gradient_measures",
    "hessian_rank",
    "inertia_kinds",
    "initial_gain",
    "load_problem",
    "manhattan_walk",
    "measure_signals",
    "neutrality",
    "plots",
    "problem_from_arrays",
    "problem_names",
    "progressive_gradient_walk",
    "progressive_random_walk",
    "published_samplers",
    "random_walk",
    "rank_test",
    "register_activation",
    "ruggedness",
    "signal_propagation",
    "stable_cross_entropy",
    "stable_softmax_cross_entropy",
    "stagnation",
    "study",
    "top_eigenvalues",
]
