"""The class at a glance: a page for the lecturer."""

from __future__ import annotations

import io
from collections import Counter

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from grading.model import SCORED, STATUSES, Result
from grading.pages import escape, page, picture, table
from grading.similarity import Hint


def report(results: list[Result], similar: list[Hint]) -> bytes:
    """The class report.

    Args:
        results: All students' results.
        similar: Pairs of students to look at.

    Raises:
        ValueError: If there is no result.
    """
    if not results:
        raise ValueError("a report needs at least one result, got none")
    counts = Counter(result.status for result in results)
    parts = [
        f"<p>{len(results)} students. Scores are of questions marked by tests; "
        "what has no score is not counted as 0.</p>",
        table("Statuses", ["status", "students"], [[s, counts[s]] for s in STATUSES if counts[s]]),
        *_distribution(results),
        *_difficulty(results),
        *_to_look_at(results),
        *_similar(similar),
    ]
    return page(f"{results[0].problem_set}: class report", parts)


def _distribution(results: list[Result]) -> list[str]:
    scores = np.array([r.score for r in results if r.score is not None])
    most = max(r.max_score for r in results)
    if not len(scores) or not most:
        return ["<h2>Marks</h2>", "<p>Nobody has a score by tests.</p>"]
    low, middle, high = np.percentile(scores, [25, 50, 75])
    said = (
        f"Scores of {len(scores)} students, from {scores.min():g} to {scores.max():g} of {most:g}; "
        f"half of them from {low:g} to {high:g}, median {middle:g}."
    )
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.add_subplot()
    edges = np.linspace(0, most, min(int(most), 20) + 1)
    axes.hist(scores, bins=edges, color="#4477aa", edgecolor="white")
    axes.axvline(middle, color="#aa3377", linestyle="--", label=f"median {middle:g}")
    axes.set(xlabel="score", ylabel="students", xlim=(0, most))
    axes.legend()
    return ["<h2>Marks</h2>", picture(_png(figure), f"Histogram. {said}"), f"<p>{said}</p>"]


def _difficulty(results: list[Result]) -> list[str]:
    marked: dict[str, list[float]] = {}
    for result in results:
        for q in result.questions:
            if not q.by_hand and q.max_points > 0:
                marked.setdefault(q.name, [])
                if q.points is not None and result.status != "check":
                    marked[q.name].append(q.points / q.max_points)
    rows = [[name, _mean(shares), len(shares)] for name, shares in marked.items()]
    known = [(name, share) for name, share, count in rows if count]
    if not known:
        return []
    figure = Figure(figsize=(7, 0.6 + 0.3 * len(known)), layout="constrained")
    axes = figure.add_subplot()
    axes.barh([name for name, _ in known], [share for _, share in known], color="#4477aa")
    axes.invert_yaxis()
    axes.set(xlabel="mean share of its marks, in %", xlim=(0, 100))
    hardest = min(known, key=lambda pair: pair[1])
    said = f"Bars, one a question. {hardest[0]} earned least, {hardest[1]:g} % of its marks."
    head = ["question", "mean share in %", "students marked"]
    return [
        "<h2>Questions</h2>",
        picture(_png(figure), said),
        table("Questions by tests", head, [list(row) for row in rows]),
    ]


def _mean(shares: list[float]) -> float | str:
    return round(100 * float(np.mean(shares)), 1) if shares else ""


def _to_look_at(results: list[Result]) -> list[str]:
    rows = [[r.student, r.status, r.reason] for r in results if r.status not in SCORED]
    if not rows:
        return []
    head = ["student", "status", "reason"]
    return ["<h2>To look at</h2>", table("Submissions without a score", head, rows)]


def _similar(similar: list[Hint]) -> list[str]:
    words = (
        "Pairs that share passages which few others wrote. A hint is a reason to read both, "
        "and no proof of anything."
    )
    rows = [[h.first, h.second, round(100 * h.share), h.passages] for h in similar]
    head = ["first", "second", "share in %", "passages"]
    shown = table("Closest pairs", head, rows) if rows else "<p>None was found.</p>"
    return ["<h2>Similar answers</h2>", f"<p>{escape(words)}</p>", shown]


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream)
    return stream.getvalue()
