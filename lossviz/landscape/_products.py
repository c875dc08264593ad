"""What products with the Hessians at fixed points are, and how much is kept for them."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

# From vectors (..., points, weight) to their products with the Hessians at the points.
Products = Callable[[Tensor], Tensor]

# What is kept for the points is at most about so many numbers.
KEPT_NUMBERS = 2**25
