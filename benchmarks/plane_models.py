"""The models and data of the benchmark of planes: the same for lossviz and its peers.

It imports torch alone, as the peers' environment has no lossviz.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Model(NamedTuple):
    """A module, its loss and its data."""

    module: nn.Module
    loss_fn: Callable[[Tensor, Tensor], Tensor]
    inputs: Tensor
    targets: Tensor


def _classes(module: nn.Module, *shape: int) -> Model:
    """Give a module uniform inputs and ten classes."""
    return Model(module, nn.CrossEntropyLoss(), torch.rand(*shape), torch.randint(10, shape[:1]))


def mlp(activation: type[nn.Module]) -> Model:
    """784-100-10 on 2,000 samples."""
    layers = nn.Linear(784, 100), activation(), nn.Linear(100, 10)
    return _classes(nn.Sequential(*layers), 2000, 784)


def narrow(activation: type[nn.Module]) -> Model:
    """32-10-1 on 736 samples."""
    module = nn.Sequential(nn.Linear(32, 10), activation(), nn.Linear(10, 1))
    targets = torch.randint(2, (736, 1)).float()
    return Model(module, nn.BCEWithLogitsLoss(), torch.rand(736, 32), targets)


def cnn() -> Model:
    """Two convolutions on 1,437 pictures of 8 x 8, the size of scikit-learn's digits."""
    module = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip
    return _classes(module, 1437, 1, 8, 8)


def normed() -> Model:
    """Two convolutions with batch norms on 100 coloured pictures of 32 x 32, to be evaluated."""
    module = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, stride=2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip
    for part in module[1], module[4]:  # a peer divides by the norm of what begins as zeros
        nn.init.normal_(part.bias)
    return _classes(module.eval(), 100, 3, 32, 32)


MODELS = {
    "784-100-10 relu": lambda: mlp(nn.ReLU),
    "784-100-10 tanh": lambda: mlp(nn.Tanh),
    "32-10-1 relu": lambda: narrow(nn.ReLU),
    "32-10-1 tanh": lambda: narrow(nn.Tanh),
    "cnn 8x8": cnn,
    "cnn 32x32, batch norm": normed,
}


def made(name: str) -> Model:
    """Return a model, always with the same weights and data."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MODELS[name]()
