"""Grade a whole class: several students at a time, each result kept as soon as it is known."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from grading.judge import judge
from grading.ledger import Ledger, key
from grading.marking import run_all
from grading.model import Limits, Question, Rebuilt, Result, Run
from grading.problem_set import ProblemSet
from grading.rebuild import rebuild
from grading.sandbox import Sandbox
from grading.submissions import read_submission, students

#: Part of what a mark depends on: raise it with any change that may change a mark.
VERSION = "1"


@dataclass(frozen=True)
class Outcome:
    """A student's result, the cells behind it, and whether it was made in this run."""

    result: Result
    rebuilt: Rebuilt
    runs: list[Run]
    fresh: bool


class _Room:
    """What all students of a run share; the sandbox is started when first needed."""

    def __init__(self, problem_set: ProblemSet, limits: Limits, isolation: str) -> None:
        self.problem_set, self.limits, self.isolation = problem_set, limits, isolation

    @cached_property
    def sandbox(self) -> Sandbox:
        return Sandbox(self.limits, self.isolation)

    def close(self) -> None:
        if "sandbox" in self.__dict__:
            self.sandbox.close()


def grade_class(
    problem_set: ProblemSet,
    submissions: Path,
    results: Path,
    limits: Limits,
    *,
    isolation: str = "full",
    workers: int = 1,
    again: frozenset[str] = frozenset(),
    progress: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Grade every student's folder.

    Args:
        problem_set: What they were to do.
        submissions: A folder with a folder for each student.
        results: Where results are kept from run to run.
        limits: What a student's code may use.
        isolation: How their code is kept apart.
        workers: How many are graded at a time.
        again: Students, or statuses, whose kept results are not used.
        progress: Called with each outcome as it is known.

    Returns:
        One outcome for each student, by name.

    Raises:
        ValueError: If the folder or the number of workers is none.
        SandboxError: If students' code cannot be shut in as asked.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    names = students(submissions)
    ledger, room = Ledger(results), _Room(problem_set, limits, isolation)
    outcomes = []
    pool = ThreadPoolExecutor(workers)
    try:
        room.sandbox  # started by the main thread, whose end it must not outlive
        futures = [
            pool.submit(_student, room, ledger, submissions, name, number, again)
            for number, name in enumerate(names)
        ]
        for future in as_completed(futures):
            outcomes.append(future.result())
            progress(outcomes[-1])
    finally:
        pool.shutdown(cancel_futures=True)
        room.close()
    return sorted(outcomes, key=lambda outcome: outcome.result.student)


def _student(
    room: _Room, ledger: Ledger, folder: Path, name: str, number: int, again: frozenset[str]
) -> Outcome:
    started = time.monotonic()
    problem_set = room.problem_set
    submission = read_submission(folder, name, problem_set.name)
    limits = repr(asdict(room.limits))
    made_from = key(VERSION, name, problem_set.content, submission.digest, limits, room.isolation)
    if submission.event is not None:
        rebuilt = Rebuilt((), submission.notes, submission.event)
    else:
        rebuilt = rebuild(problem_set, submission.notebook, name)
        rebuilt = replace(rebuilt, notes=submission.notes + rebuilt.notes)
    kept = None if name in again else ledger.find(name, made_from)
    if kept is not None and kept[0].status not in again:
        return Outcome(kept[0], rebuilt, kept[1], fresh=False)
    runs = run_all(room.sandbox, number, rebuilt, name) if rebuilt.steps else []
    result = judge(name, problem_set.name, rebuilt, runs)
    if not rebuilt.steps:
        unmarked = (Question(c.name, c.points, by_hand=c.role == "manual") for c in problem_set.questions)
        result = replace(result, questions=tuple(unmarked))
    result = replace(result, seconds=round(time.monotonic() - started, 3))
    ledger.keep(name, made_from, result, runs)
    return Outcome(result, rebuilt, runs, fresh=True)
