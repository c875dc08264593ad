"""Parts of flat weights that have a norm of their own, and what is done to them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossviz.geometry._flat import norms
from lossviz.landscape._parameters import Parameter

# A part that is made orthogonal to others must keep this share of its norm.
_INDEPENDENT = 1e-6


def starts(parameters: tuple[Parameter, ...]) -> Iterator[tuple[Parameter, int]]:
    """Yield the parameters, and where each begins in the flat weights."""
    start = 0
    for part in parameters:
        yield part, start
        start += part.size


def row_places(part: Parameter, by: str) -> Int[Tensor, "rows size"]:
    """Return where in a parameter its filters lie, one in a row; or all of it in one row."""
    places = torch.arange(part.size)
    if by != "filter" or part.kind != "weight":
        return places[None]
    return places.view(part.shape).movedim(part.unit_axis, 0).flatten(1)


def scaled(
    weights: Float[Tensor, "*rows size"], directions: Float[Tensor, "*directions rows size"]
) -> Float[Tensor, "*directions rows size"]:
    """Scale each row of directions to the norm of the weights' row; rows of zeros stay."""
    of_weights, of_directions = norms(weights), norms(directions)
    factor = of_weights / torch.where(of_directions > 0, of_directions, 1)
    return directions * factor.unsqueeze(-1)


def apart(
    blocks: Float[Tensor, "directions rows size"], where: str
) -> Float[Tensor, "directions rows size"]:
    """Make rows orthogonal to those of earlier directions, with the norms that they have.

    Twice, as once leaves rounding behind (Giraud et al. 2005).
    """
    units: list[Tensor] = []
    found = []
    for block in blocks:
        rest = block
        for unit in units * 2:
            rest = rest - (unit * rest).sum(dim=-1, keepdim=True) * unit
        before, after = norms(block), norms(rest)
        lost = (before > 0) & (after <= _INDEPENDENT * before)
        if bool(lost.any()):
            raise ValueError(
                "directions must be independent within each part that keeps its norm: choose a "
                f"larger one by `by`; got {len(blocks)} dependent ones within {where}, of "
                f"{block.shape[-1]} weights."
            )
        unit = rest / torch.where(after > 0, after, 1).unsqueeze(-1)
        units.append(unit)
        found.append(block if len(units) == 1 else unit * before.unsqueeze(-1))
    return torch.stack(found)
