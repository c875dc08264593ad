"""Bad input to pictures of planes, lines, trajectories and spectra."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import strategies as st

import geometry_data as data
import lossviz as lv
from bad_values import Case, bad_array, bad_name, bad_real

NO_DATA = [None, 3, "plane", [], {}, {"a": None}, {"a": {}}, np.zeros((2, 2)), xr.DataArray([1.0])]


def spoilt(good, variable, *dims):
    """Data sets that lack something, or have it in another form."""
    array = good[variable]
    found = [
        xr.Dataset(),
        good.drop_vars(variable),
        good.assign({variable: array * np.nan}),
        good.assign({variable: array.astype(str)}),
        good.assign({variable: array * 1j}),
        good.assign({variable: array.isel({array.dims[-1]: 0}, drop=True)}),
    ]
    for dim in dims:
        place = good[dim].values.copy()
        gap = place.copy()
        gap[0] = np.nan
        found += [
            good.drop_vars(dim),
            good.rename({dim: "gamma"}),
            good.isel({dim: [0]}),
            good.isel({dim: slice(None, None, -1)}),
            good.assign_coords({dim: np.zeros(len(place))}),
            good.assign_coords({dim: gap}),
            good.assign_coords({dim: place.astype(str)}),
        ]
    return found


def bad_sets(good, variable, *dims, several=True):
    """Values that are no data set of a kind, alone or, where allowed, by their labels.

    Beside others one without finite numbers may be drawn, as a hole.
    """
    sets = spoilt(good, variable, *dims)
    labelled = [{"a": good, "b": each} for number, each in enumerate(sets) if number != 2]
    labelled += [{3: good}, {None: good}]
    return st.sampled_from([*NO_DATA, *sets, *(labelled if several else [{"a": good}])])


MANY = {str(number): data.way() for number in range(7)}
BAD_VARIABLE = bad_name(*data.plane().data_vars)
BAD_WAYS = st.sampled_from([MANY, data.line(), data.way().isel(alpha=slice(3, None))])
ONE_AXIS = data.projected().isel(axis=[0])
BAD_PROJECTED = st.sampled_from(
    [
        data.projected().drop_vars("explained_variance"),
        data.projected().drop_vars("random_walk_variance"),
        data.projected().assign(explained_variance=("axis", [60.8, 15.2])),
        data.projected().assign(explained_variance=("axis", [-0.1, 0.2])),
        ONE_AXIS,
        data.projected().isel(walk=0),
        data.projected().rename(step="time"),
        data.projected().assign_coords(optimiser=("step", list("abcdefgh"))),
        data.projected((8,) * 7, "abcdefg"),
    ]
)
BAD_RUNS = st.sampled_from(
    [data.run().assign_attrs(learning_rate=rate) for rate in (0.0, -0.1, np.nan, "fast", None)]
    + [data.run().assign_attrs(stability_limit=limit) for limit in (0.0, np.inf, "2")]
    + [data.run().rename(walk="run"), {str(number): data.run() for number in range(7)}]
)

CASES = {
    "plots.contour": Case(
        lv.plots.contour,
        {"planes": data.plane(), "variables": "loss"},
        {
            "planes": bad_sets(data.plane(), "loss", "alpha", "beta"),
            "variables": BAD_VARIABLE | st.sampled_from([[], ["loss", "loss"], ["loss", 3]]),
        },
    ),
    "plots.surface": Case(
        lv.plots.surface,
        {"plane": data.plane(), "variable": "loss"},
        {
            "plane": bad_sets(data.plane(), "loss", "alpha", "beta", several=False),
            "variable": BAD_VARIABLE,
        },
    ),
    "plots.loss_lines": Case(
        lv.plots.loss_lines,
        {"lines": data.line(), "accuracy": True},
        {
            "lines": bad_sets(data.line().drop_vars("test_loss"), "loss", "alpha")
            | st.just(data.line().drop_vars("accuracy")),
            "accuracy": st.sampled_from([None, 1, "yes"]),
        },
    ),
    "plots.barriers": Case(
        lv.plots.barriers,
        {"lines": data.way(), "variable": "loss"},
        {
            "lines": bad_sets(data.way(), "loss", "alpha") | BAD_WAYS,
            "variable": BAD_VARIABLE,
        },
    ),
    "plots.trajectory": Case(
        lv.plots.trajectory,
        {"projected": data.projected(), "plane": data.plane()},
        {
            "projected": bad_sets(data.projected(), "alpha", several=False) | BAD_PROJECTED,
            "plane": bad_sets(data.plane(), "loss", "alpha", "beta", several=False).filter(
                lambda plane: plane is not None
            ),
        },
    ),
    "plots.spectrum": Case(
        lv.plots.spectrum,
        {"eigenvalues": [1.0, 0.5], "rtol": 1e-8},
        {
            "eigenvalues": bad_array(2, longer=False) | st.sampled_from(
                [{}, {"a": []}, {"a": [1.0], "b": None}, [[1.0]], {"a": [[1.0]]}]
            ),
            "rtol": bad_real(minimum=0, top=1.0),
        },
    ),
    "plots.density": Case(
        lv.plots.density,
        {"densities": data.density(), "eigenvalues": [1.0, 2.0]},
        {
            "densities": bad_sets(data.density(), "density", "eigenvalue") | st.sampled_from(
                [data.density().assign(density=data.density().density * 0),
                 {str(number): data.density() for number in range(7)}]
            ),
            "eigenvalues": bad_array(2, longer=False).filter(lambda values: values is not None),
        },
    ),
    "plots.stability": Case(
        lv.plots.stability,
        {"trajectories": data.run()},
        {"trajectories": bad_sets(data.run(), "sharpness") | BAD_RUNS},
    ),
}  # fmt: skip
