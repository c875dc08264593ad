r"""What activation functions make of normally distributed net inputs, by quadrature.

In a wide random layer a net input is a sum of many small independent terms, so it is nearly normal
(He et al. 2015, section 2.2; Glorot and Bengio 2010, section 4.2). Three integrals then say what
the layer passes on: the mean and the mean square of the outputs, and the mean squared slope.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from lossviz import _checks
from lossviz.activations import Activation, get_activation

#: What a gain may keep: the mean square of the signal, or of the gradient.
DIRECTIONS = ("forward", "backward")

# Panels of half a standard deviation as far as anything counts, and borders where activations of
# the zoo have their kinks and bends, so that each panel holds a smooth piece.
_STANDARD = np.linspace(-10, 10, 41)
_BENDS = np.array([0.5, 1, 2, 4, 8, 16, 32])
_BORDERS = np.concatenate([-_BENDS, [0.0], _BENDS])
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


@dataclass(frozen=True)
class GaussianMoments:
    """Averages over normal net inputs; each has the shape of the spreads.

    Attributes:
        mean: E[f(z)], the mean output.
        square: E[f(z)^2], the mean squared output.
        squared_slope: E[f'(z)^2], by which one layer of units multiplies squared gradients.
    """

    mean: Float[np.ndarray, "..."]
    square: Float[np.ndarray, "..."]
    squared_slope: Float[np.ndarray, "..."]


def gaussian_moments(
    activation: str | Activation, spread: Float[np.ndarray, "..."] | float = 1.0
) -> GaussianMoments:
    r"""Return an activation's mean output, mean square and mean squared slope.

    .. math:: E[g(z)] = \frac{1}{s \sqrt{2 \pi}} \int g(z)\, e^{-z^2 / (2 s^2)}\, dz

    for g = f, f^2 and f'^2, by Gauss-Legendre quadrature in panels that end at the zoo's kinks
    (Gauss-Hermite quadrature, which knows no borders, errs by per cents where f' jumps). Errors
    are below 1e-8 for the zoo; sine, which goes on waving, needs spreads below 20.

    Args:
        activation: an activation, or its name.
        spread: the standard deviation s of the net inputs z, above 0, of any shape.

    Returns:
        The three averages, each of the spreads' shape.

    Raises:
        ValueError: if there is no such activation, or a spread is not finite and above 0.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> moments = gaussian_moments("elu")
        >>> round(float(moments.mean), 4), round(float(moments.squared_slope), 3)
        (0.1605, 0.668)
    """
    f = get_activation(activation)
    spreads = positive("spread", spread)
    z, density = _quadrature(spreads)
    outputs, slopes = f(z).numpy(), f.derivative(z).numpy()
    return GaussianMoments(
        *((values * density).sum(axis=-1) for values in (outputs, outputs**2, slopes**2))
    )


def initial_gain(
    activation: str | Activation, direction: str = "forward", spread: float = 1.0
) -> float:
    r"""Return the gain with which a wide layer keeps the size of what passes through it.

    Weights have variance g^2 / n for n inputs. With normal net inputs of standard deviation s,

    .. math:: g = s \,/ \sqrt{E[f(z)^2]} \quad\text{(forward)}, \qquad
              g = 1 / \sqrt{E[f'(z)^2]} \quad\text{(backward)}

    keep the mean square of net inputs and of gradients. For ReLU both are the square root of 2, for
    any s (He et al. 2015, equations 10 and 14); most other activations have to choose.

    Args:
        activation: an activation, or its name.
        direction: "forward" for the signal, "backward" for the gradient.
        spread: the standard deviation s of the net inputs, above 0.

    Returns:
        The gain g, above 0.

    Raises:
        ValueError: if there is no such activation or direction, if the spread is not above 0, or
            if nothing passes, because all outputs or slopes are 0.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> round(initial_gain("relu"), 6), round(initial_gain("relu", "backward"), 6)
        (1.414214, 1.414214)
    """
    direction = _checks.one_of("direction", direction, DIRECTIONS)
    spread = _checks.real("spread", spread, above=0)
    moments = gaussian_moments(activation, spread)
    forward = direction == "forward"
    passed = float(moments.square) / spread**2 if forward else float(moments.squared_slope)
    if passed == 0:
        raise ValueError(
            f"activation must let something pass {direction}; at spread {spread} "
            f"{get_activation(activation).name!r} lets nothing."
        )
    return passed**-0.5


def positive(what: str, got: Float[np.ndarray, "..."] | float) -> Float[np.ndarray, "..."]:
    """Return numbers of any shape as a float64 array; all must be finite and above 0."""
    values = _checks.tensor(what, got, torch.float64).numpy(force=True)
    _checks.array(what, values, *([None] * values.ndim))  # finite, and not empty
    if not (values > 0).all():
        raise ValueError(f"{what} must be above 0; got values down to {values.min():g}.")
    return values


def _quadrature(
    spreads: Float[np.ndarray, "..."],
) -> tuple[Float[np.ndarray, "... node"], Float[np.ndarray, "... node"]]:
    """Return net inputs and their weights, which sum to one, for each spread."""
    wide = spreads[..., None]
    bends = np.clip(_BORDERS, -10 * wide, 10 * wide)
    borders = np.sort(np.concatenate([wide * _STANDARD, bends], axis=-1), axis=-1)
    half = np.diff(borders, axis=-1)[..., None] / 2
    z = (borders[..., :-1, None] + half * (1 + _NODES)).reshape(*spreads.shape, -1)
    density = np.exp(-((z / wide) ** 2) / 2) / (wide * np.sqrt(2 * np.pi))
    return z, density * (half * _WEIGHTS).reshape(z.shape)
