"""Numbers as status lines write them; ``js/format.js`` writes the same."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def fixed(value: float, digits: int) -> str:
    """Write a number with a fixed number of decimals, halves away from 0, as JavaScript does.

    Example:
        >>> fixed(0.125, 2), fixed(-0.001, 1)
        ('0.13', '0.0')
    """
    rounded = Decimal(float(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{abs(rounded) if rounded == 0 else rounded:f}"


def percent(share: float) -> str:
    """Write a share as whole per cent; what is neither none nor all is never written as such.

    Example:
        >>> percent(0.5), percent(0.001), percent(0.999)
        ('50 %', 'under 1 %', 'over 99 %')
    """
    if 0 < share <= 0.005:
        return "under 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    return f"{fixed(100 * share, 0)} %"
