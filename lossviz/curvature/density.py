r"""How the eigenvalues of a Hessian too large for them are distributed, and what follows from it.

Stochastic Lanczos quadrature (Ubaru, Chen and Saad 2017; for networks Ghorbani, Krishnan and Xiao
2019, and Papyan 2018) needs products of the Hessian with vectors only.
"""

from __future__ import annotations

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks, _progress
from lossviz.curvature._inputs import in_precision
from lossviz.curvature._quadrature import Rule, exact_rule, mean_and_error, random_rules
from lossviz.curvature._smoothing import smoothed
from lossviz.curvature.traces import HessianEstimate
from lossviz.landscape.base import BaseLandscape

#: Ways to a spectrum: all eigenvalues of the whole Hessian, or stochastic Lanczos quadrature.
SPECTRUM_METHODS = ("auto", "exact", "lanczos")

# Up to so many weights the whole spectrum costs less than the probes.
_WHOLE = 1000


def spectral_density(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*point weight"],
    num_probes: int = 10,
    num_steps: int = 80,
    width: float | None = None,
    resolution: int = 1000,
    method: str = "lanczos",
    seed: int = 0,
    precision: str = "float64",
    progress: bool | None = None,
) -> xr.Dataset:
    r"""Return the density of the Hessian's eigenvalues, smoothed, without forming the Hessian.

    .. math::

        \phi(t) = \frac{1}{n} \sum_{l=1}^{n} \sum_i \tau_{li}\, N(t; \theta_{li}, \sigma^2),
        \qquad \sum_i \tau_{li} = 1,

    with nodes :math:`\theta_{li}` and weights :math:`\tau_{li}` of Lanczos' method from n random
    vectors of signs (Ghorbani, Krishnan and Xiao 2019, section 2), and
    :math:`\sigma` = ``width``. The density is the mean over each cell of the grid, so that it
    sums to 1 whatever the resolution. An eigenvalue in the bulk is not resolved; those at the ends
    are, with weights around 1 / ``num_weights`` that are random: see :func:`top_eigenvalues`.

    Args:
        landscape: the landscape; it is evaluated in ``precision``, whatever its own is.
        weights: one point, shape (num_weights,), or several, (points, num_weights), finite.
        num_probes: n, number of random vectors, at least 2.
        num_steps: products for each probe, at least 1; ``num_weights`` are enough.
        width: :math:`\sigma` > 0, in units of the eigenvalues. None takes a hundredth of the
            range of the nodes, or of their size where all are equal.
        resolution: number of cells of the grid, at least 2.
        method: ``"lanczos"``, ``"exact"`` (all eigenvalues of the whole Hessian, each of weight
            1 / ``num_weights``), or ``"auto"``: exact up to 1,000 weights.
        seed: seed of the probes, the same ones at every point; at least 0.
        precision: ``"float64"`` or ``"float32"``, that of the products.
        progress: whether to show a progress bar; None shows one in a terminal, once it has taken
            two seconds.

    Returns:
        A data set over ``eigenvalue`` (the cells' centres; for several points also ``point``) with
        ``density`` and its standard error over probes ``density_error``; the raw ``nodes`` and
        ``node_weights`` over ``probe`` and ``node``; and the ``mean_eigenvalue`` (trace /
        num_weights) with ``mean_eigenvalue_error``, and ``second_moment`` (squared Frobenius norm /
        num_weights). Attributes say how to reproduce it, and repeat the mean of a single point.
        Where a Hessian is not finite all is NaN.

    Raises:
        ValueError: for weights of another shape or not finite, an unknown name, or a number out
            of its range.
        TypeError: if ``landscape`` is no landscape, or a number or a truth value is none.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("iris", "tanh")
        >>> point = landscape.initial(1, seed=0, start_range=1.0)[0]
        >>> found = spectral_density(landscape, point)
        >>> spacing = float(found.eigenvalue[1] - found.eigenvalue[0])
        >>> f"{float(found.density.sum()) * spacing:.6f}"
        '1.000000'
        >>> exact = spectral_density(landscape, point, method="exact")
        >>> missed = abs(found.mean_eigenvalue - exact.mean_eigenvalue)
        >>> bool(missed < 4 * found.mean_eigenvalue_error)
        True
    """
    evaluated = in_precision(landscape, precision)
    points = evaluated._points(weights)
    if points.ndim > 2 or points.numel() == 0:
        raise ValueError(
            f"weights must have shape ({evaluated.num_weights},) or (points, "
            f"{evaluated.num_weights}), with a point at least; got {tuple(points.shape)}."
        )
    spread = None if width is None else _checks.real("width", width, above=0)
    cells = _checks.whole("resolution", resolution, 2)
    settings = _settings(evaluated, method, num_probes, num_steps, seed)
    rule, _ = _rules(evaluated, points.reshape(-1, points.shape[-1]), settings, progress)
    found = smoothed(*rule, spread, cells)
    if points.ndim == 1:
        found = found.isel(point=0)
        found = found.assign_attrs(mean=float(found.mean_eigenvalue))
    about = {"num_weights": evaluated.num_weights, **settings}
    return found.assign_attrs(evaluated.describe() | about)


def effective_dimension(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*points weight"],
    regularisation: float,
    method: str = "auto",
    num_probes: int = 10,
    num_steps: int = 80,
    seed: int = 0,
    precision: str = "float64",
    progress: bool | None = None,
) -> HessianEstimate:
    r"""Return the effective dimension: how many directions the data determine.

    .. math::

        N_{\mathrm{eff}}(z) = \sum_i \frac{\max(\lambda_i, 0)}{\max(\lambda_i, 0) + z},

    with eigenvalues :math:`\lambda_i` of the Hessian of the mean loss, and z =
    ``regularisation`` (MacKay 1992; Maddox, Benton and Wilson 2020, equation 2). An eigenvalue far
    above z counts 1, one far below 0. Negative ones, which the formula has no place for, count 0.

    The step at 0 is as sharp as z is small, and a quadrature of few nodes blurs it. So the standard
    error contains, beside that of the probes, what the last quarter of the steps changed.

    Args:
        landscape: the landscape; it is evaluated in ``precision``, whatever its own is.
        weights: points, shape (..., num_weights), finite.
        regularisation: z > 0, in units of the eigenvalues; state it with any result.
        method: ``"exact"`` (all eigenvalues of the whole Hessian), ``"lanczos"`` (stochastic
            Lanczos quadrature), or ``"auto"``: exact up to 1,000 weights.
        num_probes: number of random vectors, at least 2.
        num_steps: products for each probe, at least 1; ``num_weights`` are enough.
        seed: seed of the probes, the same ones at every point; at least 0.
        precision: ``"float64"`` or ``"float32"``, that of the products.
        progress: whether to show a progress bar; None shows one in a terminal, once it has taken
            two seconds.

    Returns:
        Effective dimensions, shape (...), with standard errors.

    Raises:
        ValueError: for weights of another shape or not finite, an unknown name, or a number out
            of its range.
        TypeError: if ``landscape`` is no landscape, or a number or a truth value is none.

    Example:
        >>> import torch
        >>> from lossviz import Landscape
        >>> landscape = Landscape("xor", "tanh")
        >>> flat = effective_dimension(landscape, torch.zeros(9), 1e-12)
        >>> round(float(flat.value), 6)  # only the output bias curves the loss
        1.0
    """
    evaluated = in_precision(landscape, precision)
    points = evaluated._points(weights)
    z = _checks.real("regularisation", regularisation, above=0)
    settings = _settings(evaluated, method, num_probes, num_steps, seed)
    flat = points.reshape(-1, points.shape[-1])
    rules = _rules(evaluated, flat, settings, progress)
    (value, error), (before, _) = (
        mean_and_error(evaluated.num_weights * _counted(*rule, z)) for rule in rules
    )
    error = torch.hypot(error, value - before)
    shape = points.shape[:-1]
    exact = settings["method"] == "exact"
    count = 0 if exact else settings["num_probes"]
    products = count * rules[0][0].shape[-1]
    return HessianEstimate(
        value.reshape(shape), error.reshape(shape), settings["method"], count, products
    )


def _counted(nodes: Tensor, shares: Tensor, z: float) -> Tensor:
    positive = nodes.clamp(min=0)
    return (shares * positive / (positive + z)).sum(dim=-1)


def _settings(
    landscape: BaseLandscape, method: str, num_probes: int, num_steps: int, seed: int
) -> dict:
    """Check what says how a spectrum is found; ``"auto"`` becomes one of the methods."""
    method = _checks.one_of("method", method, SPECTRUM_METHODS)
    if method == "auto":
        method = "exact" if landscape.num_weights <= _WHOLE else "lanczos"
    return {
        "method": method,
        "num_probes": _checks.whole("num_probes", num_probes, 2),
        "num_steps": _checks.whole("num_steps", num_steps, 1),
        "seed": _checks.whole("seed", seed, 0),
    }


def _rules(
    landscape: BaseLandscape, points: Tensor, settings: dict, progress: bool | None
) -> list[Rule]:
    """Return the rule that was asked for, and one of three quarters of its steps."""
    show = _progress.checked(progress)
    if settings["method"] == "exact":
        return 2 * [exact_rule(landscape, points, show)]
    steps, m = settings["num_steps"], landscape.num_weights
    # Nothing is missing of a rule that went through the whole space.
    sizes = (m, m) if steps >= m else (steps, max(1, 3 * steps // 4))
    return random_rules(landscape, points, settings["num_probes"], sizes, settings["seed"], show)
