"""Which modules are chains of linear layers and elementwise activations, and their heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from lossviz.landscape import _functional, _probe
from lossviz.landscape._chain import Chain, Head, Layer, fast_tanh, largest_is
from lossviz.landscape._functional import Function
from lossviz.landscape._subspace import Measured
from lossviz.landscape.losses import CrossEntropy

Batch = tuple[Tensor, Tensor, float]

_ELEMENTWISE = (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh,
    nn.Identity, nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.ReLU, nn.ReLU6, nn.SELU, nn.Sigmoid,
    nn.SiLU, nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink, nn.Threshold,
)  # fmt: skip
# Modules that do nothing, as landscapes are not random.
_NOTHING = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)

# What torch's losses have unless they were asked for something else.
_PLAIN = {"reduction": "mean", "label_smoothing": 0.0, "ignore_index": -100}


@dataclass(frozen=True)
class ModuleHead(Head):
    """A loss that takes rows of samples, as callers write it.

    Attributes:
        targets: of each batch.
        loss_fn: the loss of a batch from outputs (samples, units) and targets.
        correct: which samples are correct, from outputs (points, samples, units) and targets.
        known: of each batch, the same loss from outputs (points, units, samples), where it is one
            that is many times faster units-first; else None.
        vectorised: whether ``loss_fn`` can be evaluated at many points at once.
    """

    targets: tuple[Tensor, ...]
    loss_fn: Callable[[Tensor, Tensor], Tensor]
    correct: Callable[[Tensor, Tensor], Tensor] | None
    known: tuple[Function | None, ...]
    vectorised: bool

    def measure(self, outputs: Tensor, batch: int) -> Measured:
        """Return loss and accuracy from outputs (points, units, samples)."""
        t = self.targets[batch]
        known, largest = self.known[batch], self.correct is _probe.of_largest
        rows = outputs if known and largest else outputs.mT.contiguous()
        if known is None:
            loss = losses_of_outputs(self.loss_fn, rows, t, self.vectorised)
        else:
            loss = known(outputs)
        if largest:
            return loss, largest_is(outputs, t).to(loss.dtype).mean(dim=-1)
        return loss, share_correct(self.correct, rows, t)


def losses_of_outputs(
    loss_fn: Callable[[Tensor, Tensor], Tensor], outputs: Tensor, t: Tensor, vectorised: bool
) -> Tensor:
    """Return the losses of outputs (points, samples, ...), shape (points,)."""
    return _functional.values(lambda o: loss_fn(o, t), outputs, vectorised)


def share_correct(
    correct: Callable[[Tensor, Tensor], Tensor] | None, outputs: Tensor, t: Tensor
) -> Tensor | None:
    """Return the shares of samples that are correct, shape (points,)."""
    if correct is None:
        return None
    return correct(outputs, t).to(outputs.dtype).mean(dim=-1)


def chain_of(
    module: nn.Module,
    batches: list[Batch],
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    correct: Callable[[Tensor, Tensor], Tensor] | None,
    vectorised: bool,
) -> Chain | None:
    """Return a module as a chain with its loss; None if it is no such network.

    ``vectorised`` says whether the loss can be evaluated at many points at once.
    Whether the chain gives what the module gives is for the caller to check.
    """
    parts = list(_parts(module))
    flatten = bool(parts) and type(parts[0]) is nn.Flatten and parts[0].start_dim == 1
    parts = parts[1:] if flatten and parts[0].end_dim == -1 else parts
    inputs = [x.flatten(1) if flatten else x for x, *_ in batches]
    layers = _layers(parts, _places(module))
    if not layers or any(x.ndim != 2 or not x.is_floating_point() for x in inputs):
        return None
    targets = tuple(t for _, t, _ in batches)
    known = tuple(_units_first(loss_fn, t) for t in targets)
    head = ModuleHead(targets, loss_fn, correct, known, vectorised)
    columns = tuple(x.T.contiguous() for x in inputs)
    return Chain(layers, columns, tuple(share for *_, share in batches), head)


def _parts(module: nn.Module) -> Iterator[nn.Module]:
    """Yield what a Sequential runs, one after the other; something else as a whole."""
    if type(module) is nn.Sequential and not _hooked(module):
        for part in module:
            yield from _parts(part)
    elif not (type(module) in _NOTHING and not _hooked(module)):
        yield module


def _hooked(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _places(module: nn.Module) -> dict[int, slice]:
    """Return where each parameter lies in the flat weights, by its identity: some are tied."""
    places, start = {}, 0
    for value in module.parameters():
        places[id(value)] = slice(start, start + value.numel())
        start += value.numel()
    return places


def _layers(parts: list[nn.Module], places: dict[int, slice]) -> tuple[Layer, ...]:
    """Return the layers; none if a part is neither linear nor elementwise."""
    layers: list[Layer] = []
    for part in parts:
        if type(part) is nn.Linear and not _hooked(part):
            bias = None if part.bias is None else places[id(part.bias)]
            layers.append(Layer(places[id(part.weight)], bias, part.out_features, _nothing))
        elif type(part) in _ELEMENTWISE and layers and not _hooked(part):
            before = layers[-1].activation
            layers[-1] = replace(layers[-1], activation=_after(before, part))
        else:
            return ()
    return tuple(layers)


def _nothing(z: Tensor) -> Tensor:
    return z


def _after(first: Function, second: Function) -> Function:
    in_place = {nn.ReLU: torch.relu_, nn.Tanh: fast_tanh, nn.Sigmoid: torch.sigmoid_}
    second = in_place.get(type(second), second)
    return second if first is _nothing else lambda z: second(first(z))


def _units_first(loss_fn: Callable[..., Tensor], t: Tensor) -> Function | None:
    """Return a loss as a function of outputs (points, units, samples), if it is a plain one."""
    plain = all(getattr(loss_fn, name, value) == value for name, value in _PLAIN.items())
    weighted = any(getattr(loss_fn, name, None) is not None for name in ("weight", "pos_weight"))
    if not plain or weighted or bool((t < 0).any()):
        return None
    if loss_fn is cross_entropy or type(loss_fn) is nn.CrossEntropyLoss:
        return _of_classes(t) if t.ndim == 1 and not t.is_floating_point() else None
    if loss_fn is binary_cross_entropy_with_logits or type(loss_fn) is nn.BCEWithLogitsLoss:
        binary = t.ndim == 2 and bool(((t == 0) | (t == 1)).all())
        return CrossEntropy(t.T.contiguous()).value if binary else None
    return None


def _of_classes(t: Tensor) -> Function:
    def loss(outputs: Tensor) -> Tensor:
        each = cross_entropy(outputs, t.expand(len(outputs), -1), reduction="none")
        return each.mean(dim=-1)

    return loss
