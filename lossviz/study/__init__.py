"""Studies: plans, and runs that lose nothing. Files need ``pip install 'lossviz[study]'``."""

from lossviz.study._errors import StudyError
from lossviz.study._toml import to_toml
from lossviz.study.claims import Analysis, Claim, analysis
from lossviz.study.compute import compute
from lossviz.study.cost import cost
from lossviz.study.estimates import estimates
from lossviz.study.grid import Cell, Chunk, Part, Plan, Setting
from lossviz.study.judgement import Judgement, judge
from lossviz.study.plan import plan
from lossviz.study.reading import read
from lossviz.study.report import Report, load_report, report
from lossviz.study.results import Results, load_results
from lossviz.study.run import Status, run, status
from lossviz.study.store import Store

__all__ = [
    "Analysis",
    "Cell",
    "Chunk",
    "Claim",
    "Judgement",
    "Part",
    "Plan",
    "Report",
    "Results",
    "Setting",
    "Status",
    "Store",
    "StudyError",
    "analysis",
    "compute",
    "cost",
    "estimates",
    "judge",
    "load_report",
    "load_results",
    "plan",
    "read",
    "report",
    "run",
    "status",
    "to_toml",
]
