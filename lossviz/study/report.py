"""``lossviz study report``: verdicts, tables and figures of a study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from lossviz import plots
from lossviz._files import write_whole
from lossviz.activations import activation_names
from lossviz.plots.style import Picture
from lossviz.study import _markdown
from lossviz.study._errors import StudyError
from lossviz.study.claims import Analysis
from lossviz.study.claims import analysis as read_analysis
from lossviz.study.collect import collect
from lossviz.study.estimates import estimates
from lossviz.study.judgement import Judgement, judge
from lossviz.study.results import Results, load_results, read_table

# By panel, row and activation: mean, lower and upper end.
Panels = dict[str, dict[str, dict[str, tuple[float, float, float]]]]

# Digits that tables keep.
_FORMAT = "%.5g"
_TABLES = ("verdicts", "conditions", "comparisons", "estimates")
_NUMBERS = (
    "delta", "delta_low", "delta_high", "first_mean", "first_low", "first_high", "other_mean",
    "other_low", "other_high",
)  # fmt: skip

# What is drawn of estimates, and what it is called.
_SHOWN = {
    "semidefinite_share": "share of points without a negative eigenvalue",
    "test_loss": "test loss at the smallest training loss",
}


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

    def panels(
        self, problem: str, statistic: str, definitions: Sequence[str] | None = None
    ) -> Panels:
        """Return estimates for :func:`lossviz.plots.estimate_rows`.

        Args:
            problem: its name.
            statistic: one of those in ``estimates``, such as ``"test_loss"``.
            definitions: of curvature, where the statistic depends on it; None for all.

        Returns:
            Mean, lower and upper end of its interval, by definition (or the problem's name),
            setting and activation of the zoo. Empty if there are none.
        """
        rows = self.estimates
        mine = rows[
            (rows["problem"] == problem)
            & (rows["statistic"] == statistic)
            & rows["activation"].isin(activation_names())
        ]
        if definitions is not None:
            mine = mine[mine["definition"].isin(list(definitions))]
        panels: Panels = {}
        for row in mine.to_dict("records"):
            panel = panels.setdefault(row["definition"] or problem, {})
            interval = (row["mean"], row["low"], row["high"])
            panel.setdefault(row["setting"], {})[row["activation"]] = interval
        return panels

    def outcomes(self, claim: str) -> tuple[dict[str, dict[str, str]], list[str]]:
        """Return a claim's outcomes for :func:`lossviz.plots.outcome_grid`.

        Args:
            claim: its name, such as ``"most-convex"``.

        Returns:
            For each row, by problem, activation and setting, and each column, by statistic,
            definition and parameter, the outcome; and the columns in their order. Rows and
            columns without anything to compare are left out.
        """
        mine = self.judgement.conditions
        mine = mine[(mine["claim"] == claim) & (mine["outcome"] != "void")]
        rows: dict[str, dict[str, str]] = {}
        columns: dict[str, None] = {}
        for each in mine.to_dict("records"):
            row = " · ".join(each[key] for key in ("problem", "activation", "setting") if each[key])
            parts = [each[key] for key in ("statistic", "definition", "parameter") if each[key]]
            column = "\n".join(parts).replace("_share", "") or "all"
            rows.setdefault(row, {})[column] = each["outcome"]
            columns[column] = None
        return rows, list(columns)


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
    found = Report(results, judge(results, said), estimates(results, said), said, ())
    files = results.save(target)
    try:
        files += [write_whole(target / name, text.encode()) for name, text in _texts(found)]
        if figures:
            (target / "figures").mkdir(parents=True, exist_ok=True)
            files += [
                write_whole(target / "figures" / f"{name}.png", picture.png())
                for name, picture in _figures(found)
            ]
    except OSError as error:
        raise StudyError(f"{target} must be a folder that can be written; got {error}") from error
    return replace(found, files=tuple(files))


def load_report(folder: str | Path) -> Report:
    """Read a report that was written; figures are not read.

    Args:
        folder: where it is, such as ``"DIR/report"``.

    Raises:
        StudyError: if there is none, or the numbers per walk are not as they were written.
    """
    folder = Path(folder)
    results, said = load_results(folder), read_analysis(folder / "analysis.toml")
    try:
        tables = {
            name: read_table(folder / f"{name}.csv", keep_default_na=False, na_values={
                column: [""] for column in _NUMBERS}) for name in _TABLES
        }  # fmt: skip
    except (OSError, ValueError) as error:
        raise StudyError(f"{folder} must be a folder with a report; got {error}") from error
    means = tables.pop("estimates")
    return Report(results, Judgement(**tables), means, said, ())


def _texts(found: Report) -> Iterator[tuple[str, str]]:
    """Yield the report's texts by the names of their files."""
    for name in _TABLES:
        table = found.estimates if name == "estimates" else getattr(found.judgement, name)
        yield f"{name}.csv", table.to_csv(index=False, float_format=_FORMAT)
    yield "analysis.toml", found.analysis.text
    yield (
        "report.md",
        _markdown.report(found.results, found.judgement, found.estimates, found.analysis),
    )


def _figures(found: Report) -> Iterator[tuple[str, Picture]]:
    """Yield the report's pictures by name."""
    for problem, clouds in found.results.clouds.items():
        definition = main_definition(list(map(str, clouds["definition"].values)))
        known = [str(name) for name in clouds["activation"].values if name in activation_names()]
        for setting in map(str, clouds["setting"].values) if known else ():
            cells = [found.results.cloud(problem, name, setting, definition) for name in known]
            if all("curvature" in cell for cell in cells):
                yield f"{problem}-{setting}-classes", plots.loss_gradient_cloud(cells)
            if all("saturation" in cell for cell in cells):
                picture = plots.coloured_cloud(cells, "saturation", "saturation")
                yield f"{problem}-{setting}-saturation", picture
        for statistic, label in _SHOWN.items():
            panels = found.panels(problem, statistic)
            if panels:
                yield f"{problem}-{statistic}", plots.estimate_rows(panels, label)
    for claim in found.judgement.verdicts["claim"]:
        outcomes, columns = found.outcomes(claim)
        if columns:
            yield f"claim-{claim}", plots.outcome_grid(outcomes, columns)


def main_definition(names: list[str]) -> str | None:
    """Return the definition of curvature that pictures take: the whole Hessian's default."""
    wanted = ["full 1e-08", *names]
    return next((name for name in wanted if name in names), None)
