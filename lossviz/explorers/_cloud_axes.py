"""Axes of the linked cloud: they end at round numbers, and a brush moves along them in steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A linear axis has so many steps; the ends of axes, as multiples of a power of ten.
_STEPS = 100
_ROUND = (1, 2, 3, 4, 5, 6, 8, 10)
_QUANTILE = 0.95


@dataclass(frozen=True)
class Axis:
    """An axis of the cloud: its ends, and the steps in which a brush moves along it.

    Attributes:
        low: the lower end; a logarithm where the axis is logarithmic.
        high: the upper end.
        step: a brush's steps.
        digits: decimals that tell the steps apart.
    """

    low: float
    high: float
    step: float
    digits: int

    @property
    def middle(self) -> float:
        """The step in the middle."""
        steps = round((self.high - self.low) / self.step)
        return round(self.low + (steps // 2) * self.step, 9)


def axis(name: str, values: np.ndarray, log: bool) -> Axis:
    """Return the axis of a variable: linear from 0, or of logarithms.

    Raises:
        ValueError: if there are no positive values for logarithms, or if values are too small or
            too large for steps on a linear axis.
    """
    finite = values[np.isfinite(values)]
    return _log_axis(name, finite) if log else _linear_axis(name, finite)


def _linear_axis(name: str, finite: np.ndarray) -> Axis:
    reach = float(np.quantile(finite, _QUANTILE)) or 1.0
    if not 1e-4 <= reach <= 1e8:
        raise ValueError(
            f"{name} must have its quantile {_QUANTILE} from 0.0001 to 1e+08 on a linear axis; got "
            f"{reach:.2g}. log=True is allowed."
        )
    power = int(np.floor(np.log10(reach)))
    factor = next(each for each in _ROUND if each * 10.0**power >= reach)
    high = round(factor * 10.0**power, 9)
    # A step is a hundredth of the end, so it has two decimals more, or one more than 10.
    digits = max(0, (1 if factor == 10 else 2) - power)
    return Axis(0.0, high, round(high / _STEPS, 9), digits)


def _log_axis(name: str, finite: np.ndarray) -> Axis:
    positive = np.log10(finite[finite > 0])
    if positive.size == 0:
        raise ValueError(f"{name} must have positive values for log=True; got none.")
    low = float(np.floor(2 * np.quantile(positive, 1 - _QUANTILE))) / 2
    high = max(low + 1, float(np.ceil(2 * positive.max())) / 2)
    return Axis(low + 0.0, high + 0.0, 0.1, 1)  # no end is written -0.0
