"""Derivatives of functions that came without them.

They work under ``torch.no_grad()`` and ``torch.inference_mode()``, hand back detached tensors and
leave no graph behind.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lossviz.activations._activation import Elementwise


def slope(function: Elementwise, z: Tensor) -> Tensor:
    """Return f'(z), element by element."""
    with torch.inference_mode(False), torch.enable_grad():
        x = _fresh(z)
        return _gradient(function(x), x).detach()


def curvature(function: Elementwise, z: Tensor) -> Tensor:
    """Return f''(z), element by element."""
    with torch.inference_mode(False), torch.enable_grad():
        x = _fresh(z)
        return _gradient(_gradient(function(x), x, keep=True), x).detach()


def _fresh(z: Tensor) -> Tensor:
    # The copy lifts a tensor out of inference mode, where nothing can be differentiated.
    return z.detach().clone().requires_grad_()


def _gradient(outputs: Tensor, x: Tensor, keep: bool = False) -> Tensor:
    """Return the gradient of the outputs' sum: zeros where they do not depend on x."""
    if not outputs.requires_grad:
        return torch.zeros_like(x)
    (gradient,) = torch.autograd.grad(
        outputs.sum(), x, create_graph=keep, allow_unused=True, materialize_grads=True
    )
    return gradient
