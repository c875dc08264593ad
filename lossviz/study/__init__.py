"""Studies: plans, and runs that lose nothing. Files need ``pip install 'lossviz[study]'``."""

from lossviz.study._errors import StudyError
from lossviz.study._toml import to_toml
from lossviz.study.compute import compute
from lossviz.study.grid import Cell, Chunk, Part, Plan, Setting
from lossviz.study.plan import plan
from lossviz.study.run import Status, run, status
from lossviz.study.store import Store

__all__ = [
    "Cell",
    "Chunk",
    "Part",
    "Plan",
    "Setting",
    "Status",
    "Store",
    "StudyError",
    "compute",
    "plan",
    "run",
    "status",
    "to_toml",
]
