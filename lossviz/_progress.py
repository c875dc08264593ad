"""Progress bars: always, never, or where they are of use."""

from __future__ import annotations

from tqdm import tqdm
from tqdm.auto import tqdm as tqdm_of_the_front_end

# A bar that nobody asked for appears after this many seconds.
_PATIENCE = 2.0


def checked(got: bool | None) -> bool | None:
    """Return what a caller gave as ``progress``."""
    if got is not None and not isinstance(got, bool):
        raise TypeError(f"progress must be True, False or None; got {got!r}.")
    return got


def bar(total: int, progress: bool | None, unit: str = "point") -> tqdm:
    """Return a progress bar: always, never, or (None) in a terminal and only where it lasts."""
    if progress is None:
        # The plain one: a notebook's would leave a widget in its pages, shown or not.
        return tqdm(total=total, unit=unit, delay=_PATIENCE, disable=None, leave=False)
    return tqdm_of_the_front_end(total=total, unit=unit, disable=not progress)
