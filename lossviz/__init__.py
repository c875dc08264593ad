"""Sample, classify and picture the loss landscapes of small neural networks.

The usual import is ``import lossviz as lv``. The public names are those listed here, and the
modules ``lv.plots``.
"""

from lossviz import plots
from lossviz.activations import (
    Activation,
    activation_names,
    dead_units,
    get_activation,
)
from lossviz.analysis.attractors import Attractor, find_attractors
from lossviz.analysis.statistics import Estimate, bootstrap_mean
from lossviz.curvature.inertia import (
    CURVATURE_CLASSES,
    INERTIA_KINDS,
    Curvature,
    classify_curvature,
    classify_eigenvalues,
    inertia_kinds,
)
from lossviz.landscape.mlp import Landscape
from lossviz.problems import Problem, load_problem, problem_names
from lossviz.sampling.walks import progressive_gradient_walk

__all__ = [
    "CURVATURE_CLASSES",
    "INERTIA_KINDS",
    "Activation",
    "Attractor",
    "Curvature",
    "Estimate",
    "Landscape",
    "Problem",
    "activation_names",
    "bootstrap_mean",
    "classify_curvature",
    "classify_eigenvalues",
    "dead_units",
    "find_attractors",
    "get_activation",
    "inertia_kinds",
    "load_problem",
    "plots",
    "problem_names",
    "progressive_gradient_walk",
]
