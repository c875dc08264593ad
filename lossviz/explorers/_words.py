"""Numbers as status lines write them; ``js/format.js`` writes the same."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import partial

from lossviz.plots import style


def fixed(value: float, digits: int) -> str:
    """Write a number with a fixed number of decimals, halves away from 0, as JavaScript does.

    Example:
        >>> fixed(0.125, 2), fixed(-0.001, 1)
        ('0.13', '0.0')
    """
    rounded = Decimal(float(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{abs(rounded) if rounded == 0 else rounded:f}"


def percent(share: float) -> str:
    """Write a share as whole per cent, as pictures do, but with halves away from 0.

    Example:
        >>> percent(0.125), percent(0.001)
        ('13 %', 'under 1 %')
    """
    return style.percent(share, partial(fixed, digits=0))
