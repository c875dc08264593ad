"""How well the lowest point of each walk does on data that it was not fitted to."""

from __future__ import annotations

import xarray as xr

_NEEDED = ("loss", "test_loss")


def generalisation(walks: xr.Dataset) -> xr.Dataset:
    """Take what is measured at the smallest training loss of each walk.

    Of several equal ones the first is taken.
    The smallest test loss is not sought: it would be chosen with the test part in view. One
    value per walk suits :func:`lossviz.compare` and :func:`lossviz.bootstrap`.

    Args:
        walks: a data set over (walk, step) with the variables ``loss`` and ``test_loss``, and
            perhaps ``accuracy`` and ``test_accuracy``.

    Returns:
        A data set over ``walk`` with these variables, ``gap``, the test loss less the training
        loss, and ``step``, where that is. The attributes are those of the walks.

    Raises:
        TypeError: if ``walks`` is no data set.
        ValueError: if a variable or dimension is missing, or a loss is NaN.

    Example:
        >>> from lossviz import Landscape, progressive_gradient_walk
        >>> walks = progressive_gradient_walk(
        ...     Landscape("iris", "elu"), 3, 100, 0.2, 1.0, seed=0, measures=("loss", "test_loss"))
        >>> found = generalisation(walks)
        >>> bool((found.loss == walks.loss.min("step")).all()), found.gap.dims
        (True, ('walk',))
    """
    if not isinstance(walks, xr.Dataset):
        raise TypeError(f"walks must be a data set; got {type(walks).__name__}.")
    missing = [name for name in _NEEDED if name not in walks]
    if missing or {"walk", "step"} - set(walks.dims) or 0 in walks.sizes.values():
        raise ValueError(
            "walks must have the variables loss and test_loss over (walk, step), not empty; got "
            f"{sorted(map(str, walks.data_vars))} over {dict(walks.sizes)}."
        )
    names = [name for name in (*_NEEDED, "accuracy", "test_accuracy") if name in walks]
    chosen = walks[names]
    if bool(chosen.isnull().any().to_array().any()):
        raise ValueError("walks must have losses and accuracies that are numbers; got NaN.")
    step = chosen["loss"].argmin("step")
    found = chosen.isel(step=step).drop_vars("step", errors="ignore")
    found["gap"] = (found["test_loss"] - found["loss"]).assign_attrs(
        long_name="test loss less training loss"
    )
    found["step"] = step.drop_vars("step", errors="ignore").assign_attrs(
        long_name="step of the smallest training loss"
    )
    return found
