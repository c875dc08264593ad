"""What the parts of the grader hand to each other."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

#: The statuses, from the mildest to the gravest: a submission gets its gravest.
STATUSES = ("ok", "partial", "timeout", "crashed", "check", "missing", "unreadable")

#: Only these have a score: a failure is never a 0.
SCORED = ("ok", "partial")


@dataclass(frozen=True)
class Limits:
    """What one student's code may use.

    Args:
        cell_seconds: Wall clock for one cell.
        total_seconds: Wall clock for the whole submission, restarts included.
        memory_mb: Memory of one process, and of all of a student's together.
        processes: Processes and threads at one time.
        disk_mb: Size of the private folder, and of any file in it.
        restarts: How often a submission is begun anew without the cell that stopped it.
    """

    cell_seconds: float = 60.0
    total_seconds: float = 600.0
    memory_mb: int = 2000
    processes: int = 32
    disk_mb: int = 64
    restarts: int = 12

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not value > 0:
                raise ValueError(f"{name} must be above 0, got {value!r}")


@dataclass(frozen=True)
class Event:
    """Something other than a wrong answer that keeps a question from being marked."""

    status: str
    reason: str


@dataclass(frozen=True)
class Step:
    """One cell of the notebook that is run: `kind` is given, answer, added, test or manual."""

    kind: str
    name: str
    cell_type: str
    source: str
    points: float = 0.0
    event: Event | None = None
    blank: bool = False  # an answer as it was handed out
    holds_id: bool = False  # the answer that is the student's id
    binds: tuple[str, ...] = ()  # names that the source's own cell defines
    seen: str = ""  # of a test, what students see of it


@dataclass(frozen=True)
class Rebuilt:
    """The pristine problem set with a student's answers in it."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    event: Event | None = None  # about the submission as a whole


@dataclass
class Run:
    """What became of one step: what it showed, its error, or what stopped it."""

    text: str = ""
    outputs: list[dict[str, str]] = field(default_factory=list)
    error: str | None = None  # the exception's name
    message: str = ""
    value: float | None = None  # a test's own partial credit
    event: Event | None = None


@dataclass(frozen=True)
class Question:
    """One graded cell: its points where it was marked, and why it was not where it was not."""

    name: str
    max_points: float
    points: float | None = None
    by_hand: bool = False
    note: str = ""


@dataclass(frozen=True)
class Result:
    """All that is known of one student's submission."""

    student: str
    problem_set: str
    status: str
    reason: str
    questions: tuple[Question, ...] = ()
    seconds: float = 0.0

    @property
    def score(self) -> float | None:
        """The sum of what tests marked, or None where no mark can be trusted alone."""
        if self.status not in SCORED:
            return None
        return sum(q.points for q in self.questions if not q.by_hand and q.points is not None)

    @property
    def max_score(self) -> float:
        """The points of all questions that are marked automatically."""
        return sum(q.max_points for q in self.questions if not q.by_hand)

    @property
    def max_total(self) -> float:
        """The points of all questions."""
        return sum(q.max_points for q in self.questions)
