"""Numbers on their way to a page: base64 of float32 within JSON, and JSON within a script."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor


def packed(value: Any) -> Any:
    """Return a value for JSON, with arrays as base64 float32 (little-endian), at any depth."""
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return {"float32": base64.b64encode(value.astype("<f4").tobytes()).decode()}
    if isinstance(value, Mapping):
        return {str(name): packed(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [packed(each) for each in value]
    return value


def listed(value: Any) -> Any:
    """Return a value for JSON, with arrays as lists of numbers at full precision, at any depth."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(name): listed(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [listed(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


def in_script(value: Any) -> str:
    r"""Write JSON that may stand in a script element: nothing in it can end that or open another.

    Example:
        >>> in_script("</script>")
        '"\\u003c/script>"'
    """
    return json.dumps(value, allow_nan=False, ensure_ascii=True).replace("<", "\\u003c")
