"""The command line of the grader."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

from grading.classroom import Outcome, grade_class
from grading.exports import canvas, moodle
from grading.feedback import feedback, hidden_lines
from grading.gradebook import merge
from grading.ledger import marks_csv, plain_text, write_whole
from grading.model import SCORED, STATUSES, Limits
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
    try:
        return _grade(options)
    except (UserError, ValueError, OSError) as error:
        print(f"grade: {error}", file=sys.stderr)
        return 2


def _grade(options: argparse.Namespace) -> int:
    source = options.source or _HERE / "source" / options.problem_set
    path = source / f"{options.problem_set}.ipynb" if source.is_dir() else source
    released = None if options.source else _HERE.parent / "book/coursework" / path.name
    problem_set = read_problem_set(options.problem_set, path, options.release or released)
    out = options.out or options.marks.with_name(f"{options.marks.stem}-{options.problem_set}")
    limits = Limits(
        cell_seconds=options.cell_seconds,
        total_seconds=options.total_seconds,
        memory_mb=options.memory_mb,
        processes=options.processes,
    )
    if options.isolation != "full":
        print(f"weaker isolation, {options.isolation}: {ISOLATIONS[options.isolation]}")
    if options.checks == "beside":
        print("tests run beside the answers, which can see and change them")
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
        progress=lambda outcome: print(_line(outcome), flush=True),
    )
    names = [cell.name for cell in problem_set.questions]
    write_whole(options.marks, marks_csv([o.result for o in outcomes], names))
    _write_more(options, problem_set, outcomes, out)
    _summary(outcomes, time.monotonic() - started)
    return 0


def _write_more(
    options: argparse.Namespace, problem_set: ProblemSet, outcomes: list[Outcome], out: Path
) -> None:
    """What the marks are wanted for, beside the table."""
    results = [outcome.result for outcome in outcomes]
    hidden = hidden_lines(problem_set)
    for outcome in outcomes:
        path = out / "feedback" / outcome.result.student / f"{problem_set.name}.html"
        if outcome.fresh or not path.exists():
            write_whole(path, feedback(outcome.result, outcome.rebuilt, outcome.runs, hidden))
    if results:
        handed_out = "\n".join(cell.handed_out for cell in problem_set.cells)
        similar = hints({o.result.student: o.rebuilt for o in outcomes}, handed_out)
        write_whole(out / "report.html", report(results, similar))
        write_whole(out / "canvas.csv", canvas(results))
        write_whole(out / "moodle.csv", moodle(results))
    if options.gradebook is not None:
        changed = merge(options.gradebook, problem_set, results)
        print(f"gradebook: {len(changed)} submissions changed")


def _line(outcome: Outcome) -> str:
    result = outcome.result
    score = "" if result.score is None else f"{result.score:g}/{result.max_score:g}"
    return f"{plain_text(result.student)}  {result.status}  {score}  {result.seconds:.1f} s"


def _summary(outcomes: list[Outcome], seconds: float) -> None:
    counts = Counter(o.result.status for o in outcomes)
    listed = ", ".join(f"{counts[s]} {s}" for s in STATUSES if counts[s])
    fresh = sum(o.fresh for o in outcomes)
    print(
        f"{len(outcomes)} submissions ({fresh} graded now) in {seconds:.0f} s: {listed or 'none'}"
    )
    unscored = sum(o.result.status not in SCORED for o in outcomes)
    if unscored:
        print(f"{unscored} without a score need a person: see the column reason")


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
    parser.add_argument("--gradebook", type=Path, help="nbgrader's gradebook.db to merge into")
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
