r"""Directions in the scale of the weights, so that a step of one means the same in every layer.

A network computes the same function when a layer's weights are doubled and the next layer's are
halved, if its activation is ReLU, or when the weights before a batch norm are scaled at all. A
picture along plain random directions changes with that scale. Li et al. (2018, section 4) scale
each filter of a direction to the norm of the network's filter.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks
from lossviz.geometry._flat import checked_landscape, one_point, some_directions
from lossviz.geometry._parts import apart, row_places, scaled, starts
from lossviz.landscape.base import BaseLandscape

#: What has the norm of the weights' after :func:`normalise`.
NORMALISATIONS = ("filter", "layer", "model")

#: What becomes of biases and of the parameters of norms.
TREATMENTS = ("zero", "match", "keep")


def normalise(
    landscape: BaseLandscape,
    centre: Float[Tensor, "weight"],
    directions: Float[Tensor, "*directions weight"],
    by: str = "filter",
    biases: str = "zero",
    norms: str = "zero",
) -> Float[Tensor, "*directions weight"]:
    r"""Scale directions to the weights of a point, filter by filter, layer by layer or as a whole.

    .. math::

        d_f \leftarrow \frac{\|w_f\|}{\|d_f\|} \, d_f

    for each part f: a row of a weight (the weights that go into one unit, or the filter of one
    channel; in a transposed convolution the channel is the second axis), a whole
    weight, or all that takes part. A part of a direction that is zero stays zero, and where
    the point's part is zero, the direction's becomes zero. (Li et al. 2018, section 4.)

    Args:
        landscape: the landscape, which knows the parameters.
        centre: the point w, shape (num_weights,), finite.
        directions: shape (..., num_weights), finite, none of them zero.
        by: ``"filter"``, ``"layer"`` or ``"model"``.
        biases: ``"zero"``: directions do not move biases, as Li et al. have it; ``"match"``: each
            bias vector gets the norm of the point's (with ``by="model"``, biases take part in
            the common norm); or ``"keep"``: they are left as they are.
        norms: the same for scales and shifts of batch norms and their like.

    Returns:
        Directions, of the shape of ``directions``, in the landscape's precision.

    Raises:
        ValueError: for another shape, numbers that are not finite, an unknown name, a direction
            that is zero, or one that becomes zero.
        TypeError: if ``landscape`` is no landscape, or a name no string.

    Example:
        >>> import torch
        >>> from lossviz import Landscape
        >>> landscape = Landscape("xor")
        >>> scaled = normalise(landscape, 2 * torch.ones(9), torch.arange(1.0, 10.0))
        >>> scaled[:2].norm(), scaled[2:4].norm(), scaled[4:6]
        (tensor(2.8284, dtype=torch.float64), tensor(2.8284, dtype=torch.float64),
         tensor([0., 0.], dtype=torch.float64))
    """
    landscape = checked_landscape(landscape)
    by = _checks.one_of("by", by, NORMALISATIONS)
    treat = {
        "weight": "match",
        "bias": _checks.one_of("biases", biases, TREATMENTS),
        "norm": _checks.one_of("norms", norms, TREATMENTS),
    }
    w = one_point("centre", centre, landscape).to(torch.float64)
    d = some_directions("directions", directions, landscape).to(torch.float64, copy=True)
    matched = []
    for part, start in starts(landscape.parameters):
        here = start + row_places(part, by)
        if treat[part.kind] == "zero":
            d[..., here] = 0
        elif treat[part.kind] == "match":
            matched.append(here.flatten())
            if by != "model":
                d[..., here] = scaled(w[here], d[..., here])
    if by == "model" and matched:
        here = torch.cat(matched)
        d[..., here] = scaled(w[here], d[..., here])
    return some_directions("directions (normalised)", d, landscape)


def filter_normalise(
    landscape: BaseLandscape,
    centre: Float[Tensor, "weight"],
    direction: Float[Tensor, "*directions weight"],
) -> Float[Tensor, "*directions weight"]:
    r"""Give each filter of a direction the norm of the point's filter; biases do not move.

    .. math::

        d_{ij} \leftarrow \frac{\|w_{ij}\|}{\|d_{ij}\|} \, d_{ij}

    for filter j of layer i; in a linear layer a filter is what goes into one unit. Biases
    and the parameters of norms become 0. (Li et al. 2018, section 4.) It is
    :func:`normalise` with its defaults.

    Args:
        landscape: the landscape, which knows the parameters.
        centre: the point w, shape (num_weights,), finite.
        direction: shape (num_weights,), or (..., num_weights) for several; none of them zero.

    Returns:
        Directions, of the shape of ``direction``, in the landscape's precision.

    Raises:
        ValueError: for another shape, numbers that are not finite, or a direction that is zero or
            becomes zero.
        TypeError: if ``landscape`` is no landscape.

    Example:
        >>> from lossviz import Landscape, random_directions
        >>> landscape = Landscape("iris")
        >>> centre = landscape.initial(1, seed=0, start_range=1.0)[0]
        >>> direction = filter_normalise(
        ...     landscape, centre, random_directions(landscape, centre, 1, seed=0)[0])
        >>> f"{direction[:4].norm():.6f} {centre[:4].norm():.6f}"
        '1.034601 1.034601'
    """
    checked_landscape(landscape)
    one_point("centre", centre, landscape)
    some_directions("direction", direction, landscape)
    return normalise(landscape, centre, direction)


def orthogonalise(
    landscape: BaseLandscape,
    directions: Float[Tensor, "directions weight"],
    by: str = "filter",
) -> Float[Tensor, "directions weight"]:
    r"""Make directions orthogonal without changing the norms of their parts.

    Gram and Schmidt's method within each part: each filter of a direction becomes orthogonal to
    that filter of the directions before it, and keeps its norm. So the directions are orthogonal,
    as their scalar product is the sum over parts, and normalised as before. Applied to
    whole directions, the method would spoil the norms of filters.

    Args:
        landscape: the landscape, which knows the parameters.
        directions: shape (directions, num_weights), finite, none of them zero.
        by: what keeps its norm: ``"filter"``, ``"layer"`` (each parameter as a whole) or
            ``"model"`` (each direction as a whole). Biases and norms are parts as a whole.

    Returns:
        Directions, of the same shape; the first is as it was.

    Raises:
        ValueError: for another shape, numbers that are not finite, an unknown name, or
            directions that are dependent within a part, as those of a filter with a
            single weight are.
        TypeError: if ``landscape`` is no landscape, or ``by`` no string.

    Example:
        >>> from lossviz import Landscape, random_directions
        >>> landscape = Landscape("iris")
        >>> centre = landscape.initial(1, seed=0, start_range=1.0)[0]
        >>> a, b = orthogonalise(
        ...     landscape, random_directions(landscape, centre, 2, seed=0, by="filter"))
        >>> bool(abs(a @ b) < 1e-12), f"{b[:4].norm() / centre[:4].norm():.6f}"
        (True, '1.000000')
    """
    landscape = checked_landscape(landscape)
    by = _checks.one_of("by", by, NORMALISATIONS)
    given = some_directions("directions", directions, landscape)
    if given.ndim != 2:
        raise ValueError(
            f"directions must have shape (directions, {landscape.num_weights}); "
            f"got {tuple(given.shape)}."
        )
    d = given.to(torch.float64, copy=True)
    if by == "model":
        return apart(d[:, None], "the model")[:, 0].to(given)
    for part, start in starts(landscape.parameters):
        here = start + row_places(part, by)
        d[:, here] = apart(d[:, here], f"{'a filter' if len(here) > 1 else 'all'} of {part.name}")
    return d.to(given)
