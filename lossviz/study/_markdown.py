"""The report as Markdown."""

from __future__ import annotations

import pandas as pd

from lossviz.study.claims import Analysis
from lossviz.study.judgement import Judgement
from lossviz.study.results import Results

_SHOWN = ("convex_share", "semidefinite_share", "singular_share", "test_loss", "saturation")


def report(results: Results, judgement: Judgement, means: pd.DataFrame, analysis: Analysis) -> str:
    """Return the text of a report: verdicts, scale, estimates, and how claims were judged."""
    said = results.provenance
    verdicts = judgement.verdicts.drop(columns="claim").rename(columns={"text": "claim"})
    versions = ", ".join(f"{name} {number}" for name, number in said["versions"].items())
    parts = [
        f"# Study {results.plan.name!r}",
        f"Plan {said['plan_digest'][:12]}, seed {said['seed']}, {said['chunks']:,} chunks "
        f"({said['chunks_digest'][:12]}); {versions}.",
        "## Verdicts",
        table(verdicts),
        f"A comparison supports a claim if Cliff's delta is at least {analysis.least_delta:g} in "
        f"size the claimed way and its {100 * analysis.level:g} % interval excludes 0 (bootstrap "
        f"over splits, then walks, {analysis.resamples:,} resamples). A claim holds if it does "
        f"under at least {100 * analysis.holds_share:g} % of the conditions and fails under at "
        f"most {100 * analysis.fails_share:g} %. `conditions.csv` has each condition, "
        "`comparisons.csv` each comparison, `analysis.toml` the rules.",
        "## Scale",
        table(_scale(results)),
        "## Estimates",
        "Means over walks with intervals.",
        table(_short(means)),
    ]
    return "\n\n".join(parts) + "\n"


def table(data: pd.DataFrame) -> str:
    """Return a table as Markdown."""
    rows = [list(map(str, data.columns)), ["---"] * len(data.columns)]
    rows += [[_cell(value) for value in row] for row in data.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def _scale(results: Results) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "problem": part.name,
            "walks per cell": part.walks,
            "splits": len(part.splits),
            "curvature": part.curvature,
            "points with curvature per walk": "all" if part.curvature == "full" else part.points,
        }
        for part in results.plan.parts
    )


def _short(means: pd.DataFrame) -> pd.DataFrame:
    """Return the main statistics with an activation per column."""
    mine = means[means["statistic"].isin(_SHOWN)]
    rows = mine[["mean", "low", "high"]].to_numpy()
    said = [f"{mean:.3g} ({low:.3g} to {high:.3g})" for mean, low, high in rows]
    keys = ["problem", "setting", "statistic", "definition"]
    wide = mine.assign(said=said).pivot_table(
        index=keys, columns="activation", values="said", aggfunc="first", sort=False
    )
    return wide.reset_index().fillna("")
