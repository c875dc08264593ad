"""The way from a point to the nearest place where the gradient vanishes, also across kinks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float

from lossviz.landscape.base import BaseLandscape

_Vector = Float[np.ndarray, "weight"]

_STEPS = 120
#: Dampings that are tried in one step, as multiples of the present one.
_DAMPINGS = 4.0 ** np.arange(20)
#: A step is good if it takes this share of the gradient away.
_GAIN = 0.05
#: Kinks are looked for on the segments of these dampings: all are cut short by the same kink,
#: and the shorter ones see less of the gradient's smooth change.
_SEGMENTS = (0, 3, 6, 9, 12)


@dataclass(frozen=True)
class Place:
    """A point of the way.

    Attributes:
        weights: shape (weight,).
        loss: the loss there.
        gradient: its gradient.
        free: orthonormal directions in which the point may move, shape (weight, free). Each
            kink that the way follows takes one away: the kink's normal.
        normals: the normals of these kinks, shape (weight, kinks).
    """

    weights: _Vector
    loss: float
    gradient: _Vector
    free: Float[np.ndarray, "weight free"]
    normals: Float[np.ndarray, "weight kinks"]

    @property
    def slope(self) -> float:
        """Norm of the gradient along the free directions."""
        return float(np.linalg.norm(self.free.T @ self.gradient))


def start(landscape: BaseLandscape, weights: _Vector) -> Place:
    """Return the place at a point, with all directions free."""
    loss, gradient = _look(landscape, weights)
    m = len(weights)
    return Place(weights, float(loss), gradient, np.eye(m), np.empty((m, 0)))


def follow(landscape: BaseLandscape, place: Place, goal: float) -> list[Place]:
    r"""Reduce the norm of the gradient, step by step, until it is at most ``goal`` or stalls.

    The steps are those of Levenberg and Marquardt for the equations g = 0. In the eigenvectors
    of the Hessian, with eigenvalues \lambda,

        d = -\lambda g / (\lambda^2 + \mu^2),

    which finds saddles as well as minima. Where g falls off exponentially towards infinity, as at
    an infimum, each step takes a constant factor off it. Where no damping \mu helps, the way is
    barred by a kink, as of a ReLU: the gradient jumps. A loss without jumps has the same
    derivatives along a kink on both sides, so the jump is normal to it, and the way goes on
    along the kink.
    """
    way, damping, stalled = [place], 1e-3, 0
    while len(way) <= _STEPS and place.slope > goal and stalled < 5:
        moved, damping = _step(landscape, place, damping)
        if moved is None:
            break
        stalled = 0 if moved.slope < (1 - _GAIN) * place.slope else stalled + 1
        place = moved
        way.append(place)
    return way


def free_eigen(landscape: BaseLandscape, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues and eigenvectors of the Hessian along the free directions."""
    hessian = landscape.hessian(torch.from_numpy(place.weights)).cpu().numpy()
    values, vectors = np.linalg.eigh(place.free.T @ hessian @ place.free)
    return values, place.free @ vectors


def _look(landscape: BaseLandscape, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    loss, gradient = landscape.loss_and_gradient(torch.from_numpy(points))
    return loss.cpu().numpy(), gradient.cpu().numpy()


def _step(landscape: BaseLandscape, place: Place, damping: float) -> tuple[Place | None, float]:
    """Return the next place (None: there is none) and the next step's damping."""
    values, vectors = free_eigen(landscape, place)
    scale = np.abs(values).max()
    if not scale > 0:
        return None, damping
    tried = damping * _DAMPINGS
    slope = vectors.T @ place.gradient / scale
    curve = values / scale
    moves = -((curve * slope) / (curve**2 + tried[:, None] ** 2)) @ vectors.T
    moves /= np.maximum(1, np.linalg.norm(moves, axis=1, keepdims=True))
    losses, gradients = _look(landscape, place.weights + moves)
    slopes = np.linalg.norm(gradients @ place.free, axis=1)
    good = np.flatnonzero(slopes < (1 - _GAIN) * place.slope)
    if not len(good):
        onto = _onto_kink(landscape, place, moves[list(_SEGMENTS)])
        if onto is not None:
            return onto, 1e-3
        good = slopes.argmin(keepdims=True)
        if not slopes[good[0]] < place.slope:
            return None, damping
    best = int(good[0])
    weights = place.weights + moves[best]
    moved = replace(place, weights=weights, loss=float(losses[best]), gradient=gradients[best])
    return moved, max(tried[best] / 3, 1e-12)


def _onto_kink(landscape: BaseLandscape, place: Place, moves: np.ndarray) -> Place | None:
    """Return the place on the first kink that bars one of these moves, if there is one."""
    if place.free.shape[1] < 2:
        return None
    for move in moves:
        at, jump = _largest_jump(landscape, place.weights, move)
        normal = place.free.T @ jump
        size = np.linalg.norm(normal)
        # Round-off jumps by far less than the gradient, and a kink known already not sideways.
        if size > 1e-3 * place.slope and size > 1e-3 * np.linalg.norm(jump):
            rest = np.linalg.svd(normal[None])[2][1:]
            loss, gradient = _look(landscape, at)
            normals = np.column_stack([place.normals, place.free @ (normal / size)])
            return Place(at, float(loss), gradient, place.free @ rest.T, normals)
    return None


def _largest_jump(
    landscape: BaseLandscape, weights: _Vector, move: _Vector
) -> tuple[_Vector, _Vector]:
    """Return where on a segment the gradient jumps most, and the jump, by 32-fold division."""
    low, high = 0.0, 1.0
    for _ in range(10):
        shares = np.linspace(low, high, 33)
        gradients = _look(landscape, weights + shares[:, None] * move)[1]
        jumps = np.diff(gradients, axis=0)
        most = int(np.linalg.norm(jumps, axis=1).argmax())
        low, high = shares[most], shares[most + 1]
    return weights + low * move, jumps[most]
