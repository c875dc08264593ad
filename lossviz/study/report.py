"""``lossviz study report``: verdicts, tables and figures of a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lossviz import plots
from lossviz.activations import activation_names
from lossviz.study import _markdown
from lossviz.study._errors import StudyError
from lossviz.study.claims import Analysis
from lossviz.study.claims import analysis as read_analysis
from lossviz.study.collect import collect
from lossviz.study.estimates import estimates
from lossviz.study.judgement import Judgement, judge
from lossviz.study.results import Results
from lossviz.study.store import write_whole

# Digits that tables keep.
_FORMAT = "%.5g"


@dataclass(frozen=True)
class Report:
    """What a study found, and what it says of the claims.

    Attributes:
        results: a few numbers per walk.
        judgement: verdicts, conditions and comparisons.
        estimates: means over walks with intervals.
        analysis: how claims were judged.
        files: what was written.
    """

    results: Results
    judgement: Judgement
    estimates: pd.DataFrame
    analysis: Analysis
    files: tuple[Path, ...]


def report(
    folder: str | Path,
    out: str | Path | None = None,
    *,
    analysis: str | Path | None = None,
    only: Sequence[str] | None = None,
    figures: bool = True,
    progress: bool | None = None,
) -> Report:
    """Report on a study: judge claims, write tables (CSV, Markdown) and figures.

    Args:
        folder: the study's folder; it must be complete.
        out: where the report is written; None for ``report`` in the folder.
        analysis: a TOML file with claims; None for those of the study that this package follows.
        only: names of the problems that are reported; None for all.
        figures: whether to draw figures.
        progress: whether to show a progress bar; None shows one in a terminal.

    Returns:
        Everything that was written.

    Raises:
        StudyError: if chunks are missing or damaged, or a file cannot be read or written.
        ValueError: for a problem that the plan does not have.
    """
    said = read_analysis(analysis)
    results = collect(folder, said, None if only is None else tuple(only), progress)
    target = Path(folder) / "report" if out is None else Path(out)
    files = results.save(target)
    judgement, means = judge(results, said), estimates(results, said)
    tables = {
        "verdicts": judgement.verdicts, "conditions": judgement.conditions,
        "comparisons": judgement.comparisons, "estimates": means,
    }  # fmt: skip
    texts = {
        f"{name}.csv": table.to_csv(index=False, float_format=_FORMAT)
        for name, table in tables.items()
    }
    texts["analysis.toml"] = said.text
    texts["report.md"] = _markdown.report(results, judgement, means, said)
    try:
        files += [write_whole(target / name, text.encode()) for name, text in texts.items()]
        if figures:
            files += _figures(target / "figures", results, judgement, means)
    except OSError as error:
        raise StudyError(f"{target} must be a folder that can be written; got {error}") from error
    return Report(results, judgement, means, said, tuple(files))


def _figures(
    folder: Path, results: Results, judgement: Judgement, means: pd.DataFrame
) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    for problem, clouds in results.clouds.items():
        definition = main_definition(list(map(str, clouds["definition"].values)))
        known = [str(name) for name in clouds["activation"].values if name in activation_names()]
        if not known:
            continue
        for setting in map(str, clouds["setting"].values):
            cells = [results.cloud(problem, name, setting, definition) for name in known]
            if all("curvature" in cell for cell in cells):
                drawn[f"{problem}-{setting}-classes"] = plots.loss_gradient_cloud(cells)
            if all("saturation" in cell for cell in cells):
                drawn[f"{problem}-{setting}-saturation"] = plots.coloured_cloud(
                    cells, "saturation", "saturation"
                )
        for statistic, label in (
            ("semidefinite_share", "share of points without a negative eigenvalue"),
            ("test_loss", "test loss at the smallest training loss"),
        ):
            panels = panels_of(means, problem, statistic, known)
            if panels:
                drawn[f"{problem}-{statistic}"] = plots.estimate_rows(panels, label)
    for claim in judgement.verdicts["claim"]:
        grid = outcomes_of(judgement.conditions, claim)
        if grid is not None:
            drawn[f"claim-{claim}"] = plots.outcome_grid(*grid)
    paths = []
    for name, picture in drawn.items():
        paths.append(write_whole(folder / f"{name}.png", picture.png()))
    return paths


def main_definition(names: list[str]) -> str | None:
    """Return the definition of curvature that pictures take: the whole Hessian's default."""
    wanted = ["full 1e-08", *names]
    return next((name for name in wanted if name in names), None)


def panels_of(
    means: pd.DataFrame, problem: str, statistic: str, activations: Sequence[str]
) -> dict[str, dict[str, dict[str, tuple[float, float, float]]]]:
    """Return estimates for :func:`lossviz.plots.estimate_rows`: a panel per definition."""
    mine = means[
        (means["problem"] == problem)
        & (means["statistic"] == statistic)
        & means["activation"].isin(list(activations))
    ]
    return {
        definition or problem: {
            setting: {
                row.activation: (row.mean, row.low, row.high) for row in of_setting.itertuples()
            }
            for setting, of_setting in of_definition.groupby("setting", sort=False)
        }
        for definition, of_definition in mine.groupby("definition", sort=False)
    }


def outcomes_of(
    conditions: pd.DataFrame, claim: str
) -> tuple[dict[str, dict[str, str]], list[str]] | None:
    """Return a claim's outcomes for :func:`lossviz.plots.outcome_grid`; None if it has none."""
    mine = conditions[conditions["claim"] == claim]
    if mine.empty:
        return None
    rows: dict[str, dict[str, str]] = {}
    columns: list[str] = []
    for each in mine.itertuples():
        row = " · ".join(part for part in (each.problem, each.activation, each.setting) if part)
        parts = (each.statistic, each.definition, each.parameter)
        column = "\n".join(part for part in parts if part) or "all"
        rows.setdefault(row, {})[column] = each.outcome
        columns += [column] if column not in columns else []
    return rows, columns
