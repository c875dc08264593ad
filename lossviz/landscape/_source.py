"""What a landscape of a module is made of, checked."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy
from torch.nn.parameter import is_lazy

from lossviz import _checks
from lossviz.activations import activation_names
from lossviz.landscape._loaders import gathered

_RANDOM = (
    nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout,
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A module, its loss and its data: copies, as the caller passed them.

    Attributes:
        module: a copy of the caller's module, in its own precision and mode.
        loss_fn: the loss of a batch from outputs and targets.
        inputs: the samples' inputs; integers stay integers.
        targets: the samples' targets; integers stay integers.
        test: inputs and targets of the test part.
        accuracy: which samples are correct, from outputs and targets.
        batch_size: the most samples that are evaluated together.
        dtype: the precision of weights and of floating-point data.
        device: where to compute.
        part: what the data are called in errors: ``""`` or ``"test_"``.
    """

    module: nn.Module
    loss_fn: Callable[[Tensor, Tensor], Tensor]
    inputs: Tensor
    targets: Tensor
    test: tuple[Tensor, Tensor] | None
    accuracy: Callable[[Tensor, Tensor], Tensor] | None
    batch_size: int | None
    dtype: torch.dtype
    device: torch.device
    part: str = ""

    def own(self, value: Tensor) -> Tensor:
        """Bring data to the landscape's device, and numbers that are no integers to its dtype."""
        return value.to(self.device, self.dtype if value.is_floating_point() else value.dtype)

    def own_module(self) -> nn.Module:
        """Copy the module into the landscape's precision, on its device."""
        return copy.deepcopy(self.module).to(self.device, self.dtype)

    def own_loss(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Copy a loss that is a module likewise: it may hold weights of classes."""
        if not isinstance(self.loss_fn, nn.Module):
            return self.loss_fn
        return copy.deepcopy(self.loss_fn).to(self.device, self.dtype)

    @property
    def threshold(self) -> float:
        """What one output must exceed to say yes: 0 for a logit, 1/2 for a probability."""
        last = [part for part in self.module.modules() if not list(part.children())][-1:]
        takes = isinstance(self.loss_fn, nn.BCELoss) or self.loss_fn is binary_cross_entropy
        return 0.5 if takes or any(isinstance(part, nn.Sigmoid) for part in last) else 0.0

    def describe(self) -> dict[str, str]:
        """Return what identifies the landscape, under the names that closed forms use."""
        names = {name.replace("_", ""): name for name in activation_names() if name != "identity"}
        kinds = {type(part).__name__.lower() for part in self.module.modules()}
        shapes = ("x".join(map(str, p.shape)) or "1" for p in self.module.parameters())
        return {
            "problem": type(self.module).__name__,
            "layers": " ".join(shapes),
            "split_seed": "none",
            "activation": "+".join(sorted(names[k] for k in kinds & names.keys())) or "unknown",
            "loss_function": getattr(self.loss_fn, "__name__", type(self.loss_fn).__name__),
            "precision": str(self.dtype).removeprefix("torch."),
            "module_batch_size": str(self.batch_size or "all"),
        }

    def test_part(self) -> Source | None:
        """Return the same with the test part's data."""
        if self.test is None:
            return None
        inputs, targets = self.test
        return replace(self, inputs=inputs, targets=targets, test=None, part="test_")


def checked_source(
    module: nn.Module, loss_fn: Callable[..., Tensor], inputs: Any, targets: Any, **options: Any
) -> Source:
    """Check what a caller passed, as far as that is possible without evaluating the module."""
    check_module(module)
    for what, given in (("loss_fn", loss_fn), ("accuracy", options["accuracy"])):
        if not callable(given) and (what == "loss_fn" or given is not None):
            raise TypeError(f"{what} must be callable as {what}(outputs, targets); got {given!r}.")
    size = options["batch_size"]
    inputs, targets = gathered("inputs", inputs, targets)
    if targets is None:
        raise TypeError("targets must be given, unless inputs is a DataLoader; got None.")
    test = gathered("test_inputs", options["test_inputs"], options["test_targets"])
    return Source(
        module=copy_of(module),
        loss_fn=loss_fn,
        inputs=_samples("inputs", inputs),
        targets=_samples("targets", targets, like=inputs),
        test=_test_data(*test),
        accuracy=options["accuracy"],
        batch_size=None if size is None else _checks.whole("batch_size", size, 1),
        dtype=_dtype(module, options["dtype"]),
        device=_device(module, options["device"]),
    )


def check_module(module: nn.Module) -> None:
    """Check that a module is one whose weights are finite numbers and whose loss is not random."""
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch.nn.Module; got {type(module).__name__}.")
    held = [*module.named_parameters(), *module.named_buffers()]
    lazy = [name for name, value in held if is_lazy(value) or value.is_meta]
    if lazy:
        raise ValueError(
            "module must have all its tensors: run a lazy one once on a batch, and load one from "
            f"the meta device; got {lazy[0]!r} without values."
        )
    if not any(True for _ in module.parameters()):
        raise ValueError(f"module must have parameters; got {type(module).__name__} with none.")
    for name, value in module.named_parameters():
        if value.dtype not in (torch.float32, torch.float64):
            raise ValueError(
                "module must have parameters in torch.float32 or torch.float64; "
                f"got {name!r} in {value.dtype}."
            )
        _checks.all_finite(f"module's parameter {name!r}", value.detach())
    _refuse_dropout(module)


def _refuse_dropout(module: nn.Module) -> None:
    for name, part in module.named_modules():
        if part.training and isinstance(part, _RANDOM) and part.p > 0:
            raise ValueError(
                "module must not be random, or its loss would be: call module.eval() or set p = 0; "
                f"got {type(part).__name__}(p={part.p}) in train mode at {name or 'the top'!r}."
            )


def copy_of(module: nn.Module) -> nn.Module:
    """Copy a module; say why where that is impossible."""
    try:
        return copy.deepcopy(module)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            "module must be one that copy.deepcopy can copy, for the caller's is left alone; "
            f"got {type(module).__name__}: {error}"
        ) from error


def _samples(what: str, got: Any, like: Any = None) -> Tensor:
    """Return a copy of data with at least one sample; integers and booleans stay what they are."""
    value = _checks.tensor(what, got)
    if isinstance(got, Tensor):
        value = got
    elif np.asarray(got).dtype.kind in "iub":
        value = torch.from_numpy(np.array(got))
    if value.ndim == 0 or value.numel() == 0:
        raise ValueError(
            f"{what} must have shape (samples, ...) with at least one sample and no empty axis; "
            f"got {tuple(value.shape)}."
        )
    if like is not None and len(value) != len(like):
        raise ValueError(
            f"{what} must have one entry for each of the {len(like)} samples; got {len(value)}."
        )
    return _checks.all_finite(what, value.detach().clone())


def _test_data(inputs: Any, targets: Any) -> tuple[Tensor, Tensor] | None:
    if inputs is None and targets is None:
        return None
    for what, got in (("test_inputs", inputs), ("test_targets", targets)):
        if got is None:
            raise ValueError(
                f"{what} must be given with the other half of the test part; got None."
            )
    return _samples("test_inputs", inputs), _samples("test_targets", targets, like=inputs)


def _dtype(module: nn.Module, given: torch.dtype | None) -> torch.dtype:
    if given is not None:
        return _checks.float_dtype("dtype", given)
    found = {value.dtype for value in module.parameters()}
    if len(found) > 1:
        raise ValueError(
            "dtype must be given where the module's parameters are of several; "
            f"got {sorted(map(str, found))}."
        )
    return found.pop()


def _device(module: nn.Module, given: torch.device | str | None) -> torch.device:
    if given is None:
        return next(module.parameters()).device
    return _checks.device("device", given)
