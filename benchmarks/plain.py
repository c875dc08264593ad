"""What one would write without lossviz: a loss of flat weights, and autograd."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.func import hessian, vmap
from torch.nn.functional import binary_cross_entropy_with_logits

import lossviz as lv

FUNCTIONS = {"tanh": torch.tanh, "relu": torch.relu, "elu": torch.nn.functional.elu}


def random_problem(layers: tuple[int, ...], samples: int) -> lv.Problem:
    """Return a problem of this size: inputs uniform in [0, 1], one class each."""
    rng = np.random.default_rng(0)
    inputs = rng.random((samples, layers[0]))
    labels = rng.integers(max(2, layers[-1]), size=samples)
    targets = labels[:, None] if layers[-1] == 1 else np.eye(layers[-1])[labels]
    name = "-".join(map(str, layers))
    return lv.Problem(name, layers, inputs, targets.astype(float), inputs[:10], targets[:10])


def plain_loss(landscape: lv.Landscape) -> Callable[[Tensor], Tensor]:
    """Return the loss as one would write it down: a function of one flat vector."""
    inputs, hidden, outputs = landscape.problem.layers
    sizes = [hidden * inputs, hidden, outputs * hidden, outputs]
    x = torch.from_numpy(landscape.problem.inputs)
    t = torch.from_numpy(landscape.problem.targets)
    act = FUNCTIONS[landscape.activation.name]

    def loss(w: Tensor) -> Tensor:
        w1, b1, w2, b2 = w.split(sizes)
        z = act(x @ w1.view(hidden, inputs).T + b1) @ w2.view(outputs, hidden).T + b2
        return binary_cross_entropy_with_logits(z, t)

    return loss


def naive(landscape: lv.Landscape, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return losses, gradient norms and Hessian eigenvalues, one point at a time."""
    function = plain_loss(landscape)
    found = []
    for w in points:
        gradient = torch.autograd.functional.jacobian(function, w)
        matrix = torch.autograd.functional.hessian(function, w)
        found.append((function(w), gradient.norm(), torch.linalg.eigvalsh(matrix)))
    losses, norms, values = zip(*found, strict=True)
    return torch.stack(losses), torch.stack(norms), torch.stack(values)


def vectorised(landscape: lv.Landscape, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the same, all points at once by torch.func, and LAPACK's batched routine."""
    function = plain_loss(landscape)
    gradients, losses = vmap(torch.func.grad_and_value(function))(points)
    matrices = vmap(hessian(function))(points)
    return losses, gradients.norm(dim=-1), torch.linalg.eigvalsh(matrices)
