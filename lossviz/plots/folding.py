"""How two hidden units fold the plane of XOR's inputs so that one line separates it."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from lossviz import _checks
from lossviz.landscape.mlp import Landscape
from lossviz.plots.style import Picture, grid, listed, styled

_FINE = 121


@styled
def folded_plane(landscape: Landscape, weights: Float[Tensor, "weight"]) -> Picture:
    """Draw a two-input, two-hidden-unit network's patterns before and after its hidden layer.

    Left, the plane of the inputs with the network's output as shades and the decision boundary
    (output 1/2) as a line; right, the same patterns and the same grid of inputs in the plane of
    the two hidden outputs, where the boundary is straight.

    Args:
        landscape: a landscape of a problem with layers 2-2-1, such as XOR.
        weights: one point of it, shape (num_weights,).

    Returns:
        A picture of two panels.

    Raises:
        ValueError: for another network or another shape of the weights.
        TypeError: if ``landscape`` is no landscape.

    Example:
        >>> landscape = Landscape("xor", "relu")
        >>> folded_plane(landscape, [1, 1, 1, 1, 0, -1, 4, -8, -2]).alt[:30]
        'Left, the four patterns in the'
    """
    if not isinstance(landscape, Landscape):
        raise TypeError(f"landscape must be a Landscape; got {type(landscape).__name__}.")
    if landscape.problem.layers != (2, 2, 1):
        raise ValueError(f"layers must be (2, 2, 1); got {landscape.problem.layers}.")
    point = torch.from_numpy(_checks.array("weights", weights, 9)).to(landscape.dtype)
    inputs, targets = landscape.problem.inputs, landscape.problem.targets[:, 0]
    hidden = landscape.hidden_outputs(point).numpy()
    outputs = landscape.outputs(point)[:, 0].numpy()
    figure, ((before, after),) = grid(1, 2, (3.7, 3.4))
    _input_plane(before, landscape, point)
    _hidden_plane(after, landscape, point)
    for axes, places in ((before, inputs), (after, hidden)):
        _patterns(axes, places, targets)
        _names(axes, places, inputs)
    before.legend(loc="upper right", fontsize="small", frameon=True, framealpha=0.9)
    told = [
        f"({', '.join(f'{v:g}' for v in pattern)}) goes to hidden outputs "
        f"({', '.join(f'{v:.2f}' for v in where)}) and output {out:.2f}"
        for pattern, where, out in zip(inputs, hidden, outputs, strict=True)
    ]
    alt = f"""Left, the four patterns in the plane of the inputs with the decision boundary;
        right, in the plane of the two hidden outputs, where the boundary is one straight line.
        Pattern {listed(told)}."""
    return Picture(figure, alt)


def _input_plane(axes: Axes, landscape: Landscape, point: Tensor) -> None:
    low, high = landscape.problem.inputs.min() - 0.5, landscape.problem.inputs.max() + 0.5
    side = np.linspace(low, high, _FINE)
    first, second = np.meshgrid(side, side)
    _, hidden_net = _hidden(landscape, point, np.stack([first.ravel(), second.ravel()], axis=1))
    net = hidden_net.reshape(first.shape)
    axes.contourf(
        first, second, 1 / (1 + np.exp(-net)), np.linspace(0, 1, 11), cmap="PuOr", alpha=0.6
    )
    if net.min() < 0 < net.max():
        axes.contour(first, second, net, [0.0], colors="black", linewidths=1.6)
    axes.set(title="before: the inputs", xlabel="input 1", ylabel="input 2", aspect="equal")
    axes.grid(visible=False)


def _hidden_plane(axes: Axes, landscape: Landscape, point: Tensor) -> None:
    low, high = landscape.problem.inputs.min() - 0.5, landscape.problem.inputs.max() + 0.5
    along, across = np.linspace(low, high, _FINE), np.linspace(low, high, 11)
    for value in across:
        for lines in (
            np.stack([along, np.full(_FINE, value)], 1),
            np.stack([np.full(_FINE, value), along], 1),
        ):
            image, _ = _hidden(landscape, point, lines)
            axes.plot(*image.T, color="#aaaaaa", linewidth=0.8)
    axes.set(title="after: the hidden outputs", xlabel="hidden output 1", ylabel="hidden output 2")
    places = landscape.hidden_outputs(point).numpy()
    margin = 0.35 * max(1e-3, float(np.ptp(places, axis=0).max()))
    (left, bottom), (right, top) = places.min(axis=0) - margin, places.max(axis=0) + margin
    (a, b), c = point[6:8].tolist(), float(point[8])
    if b:
        ends = np.array([left, right])
        axes.plot(ends, -(a * ends + c) / b, color="black", linewidth=1.6)
    elif a:
        axes.axvline(-c / a, color="black", linewidth=1.6)
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.grid(visible=False)


def _hidden(
    landscape: Landscape, point: Tensor, inputs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return hidden outputs (points, 2) and the output's net input (points,)."""
    w1, b1 = point[:4].reshape(2, 2).numpy(), point[4:6].numpy()
    hidden = landscape.activation(inputs @ w1.T + b1).numpy()
    return hidden, hidden @ point[6:8].numpy() + float(point[8])


def _patterns(axes: Axes, places: np.ndarray, targets: np.ndarray) -> None:
    for target, marker, colour in ((0, "o", "#B35806"), (1, "^", "#542788")):
        mine = places[targets == target]
        axes.plot(
            *mine.T, marker, color=colour, markersize=10, markeredgecolor="white",
            label=f"target {target}", zorder=5, clip_on=False,
        )  # fmt: skip


def _names(axes: Axes, places: np.ndarray, patterns: np.ndarray) -> None:
    """Write each pattern above its place; patterns at one place share a line beneath it."""
    shared: dict[tuple, list[str]] = {}
    for place, pattern in zip(places, patterns, strict=True):
        key = tuple(np.round(place, 6))
        shared.setdefault(key, []).append(f"({pattern[0]:g}, {pattern[1]:g})")
    for place, names in shared.items():
        alone = len(names) == 1
        axes.annotate(
            " and ".join(names), place, xytext=(-8, 8) if alone else (8, -13),
            textcoords="offset points", ha="right" if alone else "left",
            fontsize="small", zorder=6,
            bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1},
        )  # fmt: skip
