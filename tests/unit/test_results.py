"""The committed results are those of the plan they name, and of the code as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lossviz as lv
from lossviz.problems import find_file, problem_files
from lossviz.study import analysis, compute, judge, load_report, plan
from lossviz.study._toml import digest
from lossviz.study.summary import summarise

RESULTS = Path(__file__).resolve().parents[2] / "book" / "results"


@pytest.fixture(scope="module")
def report():
    return load_report(RESULTS)


def test_results_are_small():
    assert sum(path.stat().st_size for path in RESULTS.rglob("*") if path.is_file()) <= 3e6


def test_the_plan_is_one_that_comes_along(report):
    said = report.results.provenance
    assert said["plan_digest"] == digest(plan("laptop")) == digest(report.results.plan)
    assert said["seed"] == report.results.plan.seed
    assert {"torch", "numpy", "lossviz", "python"} <= said["versions"].keys()


def test_claims_were_judged_by_the_analysis_that_comes_along(report):
    assert report.analysis == analysis()
    assert report.judgement.verdicts["claim"].tolist() == [c.name for c in analysis().claims]


def _chunks(names, count, longest):
    """A sample of chunks with at most this many steps, another one for each release of results."""
    chunks = [
        chunk
        for chunk in plan("laptop").chunks
        if chunk.cell.part.name in names and chunk.cell.setting.steps <= longest
    ]
    drawn = np.random.default_rng(20261125).choice(len(chunks), count, replace=False)
    return [chunks[at] for at in drawn]


def check(report, chunk):
    """Compute a chunk again, and compare what is kept of its walks.

    Walks are followed for hundreds of steps, so that a rounding of another processor may lead one
    of them elsewhere: nine in ten walks must agree. What hangs on a tolerance moves more: with
    large weights, eigenvalues near it fall on either side of it, a few points in a hundred of a
    walk's. There walks may differ by a twentieth, and their mean by a fiftieth: blocks in single
    precision need so much.
    """
    cell = chunk.cell
    data = compute(report.results.plan, chunk)
    again = summarise(data.assign_coords(split=("walk", [cell.split] * len(chunk.walks))), None)
    kept = report.results.walks[cell.part.name].sel(
        activation=cell.activation, setting=cell.setting.name
    )
    kept = kept.isel(walk=np.isin(kept.number.values, list(chunk.walks)))
    assert (kept.split == cell.split).all()
    for name, values in again.data_vars.items():
        by_tolerance = "definition" in values.dims
        apart = 0.05 if by_tolerance else 2e-3
        close = np.isclose(kept[name], values, rtol=2e-3, atol=apart, equal_nan=True)
        if by_tolerance:  # a walk without points of a class has no mean over them
            close |= np.isnan(kept[name].values) ^ np.isnan(values.values)
        agree = close.reshape(len(chunk.walks), -1).all(axis=1).mean()
        assert agree >= 0.9, f"{name} of {chunk.key}: {agree:.0%} of walks agree"
        if by_tolerance:
            means = [each.mean("walk") for each in (kept[name], values)]
            np.testing.assert_allclose(*means, rtol=2e-3, atol=0.02, err_msg=f"{name} {chunk.key}")


def test_a_sample_of_the_results_is_computed_again(report):
    for chunk in _chunks(("xor", "iris"), 3, longest=100):
        check(report, chunk)


@pytest.mark.slow
def test_a_sample_of_long_walks_is_computed_again(report):
    for chunk in _chunks(("xor", "iris"), 2, longest=1000):
        check(report, chunk)


@pytest.mark.slow
def test_a_sample_of_the_larger_problems_is_computed_again(report):
    names = [n for n in ("heart", "digits") if all(map(find_file, problem_files(n)))]
    for chunk in _chunks(names, 2, longest=100):
        check(report, chunk)


@pytest.mark.slow
def test_the_verdicts_follow_from_the_results(report):
    again = judge(report.results, report.analysis)
    for name in ("verdicts", "conditions", "comparisons"):
        pd.testing.assert_frame_equal(
            getattr(again, name), getattr(report.judgement, name), rtol=1e-3, atol=1e-6,
            check_dtype=False,
        )  # fmt: skip
    means = lv.study.estimates(report.results, report.analysis)
    pd.testing.assert_frame_equal(means, report.estimates, rtol=1e-3, atol=1e-6, check_dtype=False)
