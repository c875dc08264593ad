"""The zoo written naively for mpmath: obvious formulas, made exact by hundreds of digits."""

from __future__ import annotations

import mpmath as mp

# 1 - tanh(700)^2 is 1e-607: with this many digits the plain difference still has fifty.
DIGITS = 660

SELU_ALPHA = "1.6732632423543772848170429916717"
SELU_SCALE = "1.0507009873554804934193349852946"


def tanh(z, height=1, steepness=1):
    t = mp.tanh(steepness * z)
    slope = 1 - t**2
    return height * t, height * steepness * slope, -2 * height * steepness**2 * t * slope


def lecun_tanh(z):
    return tanh(z, mp.mpf("1.7159"), mp.mpf(2) / 3)


def sigmoid(z):
    s = 1 / (1 + mp.exp(-z))
    return s, s * (1 - s), s * (1 - s) * (1 - 2 * s)


def identity(z):
    return z, mp.mpf(1), mp.mpf(0)


def relu(z):
    return leaky_relu(z, 0)


def leaky_relu(z, negative_slope="0.01"):
    slope = mp.mpf(1) if z > 0 else mp.mpf(negative_slope)
    return z * slope, slope, mp.mpf(0)


def hard_tanh(z):
    return (z, mp.mpf(1), mp.mpf(0)) if abs(z) < 1 else (mp.sign(z), mp.mpf(0), mp.mpf(0))


def elu(z, alpha=1, scale=1):
    if z > 0:
        return scale * z, mp.mpf(scale), mp.mpf(0)
    decay = scale * alpha * mp.exp(z)
    return decay - scale * alpha, decay, decay


def selu(z):
    return elu(z, mp.mpf(SELU_ALPHA), mp.mpf(SELU_SCALE))


def softplus(z, beta=1):
    s, slope, _ = sigmoid(beta * z)
    return mp.log(1 + mp.exp(beta * z)) / beta, s, beta * slope


def silu(z, beta=1):
    s, slope, bend = sigmoid(beta * z)
    return z * s, s + z * beta * slope, 2 * beta * slope + z * beta**2 * bend


def gelu(z):
    # Differences of erf would need 100,000 digits in the tail; erfc is taken as known.
    share, density = mp.erfc(-z / mp.sqrt(2)) / 2, mp.exp(-(z**2) / 2) / mp.sqrt(2 * mp.pi)
    return z * share, share + z * density, (2 - z**2) * density


def mish(z):
    plus, s, slope = softplus(z)
    t, t_slope, t_bend = tanh(plus)
    first = t_slope * s
    return z * t, t + z * first, 2 * first + z * (t_bend * s**2 + t_slope * slope)


def sine(z):
    return mp.sin(z), mp.cos(z), -mp.sin(z)
