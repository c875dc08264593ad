"""Loss-gradient clouds side by side, with what is known of them: bounds, levels and groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lossviz import _checks
from lossviz.plots import _inputs as inputs
from lossviz.plots._scales import end_behind, outside
from lossviz.plots.style import Picture, grid, listed, percent, styled

# With more points than this in a panel, markers shrink to dots.
_MANY = 3000

# Colour and marker of points: those in no group, and of each group; told apart without colour too.
_PLAIN = ("#4477AA", "o")
_OUTSIDE = ("#BBBBBB", ".")
_GROUPS = (("#0072B2", "o"), ("#D55E00", "^"), ("#009E73", "s"), ("#CC79A7", "D"))

# Relative room for rounding in a bound.
_ROUNDING = 1e-9


@styled
def cloud_panels(
    walks: Mapping[str, xr.Dataset],
    eigenvalues: Mapping[str, Float[np.ndarray, "weight"]] | None = None,
    levels: Mapping[str, Sequence[float]] | None = None,
    groups: Mapping[str, Mapping[str, Int[np.ndarray, "walk step"]]] | None = None,
    quantile: float = 0.98,
    log: bool = False,
) -> Picture:
    r"""Draw loss-gradient clouds, a panel per sample, each with axes and units of its own.

    Of a quadratic with critical loss 0 the bounds are known. If :math:`\mu` is its smallest
    positive eigenvalue, no point with a loss :math:`L > 0` lies below
    :math:`\lVert g \rVert = \sqrt{2 \mu L}`. Without negative eigenvalues no point lies above
    :math:`\sqrt{2 \Lambda L}`, with the largest one. With negative ones there is no upper bound,
    but a lower one where :math:`L < 0`, from the negative eigenvalue closest to zero.

    Args:
        walks: samples with ``loss`` and ``gradient_norm``, by the title of their panel.
        eigenvalues: for some of the titles, the eigenvalues of the quadratic that was sampled,
            shape (weight,), not all 0: its bounds are drawn as lines. None draws none.
        levels: for some of the titles, losses to be marked by vertical lines. None marks none.
        groups: for some of the titles, whether a point belongs to each of up to four named
            groups, True or False, shape (walk, step). A point in none is grey; None draws all
            points alike.
        quantile: the axes end at this quantile of the losses and norms of each panel, in
            (0, 1], but behind the highest level; negative losses begin at the opposite one.
        log: whether axes are logarithmic; points with a loss or norm of 0 or less are then left
            out.

    Returns:
        A picture of one row. Its description says which share of a panel's points lies outside
        its axes and, where bounds are known, which share keeps them.

    Raises:
        ValueError: if there is no sample, one lacks a variable, titles or shapes do not fit, or a
            number is out of its range.
        TypeError: if ``log`` is no boolean.

    Example:
        >>> import lossviz as lv
        >>> bowl = lv.progressive_gradient_walk(
        ...     lv.quadratic_landscape([1.0, 4.0]), 5, 20, 0.2, 1.0, seed=0)
        >>> cloud_panels({"bowl": bowl}, {"bowl": [1.0, 4.0]}).alt[-38:]
        '100 % of its points within the bounds.'
    """
    samples = _samples(walks)
    bounds = _for_titles("eigenvalues", eigenvalues, samples)
    marked = _for_titles("levels", levels, samples)
    named = _for_titles("groups", groups, samples)
    log, quantile = _checks.switch("log", log), inputs.quantile(quantile)
    figure, (panels,) = grid(1, len(samples), (2.9 if len(samples) > 2 else 3.6, 2.9))
    told = []
    for axes, (title, (loss, norm)) in zip(panels, samples.items(), strict=True):
        for level in inputs.levels(marked.get(title, ())):
            axes.axvline(level, color="black", linewidth=0.7, linestyle=":")
        said = [_points(axes, loss, norm, named.get(title))]
        _scale(axes, loss, norm, quantile, log)
        axes.set_xlim(right=end_behind(axes.get_xlim()[1], marked.get(title, ())))
        if beyond := float(outside(axes, loss, norm).mean()):
            said.append(f"{percent(beyond)} outside the axes")
        if title in bounds:
            said.append(_bounds(axes, loss, norm, _curvatures(bounds[title])))
        axes.set(title=title, xlabel="loss")
        told.append(f"{title}: {', '.join(said)}.")
    panels[0].set_ylabel("gradient norm")
    if named:
        _legend(figure, panels)
    return Picture(figure, f"Loss against gradient norm. {' '.join(told)}")


def _samples(walks: object) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return losses and gradient norms (walk, step) by title."""
    found = {}
    for title, sample in inputs.mapping("walks", walks).items():
        if not isinstance(sample, xr.Dataset):
            raise ValueError(f"walks must be data sets; got {type(sample).__name__} for {title!r}.")
        missing = [name for name in ("loss", "gradient_norm") if name not in sample]
        if missing:
            raise ValueError(f"walks must have {missing}; got none for {title!r}.")
        found[inputs.text("titles of walks", title)] = tuple(
            _checks.array(f"walks, {title}, {name}", sample[name].values, None, None)
            for name in ("loss", "gradient_norm")
        )
    return found


def _for_titles(what: str, got: object, samples: dict) -> dict:
    """Return what is given for some of the titles."""
    if got is None:
        return {}
    given = inputs.mapping(what, got)
    unknown = [title for title in given if title not in samples]
    if unknown:
        raise ValueError(f"{what} must be for titles of walks, {list(samples)}; got {unknown}.")
    if any(each is None for each in given.values()):
        raise ValueError(f"{what} must be given or their title left out; got {given}.")
    return given


def _curvatures(got: object) -> np.ndarray:
    values = inputs.line("eigenvalues", got)
    if not values.any():
        raise ValueError(f"eigenvalues must not all be 0; got {len(values)} zeros.")
    return values


def _points(axes: Axes, loss: np.ndarray, norm: np.ndarray, groups: object) -> str:
    """Draw points, those of each group in its own colour, and say how many there are."""
    if groups is None:
        everything = np.full(loss.shape, True)
        _dots(axes, loss, norm, _PLAIN, everything)
        return f"{loss.size:,} points with losses from {loss.min():.2g} to {loss.max():.2g}"
    chosen = inputs.mapping("groups", groups)
    if len(chosen) > len(_GROUPS):
        raise ValueError(f"groups must be at most {len(_GROUPS)}; got {len(chosen)}.")
    masks = {name: _mask(name, each, loss.shape) for name, each in chosen.items()}
    _dots(axes, loss, norm, _OUTSIDE, ~np.any(list(masks.values()), axis=0))
    for (name, mine), look in zip(masks.items(), _GROUPS, strict=False):
        _dots(axes, loss, norm, look, mine, name)
    shares = [f"{percent(float(mine.mean()))} {name}" for name, mine in masks.items()]
    return f"{loss.size:,} points, {listed(shares)}"


def _mask(name: object, got: object, shape: tuple[int, ...]) -> np.ndarray:
    inputs.text("names of groups", name)
    mask = np.asarray(got)
    if mask.dtype != bool or mask.shape != shape:
        raise ValueError(
            f"groups must be True or False, of shape {shape}; got {mask.dtype} of shape "
            f"{mask.shape} for {name!r}."
        )
    return mask


def _dots(
    axes: Axes,
    loss: np.ndarray,
    norm: np.ndarray,
    look: tuple[str, str],
    mine: np.ndarray,
    label: str | None = None,
) -> None:
    colour, marker = look
    axes.plot(
        loss[mine], norm[mine], marker, color=colour, markersize=1.6 if loss.size > _MANY else 2.6,
        alpha=0.3, markeredgewidth=0, rasterized=True, label=label,
    )  # fmt: skip


def _scale(axes: Axes, loss: np.ndarray, norm: np.ndarray, quantile: float, log: bool) -> None:
    if log:
        axes.set(xscale="log", yscale="log")
        return
    right, top = (float(np.quantile(value, quantile)) or 1.0 for value in (loss, norm))
    left = min(0.0, float(np.quantile(loss, 1 - quantile)))
    room = 0.02 * max(right - left, 1e-300)
    axes.set(xlim=(left - room, max(right, left + room)), ylim=(-0.02 * top, top))


def _bounds(axes: Axes, loss: np.ndarray, norm: np.ndarray, curvatures: np.ndarray) -> str:
    """Draw what a quadratic's points cannot cross, and say which share of them keeps within."""
    kept = axes.get_xlim(), axes.get_ylim()
    within = np.full(loss.shape, True)
    for sign in (1, -1):
        mine = sign * curvatures[sign * curvatures > 0]
        if mine.size == 0:
            within &= sign * loss <= _ROUNDING * np.abs(loss).max()
            continue
        height = np.linspace(0, max(0.0, float((sign * loss).max())), 400)
        inside = sign * loss > 0
        _curve(axes, sign * height, np.sqrt(2 * mine.min() * height), "-")
        within &= ~inside | (norm**2 * (1 + _ROUNDING) >= 2 * mine.min() * sign * loss)
        if (sign * curvatures >= 0).all():
            _curve(axes, sign * height, np.sqrt(2 * mine.max() * height), "--")
            within &= norm**2 <= 2 * mine.max() * np.abs(loss) * (1 + _ROUNDING)
    axes.set(xlim=kept[0], ylim=kept[1])
    return f"{percent(float(within.mean()))} of its points within the bounds"


def _curve(axes: Axes, loss: np.ndarray, norm: np.ndarray, dashes: str) -> None:
    axes.plot(loss, norm, dashes, color="black", linewidth=1.2)


def _legend(figure: object, panels: np.ndarray) -> None:
    """Name the groups once, above the panels, with marks that are larger than those of points."""
    handles = {
        text: Line2D([], [], linestyle="", marker=line.get_marker(), color=line.get_color())
        for axes in panels
        for line, text in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=len(handles))
