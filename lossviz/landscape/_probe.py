"""Trying a module and its loss on one batch: what they must be, and how fast they can be run."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lossviz import _checks
from lossviz.landscape import _functional
from lossviz.landscape._functional import Function, Products

Rule = Callable[[Tensor, Tensor], Tensor]

# What calling somebody else's function with unsuitable data raises.
_CALL_ERRORS = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError)

# torch.func has no error of its own: what it cannot do is a RuntimeError. A loop over points,
# which needs none of it, then either works or raises for a true fault.
_UNSUPPORTED = RuntimeError


def tolerance(dtype: torch.dtype) -> float:
    """Return the relative difference above which two results count as different."""
    return torch.finfo(dtype).eps ** 0.5


def same(a: Tensor, b: Tensor) -> bool:
    """Say whether two results are equal up to rounding, relative to the largest entry."""
    if a.shape != b.shape:
        return False
    rtol = tolerance(b.dtype)
    size = b.nan_to_num(posinf=0, neginf=0).abs().max() if b.numel() else 0
    return torch.allclose(a, b, rtol=rtol, atol=rtol * float(size), equal_nan=True)


def checked_outputs(function: Callable[[], Any], x: Tensor, part: str) -> Tensor:
    """Return a module's outputs for a batch, which must be one tensor with a row per sample."""
    try:
        outputs = function()
    except _CALL_ERRORS as error:
        raise ValueError(
            f"{part}inputs must be what the module takes (integers stay integers); "
            f"got {x.dtype} of shape {tuple(x.shape)}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(outputs, Tensor) or outputs.ndim == 0 or len(outputs) != len(x):
        raise ValueError(
            f"module must return one tensor of shape ({len(x)}, ...), a row for each sample of "
            f"{part}inputs; got {_in_words(outputs)}."
        )
    return outputs


def check_loss(
    loss_fn: Callable[[Tensor, Tensor], Tensor], outputs: Tensor, t: Tensor, part: str
) -> None:
    """Check that the loss of a batch is one finite number that depends on the outputs."""
    try:
        loss = loss_fn(outputs, t)
    except _CALL_ERRORS as error:
        raise ValueError(
            f"loss_fn must take the module's outputs and {part}targets; got {_in_words(outputs)} "
            f"and {_in_words(t)}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(loss, Tensor) or loss.ndim or not loss.is_floating_point():
        raise ValueError(
            "loss_fn must return the mean over the batch, a floating-point tensor of shape (); "
            f"got {_in_words(loss)}."
        )
    _refuse_broadcast(loss_fn, outputs, t, part, loss)
    if not bool(torch.isfinite(loss)):
        raise ValueError(
            f"loss_fn must be finite at the module's own weights; got {loss.item()} for "
            f"{part}inputs and {part}targets."
        )
    if not loss.requires_grad:
        raise ValueError(
            "loss_fn must depend on the module's outputs, and they on its weights, through "
            "operations that torch can differentiate; got a loss without a gradient."
        )


def _refuse_broadcast(
    loss_fn: Callable[[Tensor, Tensor], Tensor], outputs: Tensor, t: Tensor, part: str, loss: Tensor
) -> None:
    """Refuse outputs (n, 1) with targets (n,), or the reverse, which arithmetic makes (n, n)."""
    if t.shape == outputs.shape or t.numel() != outputs.numel() or not t.is_floating_point():
        return
    try:
        aligned = loss_fn(outputs, t.reshape(outputs.shape))
    except _CALL_ERRORS:
        return  # a loss that wants two shapes
    if not same(loss.detach(), aligned.detach()):
        raise ValueError(
            f"{part}targets must have the shape of the outputs, {tuple(outputs.shape)}: loss_fn "
            f"takes every output with every target otherwise; got {tuple(t.shape)}."
        )


def check_mean(
    loss_fn: Callable[[Tensor, Tensor], Tensor], outputs: Tensor, t: Tensor, sizes: list[int]
) -> None:
    """Check that a loss is a mean: of the data given twice it is the same, and so over batches."""
    whole = loss_fn(outputs, t)
    doubled = loss_fn(torch.cat([outputs, outputs]), torch.cat([t, t]))
    if not same(doubled, whole):
        raise ValueError(
            "loss_fn must be the mean over the batch, so that data given twice have the same loss "
            f"up to a relative {tolerance(whole.dtype):.1e}; got {float(whole):.6g} once and "
            f"{float(doubled):.6g} twice."
        )
    parts = zip(outputs.split(sizes), t.split(sizes), strict=True)
    batched = sum(len(o) / len(outputs) * loss_fn(o, t_part) for o, t_part in parts)
    if not same(batched, whole):
        raise ValueError(
            "batch_size must be None for a loss_fn that is no mean of one term per sample; got "
            f"{float(whole):.6g} for all samples and {float(batched):.6g} over batches."
        )


def check_not_random(outputs: Callable[[], Tensor], device: torch.device) -> None:
    """Check that a module gives the same outputs again and draws no random numbers."""
    before = _states(device)
    first, second = outputs(), outputs()
    drew = any(not torch.equal(a, b) for a, b in zip(before, _states(device), strict=True))
    if drew or not same(second, first):
        what = "one that draws random numbers" if drew else "other outputs on a second call"
        raise ValueError(
            "module must not be random, or its loss would be: call module.eval() or set its "
            f"dropout to 0; got {what}."
        )


def _states(device: torch.device) -> list[Tensor]:
    states = [torch.get_rng_state()]
    return states + ([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])


# --- how fast -----------------------------------------------------------------------------------


def can_be_vectorised(
    run: Callable[[Function, Tensor, bool], Tensor], f: Function, points: Tensor
) -> bool:
    """Say whether ``run`` gives the same with vmap as by a loop over points."""
    return _agrees(partial(run, f, points, True), run(f, points, False))


def fastest_products(f: Function, points: Tensor, vectorised: bool) -> Products:
    """Return the fastest way to multiply Hessians by vectors that agrees with the slowest."""
    slow, angles = _functional.products_one_by_one, torch.arange(points.shape[-1]).to(points)
    vectors = torch.stack([torch.cos(angles), torch.sin(2 * angles)]).expand(len(points), -1, -1)
    try:
        expected = slow(f, points, vectors, strict=True)
    except _UNSUPPORTED as error:
        raise ValueError(
            "hessian needs a module and a loss_fn with second derivatives, and torch has none for "
            f"this one, which has: {error}"
        ) from error
    _check_symmetric(expected, vectors)
    # Not only what is unsupported is found out here: nested vmap of a group norm gives other
    # numbers, without an error (torch 2.13).
    faster = (_functional.products_together,) if vectorised else ()
    for products in (*faster, _functional.products_by_point):
        if _agrees(partial(products, f, points, vectors, 0), expected):
            return products
    return slow


def _check_symmetric(products: Tensor, vectors: Tensor) -> None:
    """Check u'Hv = v'Hu: torch's second derivative of its fused weight norm is wrong (2.13)."""
    scalars = products @ vectors.mT  # (points, 2, 2)
    off = (scalars - scalars.mT).abs()
    sizes = torch.linalg.vector_norm(products, dim=-1), torch.linalg.vector_norm(vectors, dim=-1)
    allowed = tolerance(products.dtype) * sizes[0].amax(dim=-1) * sizes[1].amax(dim=-1)
    if bool((off > allowed[:, None, None]).any()):
        raise ValueError(
            "hessian needs a module and a loss_fn whose second derivatives torch has right, and so "
            "symmetric (its weight_norm's are not, nor are those of what it can differentiate "
            f"only once); got a difference of {float(off.max()):.2g} between u'Hv and v'Hu."
        )


def _agrees(fast: Callable[[], Tensor], expected: Tensor) -> bool:
    """Say whether a fast way is supported by torch, without a slow stand-in, and right."""
    with warnings.catch_warnings(record=True) as caught:
        # Where vmap has no rule for an operation, torch loops inside and warns of it.
        warnings.simplefilter("always")
        try:
            found = fast()
        except _UNSUPPORTED:
            return False
    return not any("performance drop" in str(w.message) for w in caught) and same(found, expected)


def _in_words(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{value.dtype} of shape {tuple(value.shape)}"
    return type(value).__name__


# --- accuracy -----------------------------------------------------------------------------------


def accuracy_rule(
    given: Rule | None, outputs: Tensor, targets: Tensor, threshold: float
) -> Rule | None:
    """Return what says which samples are correct at many points; None if nothing does."""
    if given is None:
        return _default_accuracy(outputs, targets, threshold)
    rule = _by_point(given)
    rule(outputs[None], targets)  # raises if it does not return what it should
    return rule


def _default_accuracy(outputs: Tensor, targets: Tensor, threshold: float) -> Rule | None:
    k = outputs.shape[1:].numel()
    binary = bool(((targets == 0) | (targets == 1)).all())
    if outputs.ndim <= 2 and k == 1:
        if targets.shape[1:] in ((), (1,)) and binary:
            return lambda o, t: (o.flatten(1) > threshold) == (t.flatten() > 0.5)
    elif outputs.ndim == 2:
        if targets.ndim == 1 and not targets.is_floating_point():
            if bool(((targets >= 0) & (targets < k)).all()):
                return of_largest
        elif targets.shape == outputs.shape and binary and bool((targets.sum(dim=1) == 1).all()):
            return lambda o, t: o.argmax(dim=-1) == t.argmax(dim=-1)
    return None


def of_largest(outputs: Tensor, classes: Tensor) -> Tensor:
    """Say which samples have the largest output at their class."""
    return outputs.argmax(dim=-1) == classes


def _by_point(accuracy: Rule) -> Rule:
    """Make a caller's rule for one point's outputs one for many points' outputs."""

    def of_points(outputs: Tensor, targets: Tensor) -> Tensor:
        return torch.stack([_correctness(accuracy, o, targets) for o in outputs])

    return of_points


def _correctness(accuracy: Rule, outputs: Tensor, t: Tensor) -> Tensor:
    found = _checks.tensor("accuracy(outputs, targets)", accuracy(outputs, t), torch.float64)
    if found.shape not in ((), (len(outputs),)):
        raise ValueError(
            f"accuracy must return shape ({len(outputs)},), one value per sample, or (), their "
            f"mean; got {tuple(found.shape)}."
        )
    if not bool(((found >= 0) & (found <= 1)).all()):
        raise ValueError(
            f"accuracy must return values in [0, 1]; got {float(found.min()):g} to "
            f"{float(found.max()):g}."
        )
    return found.detach().mean()[None]
