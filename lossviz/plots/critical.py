"""Pictures about critical points: quadratics, zero eigenvalues, rare signs, index against loss."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes

from lossviz import _checks
from lossviz.plots import _inputs as inputs
from lossviz.plots.style import Mark, Picture, grid, listed, styled

# Groups that are no activations, in the order in which they are drawn.
_LOOKS = (
    Mark("#0072B2", "o", "-"),
    Mark("#D55E00", "^", (0, (6, 2))),
    Mark("#009E73", "s", (0, (4, 1, 1, 1))),
    Mark("#CC79A7", "D", (0, (1, 1))),
    Mark("#444444", "x", (0, (3, 3))),
)

_SIDE = 61


@styled
def quadratic_gallery(
    gallery: Mapping[str, Float[np.ndarray, "2"]],
    paths: Mapping[str, Float[np.ndarray, "step 2"]],
) -> Picture:
    r"""Draw quadratics of two weights as contours, and a way through each.

    .. math::

        L(w) = \frac12 (\lambda_1 w_1^2 + \lambda_2 w_2^2), \qquad -1 \le w_1, w_2 \le 1.

    Args:
        gallery: for each panel's title, the eigenvalues, shape (2,).
        paths: for each of these titles, points of a way, shape (step, 2); what lies outside the
            square is cut off.

    Returns:
        A picture with a panel for each title; all share their colours.

    Raises:
        ValueError: if there is no panel, titles differ, or numbers are not two or not finite.

    Example:
        >>> quadratic_gallery({"saddle": (1.0, -1.0)}, {"saddle": [(0.9, 0.1), (0.1, 0.9)]}).alt
        'Contours of quadratics, with ways of descent. saddle, eigenvalues 1 and -1: from (0.9,
        0.1) to (0.1, 0.9).'
    """
    gallery, paths = inputs.mapping("gallery", gallery), inputs.mapping("paths", paths)
    if list(gallery) != list(paths):
        raise ValueError(f"paths must have the titles {list(gallery)}; got {list(paths)}.")
    figure, (axes,) = grid(1, len(gallery), (2.1, 2.3), sharex=True, sharey=True)
    pairs = {title: inputs.line("gallery", pair, 2) for title, pair in gallery.items()}
    most = max(float(np.abs(pair).sum()) for pair in pairs.values()) / 2 or 1.0
    told = []
    for ax, (title, pair) in zip(axes, pairs.items(), strict=True):
        way = _checks.array("paths", paths[title], None, 2)
        _quadratic(ax, pair, way, most)
        ax.set(title=title, xlabel="$w_1$")
        ends = " to ".join(f"({point[0]:.1f}, {point[1]:.1f})" for point in way[[0, -1]])
        told.append(f"{title}, eigenvalues {pair[0]:g} and {pair[1]:g}: from {ends}.")
    axes[0].set_ylabel("$w_2$")
    return Picture(figure, f"Contours of quadratics, with ways of descent. {' '.join(told)}")


def _quadratic(axes: Axes, pair: np.ndarray, way: np.ndarray, most: float) -> None:
    side = np.linspace(-1, 1, _SIDE)
    heights = (pair[0] * side**2 + pair[1] * side[:, None] ** 2) / 2
    axes.contourf(side, side, heights, np.linspace(-most, most, 18), cmap="PuOr_r")
    axes.contour(side, side, heights, np.linspace(-most, most, 18), colors="white", linewidths=0.4)
    axes.plot(*way.T, color="black", linewidth=1.2, marker="o", markersize=2.5)
    axes.plot(*way[0], marker="s", color="white", markeredgecolor="black", markersize=7)
    axes.plot(0, 0, marker="+", color="black", markersize=9)
    axes.grid(visible=False)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal", xticks=(-1, 0, 1), yticks=(-1, 0, 1))


@styled
def zero_counts(
    rtols: Float[np.ndarray, "tolerance"],
    counts: Mapping[str, Float[np.ndarray, "tolerance"]],
    known: int,
) -> Picture:
    """Draw how many eigenvalues count as zero against the tolerance, beside a known number.

    Args:
        rtols: relative tolerances, positive, shape (tolerances,).
        counts: for each label, such as a precision, numbers of zeros or their means over points,
            shape (tolerances,); at most five labels.
        known: the number of zeros in exact arithmetic, at least 0.

    Returns:
        A picture of one panel; the known number is a dotted line.

    Raises:
        ValueError: if there is no label or too many, shapes differ, or a number is out of range.
        TypeError: if ``known`` is no integer.

    Example:
        >>> zero_counts([1e-9, 1e-3], {"float64": [5.0, 7.5]}, known=5).alt
        'Eigenvalues that count as zero against the relative tolerance, from 1e-09 to 1e-03; 5 are
        known. float64: 5 at 1e-09 and 8 at 1e-03.'
    """
    tolerances = inputs.positive_line("rtols", rtols)
    known = _checks.whole("known", known, 0)
    figure, ((axes,),) = grid(1, 1, (6.2, 3.2))
    axes.axhline(known, color="black", linestyle=":", linewidth=1.2)
    axes.annotate(f"{known} in exact arithmetic", (tolerances[0], known), (0, 5),
                  textcoords="offset points")  # fmt: skip
    told = []
    for look, (label, values) in zip(_LOOKS, _groups("counts", counts), strict=False):
        values = inputs.line(f"counts of {label}", values, len(tolerances))
        axes.plot(tolerances, values, color=look.colour, linestyle=look.dashes,
                  marker=look.marker, markersize=4, label=label)  # fmt: skip
        places = sorted({0, len(values) // 2, len(values) - 1})
        seen = [f"{values[at]:.0f} at {tolerances[at]:.0e}" for at in places]
        told.append(f"{label}: {listed(seen)}.")
    axes.set(xscale="log", xlabel="relative tolerance", ylabel="eigenvalues that count as zero")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="upper center", handlelength=3)
    return Picture(
        figure,
        f"""Eigenvalues that count as zero against the relative tolerance, from
        {tolerances[0]:.0e} to {tolerances[-1]:.0e}; {known} are known. {" ".join(told)}""",
    )


def _groups(what: str, got: object, most: int = len(_LOOKS)) -> list[tuple[str, object]]:
    groups = inputs.mapping(what, got)
    if len(groups) > most:
        raise ValueError(f"{what} must have at most {most} labels; got {len(groups)}.")
    return [(inputs.text(f"each label of {what}", label), each) for label, each in groups.items()]


@styled
def positive_shares(
    estimates: Mapping[int, Float[np.ndarray, "3"]],
    references: Mapping[str, Mapping[int, float]],
) -> Picture:
    """Draw how rare it is that all eigenvalues are positive, against the size of the matrix.

    Args:
        estimates: for each size, the estimated probability with the lower and upper end of its
            interval; an estimate of 0 is drawn as a triangle at the upper end.
        references: for each label, probabilities by size, above 0; at most four labels.

    Returns:
        A picture of one panel with a logarithmic vertical axis.

    Raises:
        ValueError: if there is no estimate or reference, a size is below 1, or numbers are not
            three, not in [0, 1], or not in the order lower end, estimate, upper end.
        TypeError: if a size is no integer.

    Example:
        >>> positive_shares({1: (0.51, 0.48, 0.54)}, {"exact": {1: 0.5}}).alt
        'Probability that all eigenvalues are positive, by size. Estimates: 0.51 (0.48 to 0.54)
        for 1. exact: 0.5 for 1.'
    """
    figure, ((axes,),) = grid(1, 1, (6.2, 3.4))
    told = []
    for size, numbers in inputs.mapping("estimates", estimates).items():
        size = _checks.whole("each size of estimates", size, 1)
        value, low, high = inputs.line("estimates", numbers, 3)
        if not 0 <= low <= value <= high <= 1 or high == 0:
            raise ValueError(
                "estimates must lie in their intervals within [0, 1]; got "
                f"{value:g} in {low:g} to {high:g}."
            )
        floor = low if low > 0 else high / 30
        axes.plot([size] * 2, [floor, high], color="#0072B2", linewidth=1.5)
        axes.plot(size, value or high, "o" if value else "v", color="#0072B2", markersize=6,
                  label=None if told else "draws, 95 %")  # fmt: skip
        told.append(f"{value:.3g} ({low:.3g} to {high:.3g}) for {size}")
    curves = _groups("references", references, len(_LOOKS) - 1)
    for look, (label, values) in zip(_LOOKS[1:], curves, strict=False):
        by_size = inputs.mapping("references", values)
        sizes = [_checks.whole("each size of references", size, 1) for size in by_size]
        curve = inputs.positive_line("references", list(by_size.values()))
        axes.plot(sizes, curve, color=look.colour, linestyle=look.dashes, marker=look.marker,
                  markersize=8, fillstyle="none", linewidth=1.2, label=label)  # fmt: skip
    axes.set(yscale="log", xlabel="rows of the matrix, n", ylabel="P(all eigenvalues > 0)")
    axes.legend(loc="lower left")
    known = " ".join(
        f"{label}: {listed([f'{p:.3g} for {n}' for n, p in values.items()])}."
        for label, values in references.items()
    )
    return Picture(
        figure,
        "Probability that all eigenvalues are positive, by size. Estimates: "
        f"{listed(told)}. {known}",
    )


@styled
def index_cloud(
    groups: Mapping[str, tuple[Float[np.ndarray, "point"], Int[np.ndarray, "point"]]],
    num_weights: int,
) -> Picture:
    """Draw the share of negative eigenvalues of critical points against their loss.

    The picture of Dauphin et al. (2014, figure 1).

    Args:
        groups: for each label, such as where searches began, the losses and the numbers of
            negative eigenvalues, shape (point,) each; at most five labels.
        num_weights: number of all eigenvalues, at least 1.

    Returns:
        A picture of one panel.

    Raises:
        ValueError: if there is no label or too many, shapes differ, or a number is not finite or
            out of its range.
        TypeError: if ``num_weights`` is no integer.

    Example:
        >>> index_cloud({"start": ([0.3, 0.6], [0, 5])}, num_weights=10).alt
        'Share of negative eigenvalues against loss. start: 2 points, losses from 0.3 to 0.6,
        shares from 0 % to 50 %.'
    """
    total = _checks.whole("num_weights", num_weights, 1)
    figure, ((axes,),) = grid(1, 1, (6.2, 3.6))
    told = []
    for look, (label, pair) in zip(_LOOKS, _groups("groups", groups), strict=False):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ValueError(f"groups must hold losses and indices, two arrays; got {pair!r}.")
        loss = inputs.line("losses of groups", pair[0])
        share = 100 * inputs.line("indices of groups", pair[1], len(loss)) / total
        if share.min() < 0 or share.max() > 100:
            raise ValueError(f"indices of groups must be from 0 to num_weights, {total}; got "
                             f"{pair[1]!r}.")  # fmt: skip
        axes.plot(loss, share, look.marker, color=look.colour, markersize=6, alpha=0.6,
                  fillstyle="none", label=label)  # fmt: skip
        told.append(
            f"{label}: {len(loss)} points, losses from {loss.min():.2g} to {loss.max():.2g}, "
            f"shares from {share.min():.0f} % to {share.max():.0f} %."
        )
    axes.set(xlabel="loss at the critical point", ylabel="negative eigenvalues (%)")
    axes.legend(loc="upper left", title="searches began at")
    return Picture(figure, f"Share of negative eigenvalues against loss. {' '.join(told)}")
