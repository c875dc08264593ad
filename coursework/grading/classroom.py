"""Grade a whole class: several students at a time, each result kept as soon as it is known."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from grading.judge import judge
from grading.ledger import Ledger, key
from grading.marking import run_all
from grading.model import Event, Limits, Question, Rebuilt, Result, Run
from grading.problem_set import ProblemSet
from grading.rebuild import rebuild
from grading.rehearsal import rehearse
from grading.sandbox import Sandbox, check_isolation
from grading.submissions import read_submission, students
from grading.users import UserError

#: Part of what a mark depends on: raise it with any change that may change a mark.
VERSION = "2"


@dataclass(frozen=True)
class Outcome:
    """A student's result, the cells behind it, and whether it was made in this run."""

    result: Result
    rebuilt: Rebuilt
    runs: list[Run]
    fresh: bool


@dataclass(frozen=True)
class _Task:
    """A student to be graded, or found in the ledger."""

    student: str
    number: int
    made_from: str
    rebuilt: Rebuilt


def grade_class(
    problem_set: ProblemSet,
    submissions: Path,
    results: Path,
    limits: Limits,
    *,
    isolation: str = "full",
    checks: str = "apart",
    workers: int = 1,
    again: frozenset[str] = frozenset(),
    progress: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Grade every student's folder; what was graded before and has not changed is kept.

    Args:
        problem_set: What they were to do.
        submissions: A folder with a folder for each student.
        results: Where results are kept from run to run.
        limits: What a student's code may use.
        isolation: How their code is kept apart.
        checks: Whether tests run apart from answers, or beside them.
        workers: How many are graded at a time.
        again: Students, or statuses, whose kept results are not used.
        progress: Called with each outcome as it is known.

    Returns:
        One outcome for each student, by name.

    Raises:
        ValueError: If the folder or the number of workers is none, or the source's own answers
            do not earn all marks here.
        SandboxError: If students' code cannot be shut in as asked.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    check_isolation(isolation)
    ledger = Ledger(results)
    settings = repr((VERSION, asdict(limits), isolation, checks))
    outcomes, waiting = [], []
    for number, student in enumerate(students(submissions)):
        task = _task(problem_set, submissions, student, number, settings)
        kept = None if student in again else ledger.find(student, task.made_from)
        if kept is None or kept[0].status in again:
            waiting.append(task)
        else:
            outcomes.append(Outcome(kept[0], task.rebuilt, kept[1], fresh=False))
            progress(outcomes[-1])
    if waiting:
        with Sandbox(limits, isolation, problem_set.modules, checks) as sandbox:
            rehearse(sandbox, problem_set)
            for outcome in _grade_all(sandbox, problem_set, ledger, waiting, workers):
                outcomes.append(outcome)
                progress(outcome)
    return sorted(outcomes, key=lambda outcome: outcome.result.student)


def _task(problem_set: ProblemSet, folder: Path, student: str, number: int, settings: str) -> _Task:
    submission = read_submission(folder, student, problem_set.name)
    made_from = key(settings, student, problem_set.content, submission.digest)
    if submission.event is not None:
        return _Task(student, number, made_from, Rebuilt((), submission.notes, submission.event))
    try:
        rebuilt = rebuild(problem_set, submission.notebook, student)
    except Exception as error:
        rebuilt = Rebuilt((), event=_own_fault(student, error))
    rebuilt = replace(rebuilt, notes=submission.notes + rebuilt.notes)
    return _Task(student, number, made_from, rebuilt)


def _own_fault(student: str, error: Exception) -> Event:
    """No submission, whatever is in it, may end the run for the others."""
    print(f"grade: {student!r} is more than the grader can take:", file=sys.stderr)
    traceback.print_exception(error)
    return Event("check", f"the grader itself failed: {type(error).__name__}: {error}"[:300])


def _grade_all(
    sandbox: Sandbox, problem_set: ProblemSet, ledger: Ledger, tasks: list[_Task], workers: int
) -> Iterator[Outcome]:
    pool = ThreadPoolExecutor(workers)
    try:
        futures = [pool.submit(_grade, sandbox, problem_set, ledger, task) for task in tasks]
        for future in as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _grade(sandbox: Sandbox, problem_set: ProblemSet, ledger: Ledger, task: _Task) -> Outcome:
    started = time.monotonic()
    rebuilt = task.rebuilt
    try:
        runs = run_all(sandbox, task.number, rebuilt, task.student) if rebuilt.steps else []
    except UserError:
        raise  # the machine's fault, and so every student's
    except Exception as error:
        rebuilt, runs = Rebuilt((), rebuilt.notes, _own_fault(task.student, error)), []
    result = judge(task.student, problem_set.name, rebuilt, runs)
    if not rebuilt.steps:
        result = replace(
            result,
            questions=tuple(
                Question(c.name, c.points, by_hand=c.role == "manual")
                for c in problem_set.questions
            ),
        )
    result = replace(result, seconds=round(time.monotonic() - started, 3))
    ledger.keep(task.student, task.made_from, result, runs)
    return Outcome(result, rebuilt, runs, fresh=True)
