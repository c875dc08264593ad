"""Activation functions that know their derivatives and their saturation measure.

An activation function f turns a unit's net input z into its output h = f(z). The loss landscape
of a network inherits its slopes from f' and part of its curvature from f'', so each activation
carries both in closed form, written to stay accurate where the naive formula rounds to zero.
"""

from lossviz.activations._activation import Activation
from lossviz.activations.registry import activation_names, get_activation, register_activation
from lossviz.activations.saturation import dead_units
from lossviz.activations.states import UnitStates, unit_states

__all__ = [
    "Activation",
    "UnitStates",
    "activation_names",
    "dead_units",
    "get_activation",
    "register_activation",
    "unit_states",
]
