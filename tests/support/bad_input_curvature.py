"""Bad input to the curvature floor's public names."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import lossviz as lv
from bad_values import (
    BAD_LANDSCAPE,
    RTOL,
    WEIGHTS,
    Case,
    bad_array,
    bad_name,
    bad_real,
    bad_whole,
    landscape,
)

BAD_TRUTH = st.sampled_from([None, 0, 1, "yes", 1.0, [True]])
# Above what the nine weights of XOR allow, too.
BAD_K = bad_whole(1) | st.integers(min_value=10)
TOLERANCE = bad_real(minimum=0).filter(lambda value: value != 1.0) | st.just(1.0)
PRECISION = bad_name("float32", "float64")
BAD_PROGRESS = BAD_TRUTH.filter(lambda value: value is not None)
SPECTRUM = (
    {"method": "lanczos", "seed": 0, "precision": "float64", "progress": None},
    {
        "method": bad_name(*lv.SPECTRUM_METHODS), "seed": bad_whole(0), "precision": PRECISION,
        "progress": BAD_PROGRESS,
    },
)  # fmt: skip

CASES = {
    "classify_curvature": Case(
        lv.classify_curvature,
        {"hessians": np.eye(2), "rtol": 1e-8, "eigenvalues": True, "null_basis": [[1.0], [0]]},
        {
            "hessians": bad_array(2, 2, not_finite=False)
            | st.sampled_from([np.zeros((0, 0)), [[1.0, 2.0], [3.0, 4.0]]]),
            "rtol": RTOL, "eigenvalues": BAD_TRUTH,
            "null_basis": bad_array(2, 1).filter(lambda value: value is not None)
            | st.sampled_from([np.eye(2), [[1.0], [1.0]]]),
        },
    ),
    "classify_eigenvalues": Case(
        lv.classify_eigenvalues,
        {"eigenvalues": [1.0, 2.0], "rtol": 1e-8},
        {
            "eigenvalues": bad_array(2, longer=False, not_finite=False),
            "rtol": RTOL,
        },
    ),
    "inertia_kinds": Case(
        lv.inertia_kinds,
        {"classes": [0, 1], "positive": [2, 1], "negative": [0, 1]},
        dict.fromkeys(
            ("classes", "positive", "negative"), bad_array(2, not_finite=False)
        ),
    ),
    "blockwise_curvature": Case(
        lv.blockwise_curvature,
        {"landscape": landscape(), "weights": [0.5] * 9, "precision": "float32", "rtol": 0.0},
        {"landscape": BAD_LANDSCAPE, **WEIGHTS, "precision": PRECISION, "rtol": RTOL},
    ),
    "top_eigenvalues": Case(
        lv.top_eigenvalues,
        {
            "landscape": landscape(), "weights": [0.5] * 9, "k": 1, "which": "largest",
            "tolerance": 1e-6, "max_iterations": 5, "seed": 0, "return_vectors": False,
            "precision": "float64", "progress": False, "copies": True,
        },
        {
            "landscape": BAD_LANDSCAPE, **WEIGHTS, "k": BAD_K,
            "which": bad_name("largest", "smallest", "both", "magnitude"),
            "tolerance": TOLERANCE, "max_iterations": bad_whole(1), "seed": bad_whole(0),
            "return_vectors": BAD_TRUTH, "precision": PRECISION, "progress": BAD_TRUTH,
            "copies": BAD_TRUTH,
        },
    ),
    "extreme_curvature": Case(
        lv.extreme_curvature,
        {
            "landscape": landscape(), "weights": [0.5] * 9, "rtol": 1e-8, "tolerance": 1e-6,
            "max_iterations": 5, "seed": 0, "progress": False,
        },
        {
            "landscape": BAD_LANDSCAPE, **WEIGHTS, "rtol": RTOL, "tolerance": TOLERANCE,
            "max_iterations": bad_whole(1), "seed": bad_whole(0), "progress": BAD_TRUTH,
        },
    ),
    "full_curvature": Case(
        lv.full_curvature,
        {
            "landscape": landscape(), "weights": [0.5] * 9, "rtol": 1e-8, "eigenvalues": True,
            "null_directions": "project", "inertia": True,
        },
        {
            "landscape": BAD_LANDSCAPE, "weights": bad_array(9), "rtol": RTOL,
            "eigenvalues": st.sampled_from([None, 1, "yes", []]),
            "null_directions": bad_name("count", "project"),
            "inertia": st.sampled_from([None, 0, "no", []]),
        },
    ),
    **{
        name: Case(
            call,
            {
                "landscape": landscape(), "weights": [0.5] * 9, "method": "hutch++",
                "num_products": 6, "seed": 0, "precision": "float64", "progress": None,
            },
            {
                "landscape": BAD_LANDSCAPE, **WEIGHTS, "method": bad_name(*lv.TRACE_METHODS),
                "num_products": bad_whole(6), "seed": bad_whole(0), "precision": PRECISION,
                "progress": BAD_PROGRESS,
            },
        )
        for name, call in (("trace", lv.trace), ("hessian_diagonal", lv.hessian_diagonal))
    },
    "spectral_density": Case(
        lv.spectral_density,
        {
            "landscape": landscape(), "weights": [0.5] * 9, "num_probes": 2, "num_steps": 3,
            "width": None, "resolution": 50, **SPECTRUM[0],
        },
        {
            "landscape": BAD_LANDSCAPE,
            "weights": WEIGHTS["weights"] | st.sampled_from([np.zeros((0, 9)), np.ones((2, 2, 9))]),
            "num_probes": bad_whole(2), "num_steps": bad_whole(1),
            "width": bad_real(above=0, optional=True), "resolution": bad_whole(2), **SPECTRUM[1],
        },
    ),
    "effective_dimension": Case(
        lv.effective_dimension,
        {
            "landscape": landscape(), "weights": [0.5] * 9, "regularisation": 0.1,
            "num_probes": 2, "num_steps": 3, **SPECTRUM[0],
        },
        {
            "landscape": BAD_LANDSCAPE, **WEIGHTS, "regularisation": bad_real(above=0),
            "num_probes": bad_whole(2), "num_steps": bad_whole(1), **SPECTRUM[1],
        },
    ),
    "sharpness": Case(
        lv.sharpness,
        {
            "landscape": landscape(), "weights": [0.5] * 9, "measure": "keskar", "radius": 0.1,
            "num_steps": 2, "num_products": 6, "seed": 0, "progress": None,
        },
        {
            "landscape": BAD_LANDSCAPE, **WEIGHTS, "measure": bad_name(*lv.SHARPNESS_MEASURES),
            "radius": bad_real(above=0, optional=True), "num_steps": bad_whole(1),
            "num_products": bad_whole(6), "seed": bad_whole(0), "progress": BAD_PROGRESS,
        },
    ),
}  # fmt: skip
