"""Landscapes and activations of lossviz by their descriptions, where a problem set uses them."""

from __future__ import annotations

import sys
from typing import Any

#: What stands before a description.
TAGS = ("landscape", "activation")

_PROBLEM = ("name", "layers", "inputs", "targets", "test_inputs", "test_targets", "seed", "classes")


def described(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    """A landscape's or an activation's kind and description, or None for anything else.

    What cannot be made again from a description is described by what it is, and so is found to be
    no plain data: an activation of one's own, a landscape of a module.
    """
    lossviz = sys.modules.get("lossviz")
    if lossviz is None:
        return None
    if type(value) is lossviz.Activation and _known(value):
        return "activation", (value.name, dict(value.parameters))
    if type(value) is lossviz.Landscape and _known(value.activation):
        problem = tuple(getattr(value.problem, name) for name in _PROBLEM)
        precision = str(value.dtype).removeprefix("torch.")
        return "landscape", (problem, value.activation, value.loss_name, precision)
    return None


def _known(activation: Any) -> bool:
    import lossviz

    try:
        found = lossviz.get_activation(activation.name, **activation.parameters)
    except ValueError:  # registered by nobody
        return False
    return found == activation


def made(tag: str, parts: tuple[Any, ...]) -> Any:
    """Make again what was described; lossviz checks what it is made of.

    Args:
        tag: One of `TAGS`.
        parts: What `described` returned beside it.
    """
    import torch

    import lossviz

    if tag == "activation":
        name, parameters = parts
        return lossviz.get_activation(name, **parameters)
    problem, activation, loss, precision = parts
    values = dict(zip(_PROBLEM, problem, strict=True))
    dtype = {"float32": torch.float32, "float64": torch.float64}[precision]
    return lossviz.Landscape(lossviz.Problem(**values), activation, loss, dtype)
