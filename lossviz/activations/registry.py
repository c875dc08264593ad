"""The zoo by name, and activations of a reader's own beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from jaxtyping import Float
from torch import Tensor

from lossviz import _checks
from lossviz.activations._activation import Activation, Elementwise
from lossviz.activations._own import own_activation
from lossviz.activations.exponential import elu, selu, softplus
from lossviz.activations.gated import gelu, mish, silu
from lossviz.activations.periodic import sine
from lossviz.activations.piecewise import hard_tanh, identity, leaky_relu, relu
from lossviz.activations.sigmoidal import lecun_tanh, sigmoid, tanh

_MAKERS: dict[str, Callable[..., Activation]] = {
    maker.__name__: maker
    for maker in (
        tanh, relu, elu, sigmoid, leaky_relu, selu, gelu, silu, softplus, mish, hard_tanh,
        lecun_tanh, sine, identity,
    )
}  # fmt: skip
_ZOO = {name: maker() for name, maker in _MAKERS.items()}
_ALIASES = {"swish": "silu"}
_REGISTERED: dict[str, Activation] = {}


def activation_names() -> tuple[str, ...]:
    """Return the names that :func:`get_activation` knows: the zoo, then what was registered.

    Example:
        >>> activation_names()[:6]
        ('tanh', 'relu', 'elu', 'sigmoid', 'leaky_relu', 'selu')
    """
    return (*_ZOO, *_REGISTERED)


def get_activation(name: str | Activation, **parameters: float) -> Activation:
    r"""Return the activation of that name.

    The zoo, with the saturation measure of each (hidden outputs h over samples and units):

    - ``tanh``: the mean of \|h\|. It equals the measure of Rakitianskaia and Engelbrecht (2015):
      ten bins over [-1, 1], frequency-weighted mean of the absolute bin averages.
    - ``lecun_tanh``, 1.7159 tanh(2z/3), and ``sigmoid``: the same on their ranges scaled to
      [-1, 1].
    - ``hard_tanh``, z between -1 and 1: the same again, so that it can be compared with tanh.
    - ``relu``: the share of outputs that are exactly 0.
    - ``elu`` (``alpha``, else 1): the share of outputs within 5 % of -alpha, a measure of
      our own. There the slope is at most 5 % of alpha.
    - ``selu``: the share of outputs within 5 % of its limit -1.7581.
    - ``softplus``, ln(1 + exp(beta z)) / beta (``beta``, else 1): the share of outputs of at
      most -ln(0.95) / beta, where the slope is at most 5 %.
    - ``silu``, also ``swish``, z sigmoid(beta z) (``beta``, else 1), ``gelu`` (exact) and
      ``mish``: no measure. They are flat far left, but an output just below 0 may as well come
      from the steep part beside the origin.
    - ``leaky_relu`` (``negative_slope``, below 1, else 0.01), ``sine`` and ``identity``:
      they do not saturate.

    Parameters are from 1e-6 to 1e6: float32 has room for them and their products.

    Args:
        name: one of :func:`activation_names`; an :class:`Activation` is handed back as it is.
        parameters: values for the function's parameters, as in ``alpha=0.5``.

    Returns:
        The activation.

    Raises:
        ValueError: if no activation has that name (the message names the nearest one), if it has
            no such parameter, or if a value is out of its range.
        TypeError: if ``name`` is neither a string nor an activation, or a value is no number.

    Example:
        >>> tanh = get_activation("tanh")
        >>> f"{tanh.second_derivative(1.0):.4f}"
        '-0.6397'
        >>> f"{tanh.saturation([[0.5], [-1.0]]):.2f}"
        '0.75'
        >>> get_activation("elu", alpha=0.5).range
        (-0.5, inf)
    """
    if isinstance(name, Activation):
        if parameters:
            raise ValueError(f"parameters must come with a name; got {name!r} and {parameters}.")
        return name
    name = _checks.one_of("activation", name, [*_ZOO, *_ALIASES, *_REGISTERED])
    name = _ALIASES.get(name, name)
    usual = _ZOO[name] if name in _ZOO else _REGISTERED[name]
    values = {what: _parameter(usual, what, value) for what, value in parameters.items()}
    if dict(usual.parameters) | values == usual.parameters:
        return usual
    return _with_parameters(name, tuple(sorted(values.items())))


def _parameter(activation: Activation, what: str, value: float) -> float:
    if what not in activation.parameters:
        allowed = list(activation.parameters)
        must = f"must be one of {allowed}" if allowed else "must not be given: it has none"
        raise ValueError(f"parameters of {activation.name} {must}; got {what!r}.")
    return _checks.real(f"parameter {what} of {activation.name}", value)


@lru_cache(maxsize=256)
def _with_parameters(name: str, values: tuple[tuple[str, float], ...]) -> Activation:
    # Kept, so that the same request gives the same object: functions compare by identity.
    made = _MAKERS[name](**dict(values))
    return replace(made, label=f"{made.label} ({made.changes})")


def register_activation(
    name: str,
    function: Elementwise,
    *,
    derivative: Elementwise | None = None,
    second_derivative: Elementwise | None = None,
    saturation: Callable[[Float[Tensor, "*points samples hidden"]], Float[Tensor, "*points"]]
    | None = None,
    saturation_measure: str = "",
    label: str | None = None,
    formula: str = "",
    source: str = "",
    minimum: tuple[float, float] | None = None,
    range: tuple[float, float] | None = None,  # noqa: A002 - the activation's own word
    overwrite: bool = False,
) -> Activation:
    """Add an activation of one's own, by a name that everything in this package then knows.

    One function of torch tensors is enough: derivatives that are not given come from autograd.
    The function is tried at net inputs from -30 to 30, in both precisions: it must act element
    by element, be finite, leave its input alone and have the same values in both; its derivatives,
    given or not, must be the slopes that the values show, kinks aside. A measure is tried on the
    function's outputs. The activation is known to this process only.

    Args:
        name: letters, digits, ``_`` and ``-``, beginning with a letter; not a name of the zoo.
        function: f, from a torch tensor of any shape to one of the same shape and dtype.
        derivative: f', likewise; None to take it from autograd.
        second_derivative: f'', likewise; None to take it from autograd.
        saturation: measure from hidden outputs (..., samples, hidden) to a degree in [0, 1] for
            each point, shape (...); None if the function does not saturate.
        saturation_measure: the measure in words; only with ``saturation``.
        label: the name in text and legends; None for ``name``.
        formula: f(z) in LaTeX.
        source: a citation key.
        minimum: the lowest point, (z, f(z)), if there is exactly one.
        range: greatest lower and least upper bound of f; None if unknown or infinite.
        overwrite: whether to replace an earlier activation of that name.

    Returns:
        The activation, as :func:`get_activation` will return it.

    Raises:
        ValueError: if the name is taken, the function or a derivative fails a trial, or what is
            stated about it does not hold.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> softsign = register_activation("softsign", lambda z: z / (1 + z.abs()))
        >>> softsign.derivative([0.0, 1.0])
        tensor([1.0000, 0.2500], dtype=torch.float64)
        >>> softsign.second_derivative([1.0, 3.0])
        tensor([-0.2500, -0.0312], dtype=torch.float64)
    """
    _check_new(name, overwrite)
    own = own_activation(
        name, function, derivative, second_derivative, saturation, minimum=minimum, bounds=range,
        words={
            "saturation_measure": saturation_measure, "label": name if label is None else label,
            "formula": formula, "source": source,
        },
    )  # fmt: skip
    _REGISTERED[name] = own
    return own


def _check_new(name: str, overwrite: bool) -> None:
    if not isinstance(name, str):
        raise TypeError(f"name must be a string; got {name!r} ({type(name).__name__}).")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise ValueError(
            f"name must be letters, digits, _ and -, beginning with a letter; got {name!r}."
        )
    if not isinstance(overwrite, bool):
        raise TypeError(f"overwrite must be True or False; got {overwrite!r}.")
    if name in _ZOO or name in _ALIASES:
        raise ValueError(f"name must not be one of the zoo's; got {name!r}.")
    if name in _REGISTERED and not overwrite:
        raise ValueError(f"name must be new, or overwrite must be True; got {name!r} again.")
