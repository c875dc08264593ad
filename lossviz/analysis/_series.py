"""What the analyses of walks take: losses as arrays or data sets, as plain float64 arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from lossviz import _checks


def losses(source: object, minimum_steps: int) -> np.ndarray:
    """Return losses, shape (walk, step) or (step,), finite, with enough steps.

    Args:
        source: an array-like, a data array over (walk, step) or (step,), or a data set with a
            variable ``loss``.
        minimum_steps: the smallest number of steps that can be analysed.
    """
    if isinstance(source, xr.Dataset):
        if "loss" not in source:
            raise ValueError(
                f"loss must be a variable of the data set; got {sorted(map(str, source))}."
            )
        source = source["loss"]
    if isinstance(source, xr.DataArray):
        source = _in_order("loss", source)
    values = _checks.all_finite("loss", _checks.tensor("loss", source).detach().cpu()).double()
    if values.ndim not in (1, 2) or 0 in values.shape or values.shape[-1] < minimum_steps:
        raise ValueError(
            f"loss must have shape (walk, step) or (step,) with at least {minimum_steps} steps; "
            f"got {tuple(values.shape)}."
        )
    # Every measure of these floors is the same for the losses divided by a power of two, whose
    # differences cannot overflow.
    return np.ldexp(values.numpy(), -4 if float(values.abs().max()) > 1e300 else 0)


def _in_order(what: str, values: xr.DataArray) -> np.ndarray:
    if set(values.dims) not in ({"walk", "step"}, {"step"}):
        raise ValueError(f"{what} must have dimensions (walk, step) or (step,); got {values.dims}.")
    return values.transpose(*(dim for dim in ("walk", "step") if dim in values.dims)).values


def loss_and_norm(source: object, what: str = "source") -> tuple[np.ndarray, np.ndarray]:
    """Return loss and gradient norm of a data set of walks, each of shape (walk, step)."""
    if not isinstance(source, xr.Dataset):
        raise TypeError(
            f"{what} must be a data set of walks or a landscape; got {type(source).__name__}."
        )
    missing = {"loss", "gradient_norm"} - set(source.data_vars)
    if missing or {"walk", "step"} - set(source.dims):
        raise ValueError(
            f"{what} must have variables loss and gradient_norm over (walk, step); "
            f"got {sorted(map(str, source.data_vars))} over {sorted(map(str, source.dims))}."
        )
    names = ("loss", "gradient_norm")
    return same_cloud(*(source[name].transpose("walk", "step").values for name in names))


def same_cloud(loss: object, gradient_norm: object) -> tuple[np.ndarray, np.ndarray]:
    """Check two arrays of shape (walk, step): finite, not empty, no negative gradient norm."""
    values = _checks.array("loss", loss, None, None)
    norms = _checks.array("gradient_norm", gradient_norm, *values.shape)
    if (norms < 0).any():
        raise ValueError(f"gradient_norm must be at least 0; got {norms.min():g}.")
    return values, norms


def strata(groups: Sequence | None, count: int) -> list[np.ndarray]:
    """Return the positions of each group's walks; one group of all if there are none."""
    if groups is None:
        return [np.arange(count)]
    labels = np.asarray(groups)
    if labels.shape != (count,) or labels.dtype.kind not in "iufbUS":
        raise ValueError(
            f"groups must have one label, a number or a name, for each of {count} walks; "
            f"got shape {labels.shape} of type {labels.dtype}."
        )
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]
