"""From the chunks of a study to its results."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from lossviz import _checks
from lossviz.analysis.attractors import find_attractors, nearest_levels
from lossviz.analysis.valleys import find_valleys
from lossviz.study._clock import counted
from lossviz.study._errors import StudyError
from lossviz.study._toml import digest, to_toml
from lossviz.study.claims import Analysis, Claim
from lossviz.study.grid import Part
from lossviz.study.reading import read_cell
from lossviz.study.results import Results
from lossviz.study.store import Store
from lossviz.study.summary import at_points, counts, definitions, sampled_fairly, summarise

#: Points of each cell that are kept for pictures of clouds.
CLOUD_POINTS = 600

_PACKAGES = ("lossviz", "torch", "numpy", "scipy", "xarray")

# Bootstrap samples for the intervals of valleys, each of which fits a mixture.
_VALLEY_RESAMPLES = 500


def collect(
    folder: str | Path, analysis: Analysis, only: tuple[str, ...] | None = None,
    progress: bool | None = None,
) -> Results:  # fmt: skip
    """Reduce the chunks of a study to its results.

    Args:
        folder: the study's folder.
        analysis: how claims are judged: it says which quantiles and tolerances are needed.
        only: names of the problems that are reported; None for all.
        progress: whether to show a progress bar; None shows one in a terminal.

    Raises:
        StudyError: if chunks are missing or damaged.
    """
    store = Store.open(Path(folder))
    if only is not None:
        names = _checks.some_of("only", only, [part.name for part in store.plan.parts])
        store = Store(store.folder, store.plan.with_problems(names))
    missing = store.missing()
    if missing:
        parts = sorted({chunk.cell.part.name for chunk in missing})
        raise StudyError(
            f"{folder} must be complete: {len(missing)} of {len(store.plan.chunks)} chunks are "
            f"missing, of {', '.join(parts)}. Run the study to its end, or report on others only."
        )
    found = _Collected({}, {}, [], [])
    cells = [(p, a, s.name) for p in store.plan.parts for s in store.plan.settings
             for a in store.plan.activations]  # fmt: skip
    with counted(cells, "reading", progress) as shown:
        for part, activation, setting in shown:
            walks = read_cell(store, part.name, activation, setting)
            found.add(part, activation, setting, walks, analysis, store.plan.seed)
    return found.results(_provenance(store))


@dataclass
class _Collected:
    """Results in the making."""

    walks: dict[str, dict[tuple[str, str], xr.Dataset]]
    clouds: dict[str, dict[tuple[str, str], xr.Dataset]]
    valleys: list[dict[str, Any]]
    attractors: list[dict[str, Any]]

    def add(
        self, part: Part, activation: str, setting: str, walks: xr.Dataset, analysis: Analysis,
        seed: int,
    ) -> None:  # fmt: skip
        place = {"problem": part.name, "setting": setting, "activation": activation}
        labels = None
        for quantile in _quantiles(analysis):
            row, of_points = _valleys(walks, quantile, analysis)
            self.valleys.append(place | row)
            labels = of_points if quantile == _main_quantile(analysis) else labels
        for claim in analysis.claims:
            if claim.kind == "attractors" and claim.problem == part.name:
                self.attractors += [place | row for row in _attractors(walks, claim)]
        of_problem = (activation, setting)
        self.walks.setdefault(part.name, {})[of_problem] = _rounded(summarise(walks, labels))
        self.clouds.setdefault(part.name, {})[of_problem] = _rounded(_cloud(walks, seed))

    def results(self, provenance: dict[str, Any]) -> Results:
        return Results(
            {name: _joined(cells) for name, cells in self.walks.items()},
            {name: _joined(cells) for name, cells in self.clouds.items()},
            pd.DataFrame(self.valleys),
            pd.DataFrame(self.attractors),
            provenance,
        )


def _joined(cells: dict[tuple[str, str], xr.Dataset]) -> xr.Dataset:
    """Return the data sets of cells as one, over (activation, setting, ...)."""
    activations, settings = (list(dict.fromkeys(names)) for names in zip(*cells, strict=True))
    grid = [[cells[activation, setting] for setting in settings] for activation in activations]
    # Walks are the same in all cells; of points there may be fewer in short walks.
    found = xr.combine_nested(
        grid, ["activation", "setting"], data_vars="all", coords="minimal", compat="equals",
        join="outer", combine_attrs="override",
    )  # fmt: skip
    return found.assign_coords(activation=activations, setting=settings)


def _rounded(data: xr.Dataset) -> xr.Dataset:
    """Keep about four digits of numbers: they then take half the space."""
    return data.map(lambda each: each if each.dtype.kind != "f" else _to_bits(each))


def _to_bits(values: xr.DataArray, bits: int = 12) -> xr.DataArray:
    fraction, exponent = np.frexp(values)
    return np.ldexp(np.round(fraction * 2**bits) / 2**bits, exponent).astype(np.float32)


def _quantiles(analysis: Analysis) -> list[float]:
    lists = [c.quantiles for c in analysis.claims if c.kind == "valleys"]
    return sorted({_main_quantile(analysis), *(q for each in lists for q in each)})


def _main_quantile(analysis: Analysis) -> float:
    """Return the quantile of low points by which valleys are told apart within walks."""
    return next((c.quantile for c in analysis.claims if c.kind == "within"), 0.25)


def _valleys(
    walks: xr.Dataset, quantile: float, analysis: Analysis
) -> tuple[dict[str, Any], np.ndarray | None]:
    """Return what is found of valleys, and the label of each point; None if nothing can be."""
    try:
        found = find_valleys(
            walks, quantile=quantile, confidence=analysis.level,
            resamples=min(analysis.resamples, _VALLEY_RESAMPLES), seed=analysis.seed,
        )  # fmt: skip
    except ValueError as error:  # such as low points that all have the same gradient
        return {"quantile": quantile, "bimodal": False, "why": str(error)}, None
    row = {"quantile": quantile, "bimodal": found.bimodal, "level": found.level,
           "boundary": found.boundary, "bic_gain": found.bic_gain}  # fmt: skip
    for name in ("separation", "dip"):
        each = getattr(found, name)
        row |= {name: each.value, f"{name}_low": each.low, f"{name}_high": each.high}
    for valley in (found.wide, found.narrow):
        for name in ("gradient_norm", "loss", "share", "walks"):
            row[f"{valley.name}_{name}"] = getattr(valley, name)
    return row | {"why": ""}, found.labels


def _attractors(walks: xr.Dataset, claim: Claim) -> Iterator[dict[str, Any]]:
    loss, norm = walks["loss"].values, walks["gradient_norm"].values
    for tolerance in claim.gradient_tolerances:
        found = find_attractors(
            walks, gradient_tolerance=tolerance, separation=claim.separation, min_walks=1
        )
        nearest = nearest_levels(loss, norm, [each.level for each in found], tolerance)
        for number, each in enumerate(found):
            row = {"gradient_tolerance": tolerance, "level": each.level, "points": each.points,
                   "gradient_norm": each.gradient_norm, "walks": each.walks,
                   "walk_share": each.walk_share}  # fmt: skip
            for name in definitions(walks):
                mine = at_points(walks, nearest) == number
                row[f"semidefinite {name}"] = counts(walks, name)["semidefinite"][mine].mean()
            yield row


def _cloud(walks: xr.Dataset, seed: int) -> xr.Dataset:
    """Return some points of a cell, drawn uniformly from those that stand for the whole."""
    fair = sampled_fairly(walks)
    shape = at_points(walks, walks["loss"].values).shape
    places = np.flatnonzero(np.ones(shape, bool) if fair is None else fair)
    drawn = np.random.default_rng(seed).permutation(len(places))[:CLOUD_POINTS]
    mine = np.sort(places[drawn])
    kinds = {"loss": np.float32, "gradient_norm": np.float32, "saturation": np.float32,
             "test_loss": np.float32, "accuracy": np.float32}  # fmt: skip
    found = {
        name: ("point", at_points(walks, walks[name].values).ravel()[mine].astype(kind))
        for name, kind in kinds.items()
        if name in walks
    }
    names = definitions(walks)
    said = [counts(walks, each) for each in names]
    for name in said[0] if said else ():
        if name != "zero":
            stacked = np.stack([each[name].ravel()[mine] for each in said], axis=-1)
            found[name] = (("point", "definition"), stacked.astype(np.int8))
    return xr.Dataset(found, {"point": np.arange(len(mine)), "definition": names})


def _provenance(store: Store) -> dict[str, Any]:
    chunks = "\n".join(sorted(path.name for path in store.paths().values()))
    return {
        "plan": to_toml(store.plan),
        "sources": dict(store.plan.sources),
        "plan_digest": digest(store.plan),
        "seed": store.plan.seed,
        "command": f"lossviz study run PLAN --out DIR; plan {store.plan.name!r} is below as TOML",
        "chunks": len(store.plan.chunks),
        "chunks_digest": hashlib.sha256(chunks.encode()).hexdigest(),
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
    }
