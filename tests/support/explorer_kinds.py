"""An explorer of every kind, for tests of what all of them must do."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import xarray as xr

import lossviz as lv


@cache
def make(kind: str) -> lv.explorers.Explorer:
    """Return an explorer of a kind, with its defaults."""
    return _MAKERS[kind]()


# When this is imported no test has registered a function of its own.
_ZOO = lv.activation_names()


def _lab() -> lv.explorers.Explorer:
    return lv.explorers.activation_lab(functions=_ZOO)


def _thermometer() -> lv.explorers.Explorer:
    return lv.explorers.depth_thermometer(functions=_ZOO)


def _cloud() -> lv.explorers.Explorer:
    iris = lv.Landscape("iris", "elu")
    measures = ("loss", "gradient_norm", "curvature", "saturation", "weights")
    walks = lv.progressive_gradient_walk(iris, 9, 100, 0.2, 1.0, seed=0, measures=measures)
    return lv.explorers.linked_cloud(walks, iris, log=True)


def _edge() -> lv.explorers.Explorer:
    path = Path(__file__).resolve().parents[2] / "book" / "results" / "stability.nc"
    return lv.explorers.stability_edge(xr.load_dataset(path), "relu", 1.4)


_MAKERS = {
    "activation_lab": _lab,
    "curvature_classifier": lv.explorers.curvature_classifier,
    "depth_thermometer": _thermometer,
    "linked_cloud": _cloud,
    "slice_liar": lv.explorers.slice_liar,
    "stability_edge": _edge,
    "unit_graveyard": lv.explorers.unit_graveyard,
    "walk_race": lv.explorers.walk_race,
    "xor_landscape": lv.explorers.xor_landscape,
}

KINDS = sorted(_MAKERS)
