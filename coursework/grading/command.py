"""The command line of the grader."""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections import Counter
from pathlib import Path

from grading.by_hand import (
    NOTHING,
    HandMarks,
    notebook_for_formgrader,
    read_marks,
    texts,
    with_marks,
)
from grading.classroom import Outcome, grade_class
from grading.exports import canvas, moodle
from grading.feedback import feedback, hidden_lines
from grading.gradebook import merge, prepare
from grading.ledger import hand_over, marks_csv, plain_text, write_if_new, write_whole
from grading.model import SCORED, STATUSES, Limits, Result
from grading.problem_set import ProblemSet, read_problem_set
from grading.report import report
from grading.sandbox import CHECKS, ISOLATIONS
from grading.similarity import hints
from grading.users import UserError

_HERE = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Grade, write what was asked for, and say in a few lines what happened.

    Returns:
        0 after a run, however bad the submissions; 2 if the run itself was not possible.
    """
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name may hold what the terminal cannot show
    try:
        return _grade(options)
    except (UserError, ValueError, OSError) as error:
        print(f"grade: {error}", file=sys.stderr)
        return 2


def _grade(options: argparse.Namespace) -> int:
    out = options.out or options.marks.with_name(f"{options.marks.stem}-{options.problem_set}")
    made = [out, options.marks]
    if options.gradebook is not None:
        made += [options.gradebook, options.gradebook.parent / "autograded"]
    made += {path.parent for path in made if not path.parent.exists()}
    try:
        return _graded(options, out)
    finally:
        if os.name == "posix" and os.geteuid() == 0 and "SUDO_UID" in os.environ:
            hand_over(made, int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))


def _graded(options: argparse.Namespace, out: Path) -> int:
    source = options.source or _HERE / "source" / options.problem_set
    path = source / f"{options.problem_set}.ipynb" if source.is_dir() else source
    released = None if options.source else _HERE.parent / "book/coursework" / path.name
    problem_set = read_problem_set(options.problem_set, path, options.release or released)
    if options.gradebook is not None:
        prepare(options.gradebook, problem_set)
    limits = Limits(
        cell_seconds=options.cell_seconds,
        total_seconds=options.total_seconds,
        memory_mb=options.memory_mb,
        processes=options.processes,
    )
    if options.isolation != "full":
        _say(f"weaker isolation, {options.isolation}: {ISOLATIONS[options.isolation]}")
    if options.checks == "beside":
        _say("tests run beside the answers, which can see and change them")
    started = time.monotonic()
    outcomes = grade_class(
        problem_set,
        options.submissions,
        out / "results",
        limits,
        isolation=options.isolation,
        checks=options.checks,
        workers=options.workers,
        again=frozenset(options.again),
        progress=lambda outcome: _say(_line(outcome)),
    )
    names = [cell.name for cell in problem_set.questions]
    # First what nothing else can spoil; then with what stands in the gradebook.
    write_whole(options.marks, marks_csv([o.result for o in outcomes], names))
    given, trouble = _through_gradebook(options.gradebook, problem_set, outcomes)
    results = _write_more(given, problem_set, outcomes, out)
    write_if_new(options.marks, marks_csv(results, names))
    _summary(outcomes, time.monotonic() - started)
    if trouble is not None:
        print(f"grade: all else is written, but {trouble}", file=sys.stderr)
    return 0 if trouble is None else 2


def _write_more(
    given: dict[str, HandMarks] | None, problem_set: ProblemSet, outcomes: list[Outcome], out: Path
) -> list[Result]:
    """What the marks are wanted for, beside the table; return them with those given by hand."""
    by_hand = given or {}
    results = [with_marks(o.result, by_hand.get(o.result.student, NOTHING)) for o in outcomes]
    hidden = hidden_lines(problem_set)
    for outcome, result in zip(outcomes, results, strict=True):
        path = out / "feedback" / result.student / f"{problem_set.name}.html"
        marks = by_hand.get(result.student, NOTHING)
        write_if_new(path, feedback(result, outcome.rebuilt, outcome.runs, hidden, marks))
    if results:
        handed_out = "\n".join(cell.handed_out for cell in problem_set.cells)
        similar = hints({o.result.student: o.rebuilt for o in outcomes}, handed_out)
        totals = None if given is None else {name: m.total for name, m in given.items()}
        write_whole(out / "report.html", report(results, similar))
        write_whole(out / "canvas.csv", canvas(results, totals))
        write_whole(out / "moodle.csv", moodle(results, totals))
    return results


def _through_gradebook(
    path: Path | None, problem_set: ProblemSet, outcomes: list[Outcome]
) -> tuple[dict[str, HandMarks] | None, ValueError | None]:
    """Merge, lay out what formgrader shows, and read what people marked; or what was in the way."""
    if path is None:
        return None, None
    name, laid_out, new = problem_set.name, {}, {}
    for outcome in outcomes:
        student = outcome.result.student
        place = path.parent / "autograded" / student / name / f"{name}.ipynb"
        if outcome.rebuilt.steps:
            laid_out[place] = notebook_for_formgrader(problem_set, outcome.rebuilt, outcome.runs)
        now = texts(laid_out.get(place, b""))
        before = texts(place.read_bytes() if place.is_file() else b"")
        new[student] = {cell for cell in before if before[cell] != now.get(cell)}
    try:
        changed = merge(path, problem_set, [outcome.result for outcome in outcomes], new)
        given = read_marks(path, name)
    except ValueError as error:
        return None, error
    for place, content in laid_out.items():  # last, as the next run compares with them
        write_if_new(place, content)
    _say(f"gradebook: {len(changed)} submissions changed")
    handed_in = {o.result.student for o in outcomes if o.result.status != "missing"}
    return {student: marks for student, marks in given.items() if student in handed_in}, None


def _say(text: str) -> None:
    """Tell how the run goes; nobody listening is no reason to stop it."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _line(outcome: Outcome) -> str:
    result = outcome.result
    score = "" if result.score is None else f"{result.score:g}/{result.max_score:g}"
    return f"{plain_text(result.student)}  {result.status}  {score}  {result.seconds:.1f} s"


def _summary(outcomes: list[Outcome], seconds: float) -> None:
    counts = Counter(o.result.status for o in outcomes)
    listed = ", ".join(f"{counts[s]} {s}" for s in STATUSES if counts[s])
    fresh = sum(o.fresh for o in outcomes)
    _say(f"{len(outcomes)} submissions ({fresh} graded now) in {seconds:.0f} s: {listed or 'none'}")
    unscored = sum(o.result.status not in SCORED for o in outcomes)
    if unscored:
        _say(f"{unscored} without a score need a person: see the column reason")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="grade", description=__doc__)
    parser.add_argument("problem_set", help="the set's name, as in ps1")
    parser.add_argument(
        "--submissions", type=Path, required=True, help="folder of STUDENT/ps1/ps1.ipynb"
    )
    parser.add_argument("--marks", type=Path, required=True, help="the table to write")
    parser.add_argument("--source", type=Path, help="the set's source, if elsewhere")
    parser.add_argument("--release", type=Path, help="the student's version, if elsewhere")
    parser.add_argument("--out", type=Path, help="folder for results, feedback and reports")
    parser.add_argument(
        "--gradebook",
        type=Path,
        help="nbgrader's gradebook.db to merge into; `autograded` is written beside it",
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--isolation", choices=ISOLATIONS, default="full", help="how far apart")
    parser.add_argument(
        "--checks", choices=CHECKS, default="apart", help="where tests run, seen from the answers"
    )
    parser.add_argument("--again", nargs="*", default=[], help="students or statuses to grade anew")
    defaults = Limits()
    parser.add_argument("--cell-seconds", type=float, default=defaults.cell_seconds)
    parser.add_argument("--total-seconds", type=float, default=defaults.total_seconds)
    parser.add_argument("--memory-mb", type=int, default=defaults.memory_mb)
    parser.add_argument("--processes", type=int, default=defaults.processes)
    return parser
