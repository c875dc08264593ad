"""From what became of each cell to marks, a status and its reason."""

from __future__ import annotations

from grading.model import STATUSES, Event, Question, Rebuilt, Result, Run, Step


def judge(student: str, problem_set: str, rebuilt: Rebuilt, runs: list[Run]) -> Result:
    """Mark a submission.

    A test that passes earns its points. One that fails earns 0 unless an event, not a wrong
    answer, may be why: then the question has no mark and the event is the submission's status.

    Args:
        student: The folder's name.
        problem_set: The set's name.
        rebuilt: The cells that were run.
        runs: What became of each.

    Returns:
        The questions, the gravest status among them, and its reason.
    """
    events: list[Event] = []  # of all cells so far
    own: list[Event] = []  # of the cells since the last test
    blamed: list[Event] = [rebuilt.event] if rebuilt.event else []
    errors: list[str] = []
    questions = []
    for step, run in zip(rebuilt.steps, runs, strict=True):
        found = [event for event in (step.event, run.event) if event is not None]
        events += found
        own += found
        given = step.kind == "given" and run.error not in (None, "NameError", "NotImplementedError")
        if given or (step.kind in ("answer", "added", "manual") and run.error and not step.blank):
            errors.append(f"{step.name}: {run.error}")
        if step.kind == "manual":
            questions.append(Question(step.name, step.points, by_hand=True, note=_words(found)))
            blamed += found
            own = []
        elif step.kind == "test":
            question, causes = _mark(step, run, own, events)
            questions.append(question)
            blamed += causes
            own = []
    status = max((e.status for e in blamed), key=STATUSES.index, default="ok")
    reason = _reason(blamed, events, errors, rebuilt)
    return Result(student, problem_set, status, reason, tuple(questions))


def _mark(
    step: Step, run: Run, own: list[Event], events: list[Event]
) -> tuple[Question, list[Event]]:
    if run.event is not None:
        return Question(step.name, step.points, note=run.event.reason), [run.event]
    if run.error is None:
        points = step.points if run.value is None else min(max(run.value, 0.0), step.points)
        return Question(step.name, step.points, points), []
    # A name may be missing because the cell that defines it was stopped, not because it is wrong.
    causes = own or (events if run.error == "NameError" else [])
    if causes:
        return Question(step.name, step.points, note=_words(causes)), list(causes)
    return Question(step.name, step.points, 0.0, note=f"{run.error}: {run.message}"), []


def _words(events: list[Event]) -> str:
    return "; ".join(dict.fromkeys(event.reason for event in events))


def _reason(blamed: list[Event], events: list[Event], errors: list[str], rebuilt: Rebuilt) -> str:
    """What a lecturer should know of this mark, the gravest first."""
    ordered = sorted(blamed, key=lambda e: -STATUSES.index(e.status))
    parts = [event.reason for event in [*ordered, *events]]
    answers = [s for s in rebuilt.steps if s.kind in ("answer", "manual")]
    if answers and all(step.blank for step in answers):
        parts.insert(0, "nothing was answered")
    parts += errors[:6]
    return "; ".join(dict.fromkeys([*parts, *rebuilt.notes]))
