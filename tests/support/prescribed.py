"""A landscape whose Hessian has the point's own coordinates as its eigenvalues."""

from __future__ import annotations

import numpy as np
import torch

from lossviz.landscape.base import BaseLandscape


class Prescribed(BaseLandscape):
    """The Hessian at w is scale * Q diag(w) Q^T, Q orthogonal (within each block) or 1."""

    test = None
    device = torch.device("cpu")

    def __init__(self, *sizes, scale=1.0, rotated=True, zeros=0, dtype=torch.float64):
        self.settings = sizes, {"scale": scale, "rotated": rotated, "zeros": zeros}
        self.num_weights, self.dtype, self.scale, self.zeros = sum(sizes), dtype, scale, zeros
        self.blocks = tuple((f"block{i}", size) for i, size in enumerate(sizes))
        rng = np.random.default_rng(5)
        turns = [np.linalg.qr(rng.normal(size=(size, size)))[0] for size in sizes]
        whole = torch.block_diag(*map(torch.from_numpy, turns))
        self.basis = (whole if rotated else torch.eye(sum(sizes))).to(dtype)
        self.products = 0

    @property
    def structural_zeros(self):
        return self.zeros

    def hessian(self, weights):
        values = self.scale * self._points(weights)
        whole = (self.basis * values.unsqueeze(-2)) @ self.basis.T
        return (whole + whole.mT) / 2

    def hessian_vector_product(self, weights, vectors):
        points = self._points(weights)
        v = self._vectors(points, vectors)
        self.products += 1
        return (v @ self.basis * (self.scale * points)) @ self.basis.T

    def describe(self):
        return {"problem": "prescribed", "precision": str(self.dtype).removeprefix("torch.")}

    def with_dtype(self, dtype):
        if dtype == self.dtype:
            return self
        sizes, settings = self.settings
        return Prescribed(*sizes, **settings, dtype=dtype)


# Losses, gradients and the rest are not asked for.
Prescribed.__abstractmethods__ = frozenset()
