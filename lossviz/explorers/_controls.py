"""The controls of an explorer, as both Python and the page know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from lossviz import _checks

#: What an explorer shows: the value of each control by its name.
State = dict[str, Any]


@dataclass(frozen=True)
class Select:
    """A choice of one among several.

    Attributes:
        name: of the state's entry.
        label: what a reader sees.
        options: pairs of value and text.
        value: the default.
        more: whether it is folded away under "More".
    """

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    value: str
    more: bool = False

    def checked(self, got: Any) -> str:
        """Return a value, if it is one of the options."""
        return _checks.one_of(self.name, got, [value for value, _ in self.options])

    def spec(self) -> dict[str, Any]:
        """Return what the page needs to know."""
        return asdict(self) | {"kind": "select"}


@dataclass(frozen=True)
class Range:
    """A number between two ends.

    Attributes:
        name: of the state's entry.
        label: what a reader sees.
        min: the lowest value.
        max: the highest value.
        step: distance of neighbouring values.
        value: the default.
        digits: decimals that are shown.
        more: whether it is folded away under "More".
    """

    name: str
    label: str
    min: float
    max: float
    step: float
    value: float
    digits: int = 1
    more: bool = False

    def checked(self, got: Any) -> float:
        """Return a value, if it is within the ends."""
        value = _checks.real(self.name, got, minimum=self.min)
        if value > self.max:
            raise ValueError(f"{self.name} must be at most {self.max}; got {value}.")
        return value

    def starting_at(self, value: Any) -> Range:
        """Return the same range with another default: the step nearest to a value within it."""
        steps = round((self.checked(value) - self.min) / self.step)
        return replace(self, value=round(self.min + steps * self.step, 9))

    def spec(self) -> dict[str, Any]:
        """Return what the page needs to know."""
        return asdict(self) | {"kind": "range"}


Control = Select | Range


def defaults(controls: tuple[Control, ...]) -> State:
    """Return the state that an explorer begins with."""
    return {control.name: control.value for control in controls}


def checked_state(controls: tuple[Control, ...], given: Mapping[str, Any]) -> State:
    """Return a whole state: the given values, and defaults for the others.

    Raises:
        ValueError: if there is no such control, or it cannot have that value.
        TypeError: if a value is of the wrong type.
    """
    by_name = {control.name: control for control in controls}
    for name in given:
        _checks.one_of("control", name, by_name)
    return defaults(controls) | {
        name: by_name[name].checked(value) for name, value in given.items()
    }
