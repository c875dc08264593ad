"""Curvature classifier: two eigenvalues and a tolerance, the class, and what descent does."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lossviz.curvature.inertia import classify_eigenvalues
from lossviz.curvature.quadratics import quadratic_descent
from lossviz.explorers._controls import Range, State
from lossviz.explorers._explorer import Explorer
from lossviz.explorers._words import fixed
from lossviz.plots.style import Picture, grid, styled

_SIDE, _STEPS = 41, 60

# Descent starts this far from the critical point, and has arrived this close to it.
_START, _NEAR = 0.9, 0.01

# The ruler of relative sizes ends here, as a power of ten.
_LEAST = -12.0

_UP, _DOWN = "#D55E00", "#5E3C99"

_MEANING = {
    "convex": "the ground rises in every direction",
    "saddle": "the ground rises in one direction and falls in another",
    "singular": "the second order does not decide along what counts as flat",
    "concave": "the ground falls in every direction",
}


def curvature_classifier(
    first: float = 1.0, second: float = -0.3, tolerance: float = -8.0
) -> Explorer:
    r"""Return an explorer of critical points: two eigenvalues, a tolerance, the class.

    The ground is :math:`L(c) = \frac12 (\lambda_1 c_1^2 + \lambda_2 c_2^2)` for
    :math:`-1 \le c_1, c_2 \le 1`. Seen are the surface and its contours, the class and inertia
    under a relative tolerance (:func:`lossviz.classify_eigenvalues`), and 60 steps of gradient
    descent from a point 0.9 away from the middle (:func:`lossviz.quadratic_descent`).

    Args:
        first: the eigenvalue along the first axis, from -2 to 2 in steps of 0.05.
        second: that along the second axis, likewise.
        tolerance: rtol as a power of ten, from -10 to -0.5 in steps of 0.5.

    Returns:
        The explorer.

    Raises:
        ValueError: if a number is out of its range.
        TypeError: if a number is none.

    Example:
        >>> explorer = curvature_classifier(second=0.05)
        >>> [explorer.result(tolerance=power)["class"] for power in (-8, -1)]
        ['convex', 'singular']
    """
    controls = (
        Range("first", "Eigenvalue λ₁", -2.0, 2.0, 0.05, 1.0, 2).starting_at(first),
        Range("second", "Eigenvalue λ₂", -2.0, 2.0, 0.05, -0.3, 2).starting_at(second),
        Range("tolerance", "log₁₀ tolerance", -10.0, -0.5, 0.5, -8.0).starting_at(tolerance),
        Range("angle", "Start (degrees)", 0, 90, 1, 8, 0, more=True),
        Range("rate", "Size of steps", 0.05, 2.0, 0.05, 0.25, 2, more=True),
        Range("turn", "Turn (degrees)", -180, 180, 1, -35, 0, more=True),
        Range("tilt", "Tilt (degrees)", 10, 80, 1, 35, 0, more=True),
    )
    return Explorer(
        name="curvature_classifier",
        title="Curvature classifier",
        prompt="Descent starts exactly on the first axis of a saddle, at 0 degrees (under More). "
        "Where does it end? And one degree off?",
        note="Nothing here is random. An eigenvalue counts as zero when its size is at most the "
        f"tolerance times the largest. Descent takes up to {_STEPS} steps.",
        controls=controls,
        data={},
        compute=_compute,
        draw=_draw,
    )


def _compute(state: State) -> dict[str, Any]:
    values = np.array([state["first"], state["second"]])
    found = classify_eigenvalues(np.sort(values), 10.0 ** state["tolerance"])
    start = np.radians(state["angle"])
    path = quadratic_descent(
        values, _START * np.array([np.cos(start), np.sin(start)]), state["rate"], _STEPS + 1
    )
    # On an axis the other coordinate is 0, not what rounding makes of the cosine.
    path[:, [state["angle"] == 90, state["angle"] == 0]] = 0.0
    path = path[: _last(path) + 1]
    side = 2 * np.arange(_SIDE) / (_SIDE - 1) - 1
    result = {
        "class": found.names,
        "inertia": [int(n) for n in (found.positive, found.negative, found.zero)],
        "sizes": _sizes(values),
        "heights": _loss(values, np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)),
        "path": path,
        "losses": _loss(values, path),
    }
    return result | {"text": _in_words(state, result)}


def _loss(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    return (values[0] * points[:, 0] ** 2 + values[1] * points[:, 1] ** 2) / 2


def _last(path: np.ndarray) -> int:
    """Return the step at which a way has left the square or come near to the middle, or its end."""
    over = (np.abs(path).max(axis=1) > 1) | (np.hypot(*path.T) <= _NEAR)
    return int(over.argmax()) if over.any() else len(path) - 1


def _sizes(values: np.ndarray) -> list[float]:
    """Return log10 of sizes relative to the largest, not below the ruler's end."""
    largest = np.abs(values).max()
    shares = np.abs(values) / largest if largest > 0 else values
    return [max(_LEAST, float(np.log10(share))) if share > 0 else _LEAST for share in shares]


def _in_words(state: State, result: dict[str, Any]) -> str:
    factors = " and ".join(
        fixed(1 - state["rate"] * state[name], 3) for name in ("first", "second")
    )
    return (
        f"Eigenvalues {fixed(state['first'], 2)} and {fixed(state['second'], 2)}, tolerance "
        f"10^{fixed(state['tolerance'], 1)}: {result['class']}, {_MEANING[result['class']]}. "
        f"Inertia: {_inertia_in_words(result['inertia'])}. Each step of size "
        f"{fixed(state['rate'], 2)} multiplies the coordinates by {factors}. Descent from "
        f"{fixed(state['angle'], 0)}° {_way_in_words(result['path'])}. Turned by "
        f"{fixed(state['turn'], 0)}°, seen from {fixed(state['tilt'], 0)}° above."
    )


def _inertia_in_words(inertia: list[int]) -> str:
    kinds = ("positive", "negative", "zero")
    return ", ".join(f"{count} {kind}" for count, kind in zip(inertia, kinds, strict=True))


def _way_in_words(path: np.ndarray) -> str:
    steps, (x, y) = len(path) - 1, path[-1]
    if max(abs(x), abs(y)) > 1:
        axis = "first" if abs(x) > abs(y) else "second"
        return f"leaves along the {axis} axis: after {steps} steps it is outside the square"
    if np.hypot(x, y) <= _NEAR:
        return f"is within {fixed(_NEAR, 2)} of the critical point after {steps} steps"
    return f"is at {fixed(x, 2)}, {fixed(y, 2)} after {steps} steps"


@styled
def _draw(result: dict[str, Any], state: State) -> Picture:
    figure, (panels,) = grid(1, 3, (2.4, 2.3))
    _draw_map(panels[0], result)
    _draw_ruler(panels[1], result, state)
    panels[2].plot(result["losses"], color="black", marker=".")
    panels[2].set(title="loss along the way", xlabel="step", ylabel="loss")
    told = f"""Contours of a quadratic with a way of descent, a ruler of eigenvalues beside the
        tolerance, and the loss along the way. {result["text"]}"""
    return Picture(figure, told)


def _draw_map(axes: Axes, result: dict[str, Any]) -> None:
    side = np.linspace(-1, 1, _SIDE)
    heights = result["heights"].reshape(_SIDE, _SIDE)
    most = float(np.abs(heights).max()) or 1.0
    axes.contourf(side, side, heights, np.linspace(-most, most, 18), cmap="PuOr_r")
    axes.plot(*result["path"].T, color="black", linewidth=1.2, marker=".", markersize=4)
    axes.plot(*result["path"][0], "s", color="white", markeredgecolor="black", markersize=6)
    axes.grid(visible=False)
    axes.set(title=result["class"], xlabel="first axis", ylabel="second axis", aspect="equal",
             xlim=(-1, 1), ylim=(-1, 1))  # fmt: skip


def _draw_ruler(axes: Axes, result: dict[str, Any], state: State) -> None:
    axes.axvspan(_LEAST, state["tolerance"], color="#cccccc")
    for place, (name, size) in enumerate(zip(("first", "second"), result["sizes"], strict=True)):
        up = state[name] > 0
        axes.plot(size, place, "^" if up else "v", color=_UP if up else _DOWN, clip_on=False)
    axes.set(title="grey counts as zero", xlabel="log10 of relative size", ylim=(1.6, -0.6),
             xlim=(_LEAST, 0.3), yticks=(0, 1), yticklabels=("λ₁", "λ₂"))  # fmt: skip
