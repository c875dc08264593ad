"""Interactive figures that answer on a page without a kernel, and with a live one.

Displayed in a notebook, an explorer is HTML with all it needs. Its ES modules are in ``js/``.
"""

from lossviz.explorers._controls import Range, Select
from lossviz.explorers._explorer import Explorer
from lossviz.explorers.activation_lab import activation_lab
from lossviz.explorers.curvature_classifier import curvature_classifier
from lossviz.explorers.depth_thermometer import depth_thermometer
from lossviz.explorers.linked_cloud import linked_cloud
from lossviz.explorers.slice_liar import slice_liar
from lossviz.explorers.stability_edge import stability_edge
from lossviz.explorers.unit_graveyard import unit_graveyard
from lossviz.explorers.walk_race import walk_race
from lossviz.explorers.xor_landscape import xor_landscape

__all__ = [
    "Explorer",
    "Range",
    "Select",
    "activation_lab",
    "curvature_classifier",
    "depth_thermometer",
    "linked_cloud",
    "slice_liar",
    "stability_edge",
    "unit_graveyard",
    "walk_race",
    "xor_landscape",
]
