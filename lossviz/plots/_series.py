"""How series are told apart that are no activations: optimisers, ways, settings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.figure import Figure

from lossviz.activations import activation_names, get_activation
from lossviz.plots.style import Mark, mark

# The last four were searched for: apart for all readers, and dark enough on white.
SERIES = (
    Mark("#0072B2", "o", "-"),
    Mark("#D55E00", "^", (0, (6, 2))),
    Mark("#03A28A", "s", (0, (4, 1, 1, 1))),
    Mark("#672613", "D", (0, (1, 1))),
    Mark("#000000", "v", (0, (8, 2, 2, 2))),
    Mark("#0207FB", "P", (0, (4, 1, 1, 1, 1, 1))),
)

_SHORT = 32  # letters of four labels that one row has room for


def series_marks(what: str, labels: Iterable[str]) -> dict[str, Mark]:
    """Return how each label is drawn: activations as everywhere, others in turn."""
    labels = list(labels)
    known = set(activation_names())
    if labels and set(labels) <= known:
        return {label: mark(label) for label in labels}
    if len(labels) > len(SERIES):
        raise ValueError(
            f"{what} must have at most {len(SERIES)} entries to be told apart; got {len(labels)}."
        )
    return dict(zip(labels, SERIES, strict=False))


def called(label: str) -> str:
    """Return a label as it is written: the names of activations as everywhere."""
    return get_activation(label).label if label in activation_names() else label


def legend_of(figure: Figure, panels: np.ndarray) -> None:
    """Explain above a figure what any of its panels shows, each once."""
    shown = {
        label: handle
        for axes in np.ravel(panels)
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if shown:
        figure.legend(
            shown.values(), shown, loc="outside upper center", handlelength=3.2,
            ncols=4 if sum(map(len, shown)) <= _SHORT else 3,
        )  # fmt: skip
