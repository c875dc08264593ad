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


def grouped(count: int) -> str:
    """Write a whole number with commas between thousands.

    Example:
        >>> grouped(900), grouped(1234567)
        ('900', '1,234,567')
    """
    return f"{count:,}"


def significant(value: float, digits: int) -> str:
    """Write a number rounded to some digits, halves away from 0; far from 1 with a power of ten.

    Example:
        >>> significant(0.03149, 2), significant(1234.0, 2), significant(4.56e-7, 2)
        ('0.031', '1200', '4.6e-7')
    """
    exact = Decimal(float(value))
    if exact == 0:
        return "0"
    rounded = exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), ROUND_HALF_UP)
    power = rounded.adjusted()
    if -5 < power < 6:
        return fixed(float(rounded), max(0, digits - 1 - power))
    mantissa = rounded.scaleb(-power).quantize(Decimal(1).scaleb(1 - digits))
    return f"{mantissa:f}e{power:+d}"
