"""Run the lecturer's own answers first: if they do not earn every mark, no student's can."""

from __future__ import annotations

from grading.judge import judge
from grading.marking import run_all
from grading.model import Rebuilt
from grading.problem_set import ProblemSet
from grading.rebuild import as_step, student_ids
from grading.sandbox import Sandbox


def rehearse(sandbox: Sandbox, problem_set: ProblemSet) -> None:
    """Mark the source itself.

    It is trusted, and so leaves beside the package what numba compiles for it: students'
    processes, which may not write there, need not compile it again.

    Args:
        sandbox: Where processes come from.
        problem_set: What is to be marked.

    Raises:
        ValueError: If the source's answers do not earn all marks on this machine.
    """
    steps = tuple(as_step(cell, cell.source) for cell in problem_set.cells)
    name = next((i for step in steps for i in sorted(student_ids(step.source))), "")
    rebuilt = Rebuilt(steps)
    runs = run_all(sandbox, 0, rebuilt, name, trusted=True)
    result = judge(name, problem_set.name, rebuilt, runs)
    if result.score != result.max_score:
        notes = "; ".join(f"{q.name}: {q.note}" for q in result.questions if q.note)
        apart = sandbox.checks == "apart" and any(run.event for run in runs)
        hint = " (tests that need more than data go by --checks beside)" if apart else ""
        raise ValueError(
            f"the answers in the source of {problem_set.name} must earn all {result.max_score:g} "
            f"marks, but do not on this machine: {result.reason or notes}; no one was graded{hint}"
        )
