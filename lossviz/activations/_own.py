"""An activation of a reader's own, from one function and what is known of it."""

from __future__ import annotations

from functools import partial
from math import inf, isnan
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks
from lossviz.activations import _autograd, _measure_trial, _probes
from lossviz.activations._activation import Activation, Elementwise, Measure, check_functions
from lossviz.activations.saturation import checked_outputs


def own_activation(
    name: str,
    function: Elementwise,
    derivative: Elementwise | None,
    second_derivative: Elementwise | None,
    saturation: Measure | None,
    *,
    minimum: tuple[float, float] | None,
    bounds: tuple[float, float] | None,
    words: dict[str, str],
) -> Activation:
    """Return the activation if all that is given passes its trial.

    Args:
        name: what it will be called.
        function: f.
        derivative: f', or None to take it from autograd.
        second_derivative: f'', or None to take it from autograd.
        saturation: measure of hidden outputs, if there is one.
        minimum: the lowest point, if there is exactly one.
        bounds: greatest lower and least upper bound; None for infinite ones.
        words: ``label``, ``formula``, ``source`` and ``saturation_measure``.
    """
    optional = {
        "derivative": derivative, "second_derivative": second_derivative, "saturation": saturation,
    }  # fmt: skip
    given = {what: found for what, found in optional.items() if found is not None}
    check_functions({"function": function} | given)
    _check_words(words, saturation)
    lowest = None if minimum is None else _pair("minimum", minimum)
    limits = (-inf, inf) if bounds is None else _pair("range", bounds, infinite=True)
    # A function that draws random numbers will be refused; the caller's stream stays as it was.
    with torch.random.fork_rng(devices=[]):
        first, second = _derivatives(function, derivative, second_derivative)
        _probes.check_bounds(function, lowest, limits)
        known = {what: text for what, text in words.items() if text}
        if saturation is not None:
            known = {"saturation_measure": "a measure of its own"} | known
            known["saturation"] = partial(_of_checked, saturation)
            _measure_trial.check_measure(function, known["saturation"])
    fixed = {"label": name, "formula": "", "source": ""} | known
    return Activation(
        name, function=function, first=first, second=second, minimum=lowest, range=limits, **fixed
    )


def _check_words(words: dict[str, str], saturation: Measure | None) -> None:
    for what, text in words.items():
        if not isinstance(text, str):
            raise TypeError(f"{what} must be a string; got {text!r} ({type(text).__name__}).")
    if words["saturation_measure"] and saturation is None:
        raise ValueError(
            "saturation_measure must come with saturation; "
            f"got {words['saturation_measure']!r} alone."
        )


def _derivatives(
    function: Elementwise, derivative: Elementwise | None, second_derivative: Elementwise | None
) -> tuple[Elementwise, Elementwise]:
    """Return f' and f'', given or by autograd, after their trial."""
    _probes.check_elementwise("function", function)
    _probes.check_precisions("function", function)
    auto_first = partial(_autograd.slope, function)
    first = _tried("derivative", function, derivative, auto_first)
    if derivative is None:
        auto_second = partial(_autograd.curvature, function)
    else:
        auto_second = partial(_autograd.slope, derivative)
    return first, _tried("second_derivative", first, second_derivative, auto_second)


def _tried(
    what: str, below: Elementwise, given: Elementwise | None, by_autograd: Elementwise
) -> Elementwise:
    used, called = (by_autograd, f"{what} by autograd") if given is None else (given, what)
    _probes.check_elementwise(called, used)
    _probes.check_slope(called, below, used)
    _probes.check_precisions(called, used, below)
    if given is not None:
        _probes.check_against_autograd(what, below, given, by_autograd)
    return used


def _pair(what: str, got: Any, infinite: bool = False) -> tuple[float, float]:
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise TypeError(f"{what} must be a pair of numbers; got {got!r}.")
    if not infinite:
        one, other = (_checks.real(f"each number of {what}", value) for value in got)
        return one, other
    low, high = (v if v in (-inf, inf) else _checks.real(f"each bound of {what}", v) for v in got)
    if isnan(low) or not low < high:
        raise ValueError(f"{what} must have a lower bound below its upper one; got {got}.")
    return float(low), float(high)


def _of_checked(saturation: Measure, outputs: Float[Tensor, "*points samples hidden"]) -> Tensor:
    return saturation(checked_outputs(outputs))
