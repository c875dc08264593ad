"""Claims about the attractors of XOR, judged from the table of those that were found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from lossviz.study.claims import Claim

_CELL = ["problem", "setting", "gradient_tolerance"]


def attractor_rows(table: pd.DataFrame, claim: Claim) -> Iterator[dict[str, Any]]:
    """Say of each setting and tolerance whether each activation shows the predicted attractors."""
    for (problem, setting, tolerance), rows in _often(table, claim).groupby(_CELL, sort=False):
        found = [_predicted(mine, claim) for _, mine in rows.groupby("activation", sort=False)]
        yield {"claim": claim.name, "problem": problem, "setting": setting,
               "parameter": f"gradient up to {tolerance:g}",
               "outcome": "holds" if all(found) else "fails"}  # fmt: skip


def minima_rows(table: pd.DataFrame, claim: Claim) -> Iterator[dict[str, Any]]:
    """Say by each definition whether three of the attractors are minima."""
    columns = [name for name in table.columns if name.startswith("semidefinite ")]
    groups = _often(table, claim).groupby([*_CELL, "activation"], sort=False)
    for (problem, setting, tolerance, activation), rows in groups:
        for column in columns:
            minima = int((rows[column] >= claim.least_share).sum())
            outcome = "void" if not _predicted(rows, claim) else "holds" if minima == 3 else "fails"
            yield {"claim": claim.name, "problem": problem, "setting": setting,
                   "activation": activation, "definition": column.removeprefix("semidefinite "),
                   "parameter": f"gradient up to {tolerance:g}", "outcome": outcome}  # fmt: skip


def _often(table: pd.DataFrame, claim: Claim) -> pd.DataFrame:
    """Keep the attractors of the claim's problem that enough walks visit."""
    if table.empty:
        return pd.DataFrame(columns=[*_CELL, "activation", "level", "walk_share"])
    mine = (table["problem"] == claim.problem) & (table["walk_share"] >= claim.least_walk_share)
    return table[mine & table["gradient_tolerance"].isin(claim.gradient_tolerances)]


def _predicted(rows: pd.DataFrame, claim: Claim) -> bool:
    """Tell whether the levels found are those predicted, and no others."""
    distance = np.abs(rows["level"].to_numpy()[:, None] - np.array(claim.levels))
    near = distance <= claim.separation
    return bool(near.any(axis=0).all() and near.any(axis=1).all())
