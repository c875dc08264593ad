"""Means over walks with their intervals, for every cell of a study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from lossviz.study import _resampling
from lossviz.study.claims import Analysis
from lossviz.study.results import Results

#: What is estimated, where a study has it; the last five by each definition of curvature.
STATISTICS = (
    "loss", "test_loss", "test_error", "gap", "saturation", "stretches", "stretch_length",
    "convex_share", "saddle_share", "singular_share", "semidefinite_share", "zero_share",
)  # fmt: skip


def estimates(results: Results, analysis: Analysis) -> pd.DataFrame:
    """Estimate the mean over walks of what was measured, cell by cell.

    Args:
        results: of a study.
        analysis: says level, resamples and seed of the bootstrap, in two stages: splits are
            drawn with replacement, then walks within each.

    Returns:
        A row per problem, setting, activation, statistic and definition, with ``mean``, ``low``
        and ``high``, and the number of walks that have a value.
    """
    return pd.DataFrame(list(_rows(results, analysis)))


def _rows(results: Results, analysis: Analysis) -> Iterator[dict[str, Any]]:
    for problem, walks in results.walks.items():
        drawn = _resampling.two_stage(walks["split"].values, analysis.resamples, analysis.seed)
        for setting in map(str, walks["setting"].values):
            for activation in map(str, walks["activation"].values):
                cell = walks.sel(setting=setting, activation=activation)
                for statistic in (name for name in STATISTICS if name in cell):
                    place = {"problem": problem, "setting": setting, "activation": activation,
                             "statistic": statistic}  # fmt: skip
                    for definition, values in _columns(cell[statistic]):
                        known = int(np.isfinite(values).sum())
                        if known:
                            found = _resampling.mean(values, drawn, analysis.level)
                            yield place | {
                                "definition": definition, "mean": found.value, "low": found.low,
                                "high": found.high, "walks": known,
                            }  # fmt: skip


def _columns(values: xr.DataArray) -> Iterator[tuple[str, np.ndarray]]:
    if "definition" not in values.dims:
        yield "", values.values.astype(float)
        return
    for definition in map(str, values["definition"].values):
        yield definition, values.sel(definition=definition).values.astype(float)
