"""Spectra of Hessians: eigenvalues one by one, and their density."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from lossviz import _checks
from lossviz.curvature.spectra import TopEigenvalues
from lossviz.plots import _fields as fields
from lossviz.plots._fields import number
from lossviz.plots._series import called, legend_of, series_marks
from lossviz.plots.style import Mark, Picture, grid, styled

# More eigenvalues than this are dots without stems.
_STEMS = 150
# Below this share of the largest, the axis of eigenvalues is logarithmic on both sides of 0.
_NARROW = 0.02
# What a density's axis reaches down to, times its peak.
_FLOOR = 1e-6
_SIGNS = (
    ("positive", Mark("#0072B2", "^", "-")),
    ("negative", Mark("#D55E00", "v", "-")),
    ("zero", Mark("#777777", "x", "-")),
)

_Spectrum = TopEigenvalues | Float[Tensor, "eigenvalue"] | Float[np.ndarray, "eigenvalue"]


@styled
def spectrum(eigenvalues: _Spectrum | Mapping[str, _Spectrum], rtol: float = 1e-8) -> Picture:
    r"""Draw eigenvalues in descending order, marked by their signs.

    An eigenvalue counts as zero where :math:`|\lambda| \le \mathrm{rtol} \cdot \max |\lambda|`;
    the band of what counts as zero is shaded. The axis is logarithmic on both sides of zero where
    some other eigenvalue is less than 2 % of the largest. Eigenvalues that did not converge are
    hollow.

    Args:
        eigenvalues: of one Hessian, all or some, shape (count,), or what
            :func:`lossviz.top_eigenvalues` returns for one point; or several by their labels: a
            panel each.
        rtol: relative tolerance, 0 <= rtol < 1.

    Returns:
        A picture whose panels share their vertical axis.

    Raises:
        ValueError: if there is no spectrum, an eigenvalue is not finite or the shape another, or
            the tolerance is out of its range.
        TypeError: if eigenvalues are no numbers.

    Example:
        >>> spectrum([3.0, -1.0, 0.0]).alt
        'Eigenvalues in descending order: 1 positive, 1 negative, 1 zero, from -1 to 3.'
    """
    rtol = _checks.real("rtol", rtol, minimum=0)
    if rtol >= 1:
        raise ValueError(f"rtol must be less than 1; got {rtol}.")
    found = eigenvalues if isinstance(eigenvalues, Mapping) else {"": eigenvalues}
    if not found:
        raise ValueError("eigenvalues must be at least one spectrum; got an empty mapping.")
    spectra = {str(label): _descending(each) for label, each in found.items()}
    size = (5.6, 3.2) if len(spectra) == 1 else (2.7, 2.7)
    figure, (panels,) = grid(1, len(spectra), size, sharey=True)
    told = []
    for axes, (label, (values, known)) in zip(panels, spectra.items(), strict=True):
        counts = _draw_spectrum(axes, values, known, rtol)
        axes.set(title=called(label), xlabel="rank, largest first")
        start = f" {called(label)}" if label else ""
        told.append(f"{start}: {counts}, from {number(values[-1])} to {number(values[0])}.")
    _both_sides(panels[0], [values for values, _ in spectra.values()], rtol)
    panels[0].set_ylabel("eigenvalue")
    legend_of(figure, panels)
    dot = "." if told[0].startswith(" ") else ""
    return Picture(figure, f"Eigenvalues in descending order{dot}{''.join(told)}")


def _descending(got: _Spectrum) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues in descending order, and which of them converged."""
    top = isinstance(got, TopEigenvalues)
    values = _checks.array("eigenvalues", got.eigenvalues if top else got, None)
    known = got.converged.numpy() if top else np.ones(len(values), dtype=bool)
    order = np.argsort(-values, kind="stable")
    return values[order], known[order]


def _draw_spectrum(axes: Axes, values: np.ndarray, known: np.ndarray, rtol: float) -> str:
    """Draw the eigenvalues of one Hessian; count them by their signs."""
    ranks, zero = np.arange(1, len(values) + 1), rtol * np.abs(values).max()
    signs = (values > zero, values < -zero, np.abs(values) <= zero)
    axes.axhspan(-zero, zero, color="#dddddd", linewidth=0)
    axes.axhline(0, color="#555555", linewidth=0.8)
    counts = []
    for (sign, look), mine in zip(_SIGNS, signs, strict=True):
        counts.append(f"{mine.sum():,} {sign}")
        if not mine.any():
            continue
        if len(values) <= _STEMS:
            axes.vlines(ranks[mine], 0, values[mine], color=look.colour, linewidth=0.8, alpha=0.6)
        for solid, face in ((True, look.colour), (False, "white")):
            chosen = mine & (known == solid)
            label = sign if solid else f"{sign}, not converged"
            if chosen.any():
                axes.plot(
                    ranks[chosen], values[chosen], look.marker, color=look.colour, label=label,
                    markerfacecolor=face, markersize=5 if len(values) <= _STEMS else 3,
                )  # fmt: skip
    unsure = int((~known).sum())
    return ", ".join(counts) + (f", {unsure} of them not converged" if unsure else "")


def _both_sides(axes: Axes, spectra: list[np.ndarray], rtol: float) -> None:
    """Make the axis logarithmic on both sides of zero where small eigenvalues would vanish."""
    sizes = [np.abs(values) for values in spectra]
    counted = np.concatenate([size[size > rtol * size.max()] for size in sizes])
    if len(counted) and counted.min() < _NARROW * counted.max():
        low, high = (int(np.floor(np.log10(end))) for end in (counted.min(), counted.max()))
        axes.set_yscale("symlog", linthresh=10.0**low)
        # At most four decades are named on each side, none of them where 0 has its name.
        named = 10.0 ** np.arange(high, low, -max(1, -((low - high) // 4)))
        axes.set_yticks([*-named, 0, *named[::-1]])
        axes.yaxis.minorticks_off()


@styled
def density(
    densities: xr.Dataset | Mapping[str, xr.Dataset],
    eigenvalues: Float[Tensor, "eigenvalue"] | None = None,
) -> Picture:
    """Draw spectral densities on a logarithmic axis, which shows single large eigenvalues too.

    On a linear axis a spectrum of many eigenvalues is a spike at zero: one outlier among a
    thousand holds a thousandth of the mass (Ghorbani et al. 2019, arXiv 1901.10159). The axis
    ends a million times below the highest peak. A band is one standard error, where it is known.

    Args:
        densities: what :func:`lossviz.spectral_density` returns, or several by their labels, all
            drawn into one panel.
        eigenvalues: known eigenvalues, shape (count,), as ticks beneath; None for none.

    Returns:
        A picture of one panel.

    Raises:
        ValueError: if there is no density or too many, one has no positive number, or an
            eigenvalue is not finite.
        TypeError: if ``eigenvalues`` are no numbers.

    Example:
        >>> import numpy as np, xarray as xr
        >>> x = np.linspace(-1.0, 1.0, 5)
        >>> flat = xr.Dataset({"density": ("eigenvalue", np.full(5, 0.5))},
        ...                   coords={"eigenvalue": x})
        >>> density(flat).alt[:54]
        'Density of Hessian eigenvalues on a logarithmic axis. '
    """
    found = fields.datasets("densities", densities, "eigenvalue")
    fields.has("densities", found, "density")
    looks = series_marks("densities", found)
    heights = {label: fields.values("densities", each, "density", "eigenvalue")
               for label, each in found.items()}  # fmt: skip
    tops = [fields.some_finite("densities", "density", [each]).max() for each in heights.values()]
    if min(tops) <= 0:
        raise ValueError(f"densities must be positive somewhere; got at most {min(tops):g}.")
    top = float(max(tops))
    figure, ((axes,),) = grid(1, 1, (6.2, 3.4))
    told = []
    for label, each in found.items():
        places, height, look = each.eigenvalue.values, heights[label], looks[label]
        axes.plot(places, np.where(height > 0, height, np.nan), color=look.colour,
                  linestyle=look.dashes, linewidth=1.6, label=called(label) or None)  # fmt: skip
        if "density_error" in each:
            error = fields.values("densities", each, "density_error", "eigenvalue")
            axes.fill_between(places, height - error, height + error, color=look.colour,
                              alpha=0.25, linewidth=0)  # fmt: skip
        told.append(_density_in_words(called(label), each, places, height))
    if eigenvalues is not None:
        told.append(_ticks(axes, _checks.array("eigenvalues", eigenvalues, None)))
    axes.set(yscale="log", ylim=(_FLOOR * top, 3 * top), xlabel="eigenvalue", ylabel="density")
    if any(found):
        axes.legend(loc="upper right", handlelength=3.2)
    return Picture(
        figure, f"Density of Hessian eigenvalues on a logarithmic axis. {' '.join(told)}"
    )


def _density_in_words(
    label: str, density_: xr.Dataset, places: np.ndarray, height: np.ndarray
) -> str:
    """Say where a density peaks, how far it is in view, and what its mean is."""
    shown = places[height >= _FLOOR * np.nanmax(height)]
    peak = places[np.nanargmax(height)]
    said = f"peak at {number(peak)}, in view from {number(shown[0])} to {number(shown[-1])}"
    mean = f", mean {number(float(density_.attrs['mean']))}" if "mean" in density_.attrs else ""
    return f"{label}: {said}{mean}." if label else f"{fields.capital(said)}{mean}."


def _ticks(axes: Axes, known: np.ndarray) -> str:
    """Draw known eigenvalues as ticks along the lower edge."""
    across = axes.get_xaxis_transform()
    axes.vlines(known, 0, 0.04, transform=across, color="black", linewidth=0.7)
    low, high = number(known.min()), number(known.max())
    return f"{len(known):,} ticks mark eigenvalues from {low} to {high}."
