"""From results to verdicts, by the rules of an analysis that was stated beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from lossviz.study import _resampling
from lossviz.study._xor import attractor_rows, minima_rows
from lossviz.study.claims import Analysis, Claim
from lossviz.study.results import Results

#: What can be said of a condition.
OUTCOMES = ("holds", "fails", "open", "void")

#: What a condition is made of, beside its claim.
FACTORS = (
    "problem", "setting", "start_range", "step", "definition", "statistic", "activation",
    "parameter",
)  # fmt: skip


_COLUMNS = ["claim", *FACTORS, "outcome"]


@dataclass(frozen=True)
class Judgement:
    """What the results say of the claims.

    Attributes:
        verdicts: a row per claim, with the numbers of conditions that hold, fail, are open or
            void.
        conditions: a row per claim and condition, with its outcome.
        comparisons: a row per comparison of two groups of walks: means, Cliff's delta, interval.
    """

    verdicts: pd.DataFrame
    conditions: pd.DataFrame
    comparisons: pd.DataFrame


def judge(results: Results, analysis: Analysis) -> Judgement:
    """Judge the claims of an analysis by the results of a study.

    Args:
        results: what :func:`lossviz.study.load_results` or a report returns.
        analysis: the claims and how they are judged; see :func:`lossviz.study.analysis`.

    Returns:
        Verdicts, and what they rest on.
    """
    compared, judged = [], []
    for claim in analysis.claims:
        if claim.kind in ("between", "within"):
            rows = list(_comparisons(results, analysis, claim))
            compared += rows
            judged += list(_outcomes(rows, claim))
        elif claim.kind == "valleys":
            judged += list(_valley_rows(results, claim))
        elif claim.kind == "attractors":
            judged += list(attractor_rows(results.attractors, claim))
        else:
            judged += list(minima_rows(results.attractors, claim))
    conditions = _with_settings(pd.DataFrame(judged, columns=_COLUMNS), results)
    verdicts = [_verdict(conditions, claim, analysis) for claim in analysis.claims]
    return Judgement(pd.DataFrame(verdicts), conditions, pd.DataFrame(compared))


# --- comparisons of walks -----------------------------------------------------------------------


def _comparisons(results: Results, analysis: Analysis, claim: Claim) -> Iterator[dict[str, Any]]:
    for problem, walks in results.walks.items():
        if problem in claim.without or (claim.problem and problem != claim.problem):
            continue
        drawn = _resampling.two_stage(walks["split"].values, analysis.resamples, analysis.seed)
        for statistic in claim.statistics:
            for place, first, second in _groups(walks, claim, statistic):
                found = _compare(first, second, drawn, claim, analysis)
                yield (
                    {"claim": claim.name, "problem": problem, "statistic": statistic}
                    | place
                    | found
                )


def _groups(
    walks: xr.Dataset, claim: Claim, statistic: str
) -> Iterator[tuple[dict[str, Any], np.ndarray, np.ndarray]]:
    """Yield where two groups of walks are compared, and their values."""
    activations = [str(name) for name in walks["activation"].values]
    if claim.kind == "between":
        who = [claim.first] if claim.first in activations else []
        others = [name for name in claim.others if name in activations]
    else:
        who, others = activations, list(claim.others)
    for setting in map(str, walks["setting"].values):
        for name in who:
            for other in others:
                if claim.kind == "between":
                    pair = [(statistic, name), (statistic, other)]
                else:
                    pair = [(f"{statistic}_{claim.first}", name), (f"{statistic}_{other}", name)]
                if any(variable not in walks for variable, _ in pair):
                    continue
                a, b = (walks[v].sel(activation=n, setting=setting) for v, n in pair)
                place = {"setting": setting, "activation": "" if claim.kind == "between" else name,
                         "first": claim.first, "other": other}  # fmt: skip
                for definition in map(str, walks["definition"].values):
                    if "definition" not in a.dims:
                        yield place | {"definition": ""}, a.values, b.values
                        break
                    yield (
                        place | {"definition": definition},
                        a.sel(definition=definition).values,
                        b.sel(definition=definition).values,
                    )


def _compare(
    first: np.ndarray, second: np.ndarray, drawn: np.ndarray, claim: Claim, analysis: Analysis
) -> dict[str, Any]:
    first, second = first.astype(float), second.astype(float)
    known = [values[np.isfinite(values)] for values in (first, second)]
    row: dict[str, Any] = {"walks_first": len(known[0]), "walks_other": len(known[1])}
    if min(map(len, known)) < claim.least_walks:
        return row | {"outcome": "void"}
    for name, values in (("first", first), ("other", second)):
        mean = _resampling.mean(values, drawn, analysis.level)
        row |= {f"{name}_mean": mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high}
    if np.ptp(np.concatenate(known)) == 0:
        return row | {"delta": 0.0, "delta_low": 0.0, "delta_high": 0.0, "outcome": "void"}
    delta = _resampling.delta(first, second, drawn, analysis.level)
    row |= {"delta": delta.value, "delta_low": delta.low, "delta_high": delta.high}
    ends = sorted((claim.sign * delta.low, claim.sign * delta.high))
    outcome = "open"
    if abs(delta.value) >= analysis.least_delta:
        outcome = "supports" if ends[0] > 0 else "contradicts" if ends[1] < 0 else "open"
    return row | {"outcome": outcome}


def _outcomes(rows: list[dict[str, Any]], claim: Claim) -> Iterator[dict[str, Any]]:
    """Join the comparisons of one condition to an outcome."""
    keys = ("claim", "problem", "setting", "definition", "statistic", "activation")
    table: dict[tuple, list[str]] = {}
    for row in rows:
        table.setdefault(tuple(row[key] for key in keys), []).append(row["outcome"])
    for place, said in table.items():
        real = [each for each in said if each != "void"]
        if not real or len(said) < len(claim.others):
            outcome = "void"
        elif "contradicts" in real:
            outcome = "fails"
        else:
            outcome = "holds" if set(said) == {"supports"} else "open"
        yield dict(zip(keys, place, strict=True)) | {"outcome": outcome}


def _valley_rows(results: Results, claim: Claim) -> Iterator[dict[str, Any]]:
    table = results.valleys[results.valleys["quantile"].isin(claim.quantiles)]
    for (problem, setting, quantile), rows in table.groupby(
        ["problem", "setting", "quantile"], sort=False
    ):
        outcome = "holds" if rows["bimodal"].all() else "fails"
        yield {"claim": claim.name, "problem": problem, "setting": setting, "outcome": outcome,
               "parameter": f"quantile {quantile:g}"}  # fmt: skip


# --- verdicts -----------------------------------------------------------------------------------


def _with_settings(conditions: pd.DataFrame, results: Results) -> pd.DataFrame:
    settings = {each.name: each for each in results.plan.settings}
    ranges = {name: f"b = {each.start_range:g}" for name, each in settings.items()}
    steps = {name: f"{100 * each.share:g} % steps" for name, each in settings.items()}
    conditions = conditions.assign(
        start_range=conditions["setting"].map(ranges), step=conditions["setting"].map(steps)
    )
    wanted = conditions[_COLUMNS]
    return wanted.astype(object).where(wanted.notna(), "")


def _verdict(conditions: pd.DataFrame, claim: Claim, analysis: Analysis) -> dict[str, Any]:
    mine = conditions[conditions["claim"] == claim.name]
    numbers = {name: int((mine["outcome"] == name).sum()) for name in OUTCOMES}
    real = mine[mine["outcome"] != "void"]
    under = "" if _holds(real, analysis) else "; ".join(_levels(real, analysis))
    if real.empty:
        verdict = "cannot be judged"
    elif _holds(real, analysis):
        verdict = "holds"
    else:
        verdict = "holds only under" if under else "does not hold"
    return {"claim": claim.name, "text": claim.text, "verdict": verdict, "under": under} | numbers


def _holds(conditions: pd.DataFrame, analysis: Analysis) -> bool:
    if conditions.empty:
        return False
    said = conditions["outcome"]
    return bool(
        (said == "holds").mean() >= analysis.holds_share
        and (said == "fails").mean() <= analysis.fails_share
    )


def _levels(conditions: pd.DataFrame, analysis: Analysis) -> Iterator[str]:
    """Yield the levels of single factors under which a claim holds, with how often it does."""
    for factor in FACTORS:
        levels = [level for level in conditions[factor].unique() if level]
        if len(levels) < 2:
            continue
        for level in levels:
            some = conditions[conditions[factor] == level]
            if _holds(some, analysis):
                count = (some["outcome"] == "holds").sum()
                yield f"{level} ({count} of {len(some)})"
