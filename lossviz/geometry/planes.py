"""Losses along lines and on planes through a point of a landscape.

A line or a plane shows a slice of a space of many dimensions. It says nothing of the directions
that it leaves out; most of them look alike near a minimum, so a random slice shows curvature that
is averaged over all of them (Böttcher and Wheeler 2022).
"""

from __future__ import annotations

from os import PathLike

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks, _progress
from lossviz.geometry._flat import checked_landscape, cosine, one_direction, one_point
from lossviz.geometry._plane_file import Keeper, checked_path
from lossviz.geometry._plane_grid import Grid
from lossviz.geometry._plane_span import AUTO, FIXED, checked_span, found_span
from lossviz.landscape.base import BaseLandscape

# Directions are parallel if the cosine of their angle is nearer to 1 than this.
_PARALLEL = 1e-10


def loss_line(
    landscape: BaseLandscape,
    centre: Float[Tensor, "weight"],
    direction: Float[Tensor, "weight"],
    span: float | str = 1.0,
    resolution: int = 51,
    *,
    path: str | PathLike[str] | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    r"""Return losses and accuracies along a line through a point.

    .. math::

        L(w + \alpha d), \quad \alpha = -s, \dots, s

    Everything else is as :func:`loss_plane` has it.

    Args:
        landscape: the landscape.
        centre: the point w, shape (num_weights,), finite.
        direction: d, shape (num_weights,), finite, not zero. It is taken as it is:
            :func:`filter_normalise` gives it the scale of the weights.
        span: s > 0, the largest step; or ``"auto"``.
        resolution: number of steps, at least 2; an odd one has the centre among them.
        path: a NetCDF file (``.nc``) that keeps what is finished, or None.
        progress: whether to show a bar; None shows one in a terminal where it lasts.

    Returns:
        Data set over ``alpha`` with the variables ``loss``, ``accuracy``, ``test_loss`` and
        ``test_accuracy``, as far as they are known.

    Raises:
        ValueError: for another shape, numbers that are not finite or out of range, a direction
            that is zero, or a file of something else.
        TypeError: if ``landscape`` is no landscape, or an argument is of another type.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("xor", "tanh")
        >>> line = loss_line(landscape, torch.zeros(9), torch.ones(9), resolution=5)
        >>> line["loss"].dims, line["alpha"].values.tolist()
        (('alpha',), [-1.0, -0.5, 0.0, 0.5, 1.0])
        >>> f"{line['loss'].sel(alpha=0).item():.4f}"
        '0.6931'
    """
    landscape = checked_landscape(landscape)
    w = one_point("centre", centre, landscape)
    d = one_direction("direction", direction, landscape)
    return _evaluated(landscape, w, d[None], span, resolution, path, progress)


def loss_plane(
    landscape: BaseLandscape,
    centre: Float[Tensor, "weight"],
    direction_a: Float[Tensor, "weight"],
    direction_b: Float[Tensor, "weight"],
    span: float | str = 1.0,
    resolution: int = 51,
    *,
    path: str | PathLike[str] | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    r"""Return losses and accuracies on a plane through a point.

    .. math::

        L(w + \alpha a + \beta b), \quad \alpha, \beta = -s, \dots, s

    ``loss[i, j]`` is the loss at the i-th alpha, which multiplies a, and the j-th beta. Training
    and test part are evaluated together, row by row. Where the network is a chain of linear layers
    and elementwise activations, its first layer is linear in the weights, and three products with
    the samples serve all points. Losses that are not finite stay so.

    With ``span="auto"`` it is the smallest power of 2, from 2^-10 to 2^10, such that at two or more
    of the points w +- s a and w +- s b the training loss is at least twice that at w, and at least
    that of weights that are all 0.

    With ``path``, finished rows are written to a file every few seconds, and when the call is
    interrupted. The same call goes on from there, to the same result; a complete file is read.

    Args:
        landscape: the landscape.
        centre: the point w, shape (num_weights,), finite.
        direction_a: a, shape (num_weights,), finite, not zero. It is taken as it is:
            :func:`filter_normalise` gives it the scale of the weights.
        direction_b: b, likewise, and not parallel to a. If it is not orthogonal, the picture is
            skewed: the attribute ``cosine`` says how much. See :func:`orthogonalise`.
        span: s > 0, the largest step along both; or ``"auto"``.
        resolution: number of steps along each, at least 2; an odd one has the centre among them.
        path: a NetCDF file (``.nc``) that keeps what is finished, or None.
        progress: whether to show a bar; None shows one in a terminal where it lasts.

    Returns:
        Data set over ``alpha`` and ``beta`` with the variables ``loss``, ``accuracy``,
        ``test_loss`` and ``test_accuracy``, as far as they are known. Attributes say what
        reproduces it.

    Raises:
        ValueError: for another shape, numbers that are not finite or out of range, a direction
            that is zero, parallel directions, or a file of another plane.
        TypeError: if ``landscape`` is no landscape, or an argument is of another type.

    Example:
        >>> from lossviz import Landscape, random_directions
        >>> landscape = Landscape("iris", "tanh")
        >>> centre = landscape.initial(1, seed=0, start_range=1.0)[0]
        >>> a, b = random_directions(landscape, centre, 2, seed=0, by="filter")
        >>> plane = loss_plane(landscape, centre, a, b, span=0.5, resolution=11)
        >>> dict(plane.sizes), sorted(plane.data_vars)
        ({'alpha': 11, 'beta': 11}, ['accuracy', 'loss', 'test_accuracy', 'test_loss'])
        >>> bool(abs(plane["loss"].item(5, 5) - landscape.loss(centre)) < 1e-12)
        True
    """
    landscape = checked_landscape(landscape)
    w = one_point("centre", centre, landscape)
    a = one_direction("direction_a", direction_a, landscape)
    b = one_direction("direction_b", direction_b, landscape)
    if 1 - abs(cosine(a, b)) < _PARALLEL:
        raise ValueError(
            "direction_b must not be parallel to direction_a, or there is no plane; got a cosine "
            f"of {cosine(a, b):g}."
        )
    return _evaluated(landscape, w, torch.stack([a, b]), span, resolution, path, progress)


def _evaluated(
    landscape: BaseLandscape, centre: Tensor, directions: Tensor, span: float | str,
    resolution: int, path: str | PathLike[str] | None, progress: bool | None,
) -> xr.Dataset:  # fmt: skip
    """Check what lines and planes share, and evaluate them."""
    far = checked_span(span)
    count = _checks.whole("resolution", resolution, 2)
    file, shown = checked_path(path), _progress.checked(progress)
    rule = AUTO if far is None else FIXED
    far = found_span(landscape, centre, directions) if far is None else far
    keeper = Keeper(Grid(landscape, centre, directions, far, count, rule), file)
    _fill(keeper, shown)
    return keeper.grid.dataset(keeper.values)


def _fill(keeper: Keeper, progress: bool | None) -> None:
    """Evaluate what is missing; write what is finished, whatever happens."""
    groups, missing = keeper.grid.groups, keeper.missing()
    wanted = [groups[number] for number in missing]
    try:
        with _progress.bar(sum(g.stop - g.start for g in wanted), progress) as bar:
            for number, (group, found) in zip(missing, keeper.grid.measure(wanted), strict=True):
                keeper.keep(number, found)
                bar.update(group.stop - group.start)
    finally:
        keeper.write()
