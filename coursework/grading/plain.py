"""Values as text that any reader can check: no pickle, nothing that is run when it is read.

Numbers, texts, booleans, None, lists, tuples, sets and dictionaries of them, arrays and tensors of
numbers; functions stay where they are, and only a number that stands for them is written.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from grading import networks

#: What one message may hold: characters, values, and containers within each other.
LONGEST, MOST, DEEPEST = 16_000_000, 1_000_000, 24

_TEXT_DTYPE = re.compile(r"[<>|][biufc]\d{1,2}|[<>]U[1-9]\d{0,5}")
_TORCH_KINDS = frozenset(
    [
        *("bool", "uint8", "int8", "int16", "int32", "int64"),
        *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
    ]
)
_READING = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
_CONTAINERS = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


class NotPlainError(TypeError):
    """A value that cannot be written as plain data."""


class ForgedError(ValueError):
    """A text that `encode` does not write."""


def _no_functions(value: Any) -> Any:
    raise NotPlainError(f"{_kind(value)} is no plain data")


def encode(value: Any, functions: Callable[[Any], Any] = _no_functions) -> str:
    """Write a value.

    Args:
        value: Plain data.
        functions: What to write in a function's place: a list of a tag and JSON values.

    Raises:
        NotPlainError: If the value is anything else, or too large.

    Example:
        >>> encode([1, (0.5, None)])
        '["list",1,["tuple",0.5,null]]'
    """
    try:
        text = json.dumps(_tree(value, functions, 0), separators=(",", ":"))
    except ValueError as error:  # whole numbers of thousands of digits
        raise NotPlainError(str(error)) from error
    if len(text) > LONGEST or _count(text) > MOST:
        raise NotPlainError(
            f"more than {LONGEST:,} characters or {MOST:,} values, written as plain data"
        )
    return text


def decode(text: str, functions: Callable[[list[Any]], Any] | None = None) -> Any:
    """Read a value that `encode` has written, or somebody who would like to be taken for it.

    Args:
        text: What was written.
        functions: Makes a function of what stands for one; None if none may stand there.

    Raises:
        ForgedError: If the text is anything else.

    Example:
        >>> decode('["list",1,["tuple",0.5,null]]')
        [1, (0.5, None)]
    """
    if not isinstance(text, str) or len(text) > LONGEST or _count(text) > MOST:
        raise ForgedError("no text, or one that is too long")
    try:
        return _value(json.loads(text), functions, 0)
    except _READING as e:
        raise ForgedError(f"no plain data: {type(e).__name__}: {e}"[:200]) from e


def _count(text: str) -> int:
    """An upper bound for the number of values, before any is made."""
    return text.count(",") + text.count("[") + text.count("{")


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"


def _tree(value: Any, functions: Callable[[Any], Any], depth: int) -> Any:
    if depth > DEEPEST:
        raise NotPlainError(f"more than {DEEPEST} containers within each other")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        return _array_tree(value)
    torch = sys.modules.get("torch")
    if torch is not None and type(value) in (torch.Tensor, torch.nn.Parameter):
        return _tensor_tree(value)
    if isinstance(value, dict):
        pairs = (part for pair in value.items() for part in pair)
        return ["dict", *(_tree(part, functions, depth + 1) for part in pairs)]
    for name, kind in _CONTAINERS.items():
        if isinstance(value, kind):
            return [name, *(_tree(part, functions, depth + 1) for part in value)]
    described = networks.described(value)
    if described is not None:
        tag, parts = described
        return [tag, _tree(parts, functions, depth + 1)]
    return _small_tree(value, functions)


def _small_tree(value: Any, functions: Callable[[Any], Any]) -> Any:
    """Kinds of a few numbers, and classes made of numbers and texts."""
    if value is Ellipsis:
        return ["ellipsis"]
    if isinstance(value, range):
        return ["range", value.start, value.stop, value.step]
    if isinstance(value, (bytes, bytearray)):
        return ["bytes", _packed(bytes(value))]
    if isinstance(value, complex):
        return ["complex", value.real, value.imag]
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return functions(value) if callable(value) else _no_functions(value)


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _array_tree(value: np.ndarray | np.generic) -> Any:
    if isinstance(value, np.str_):  # an empty one has no dtype that arrays may have
        return ["text", str(value)]
    dtype = value.dtype.str
    if not _TEXT_DTYPE.fullmatch(dtype):
        raise NotPlainError(f"an array of {value.dtype} is no plain data")
    if isinstance(value, np.generic):
        return ["scalar", dtype, _packed(value.tobytes())]
    if type(value) is not np.ndarray:  # a mask or a unit would be lost
        raise NotPlainError(f"{_kind(value)} is no plain data")
    return ["array", dtype, list(value.shape), _packed(value.tobytes()), value.flags.writeable]


def _tensor_tree(value: Any) -> Any:
    import torch

    name = str(value.dtype).removeprefix("torch.")
    plain = value.layout is torch.strided and value.device.type == "cpu" and name in _TORCH_KINDS
    if not plain:
        raise NotPlainError(
            f"a tensor of {name}, {value.layout}, on {value.device} is no plain data"
        )
    flat = value.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    data = flat.view(torch.uint8).numpy().tobytes()
    return ["tensor", name, list(value.shape), _packed(data), value.requires_grad]


def _value(tree: Any, functions: Callable[[list[Any]], Any] | None, depth: int) -> Any:
    if depth > DEEPEST:
        raise ForgedError(f"more than {DEEPEST} containers within each other")
    if not isinstance(tree, (list, dict)):
        return tree
    tag, *parts = tree if isinstance(tree, list) else [None]
    if tag in _CONTAINERS:
        return _CONTAINERS[tag](_value(part, functions, depth + 1) for part in parts)
    if tag == "dict":
        found = [_value(part, functions, depth + 1) for part in parts]
        return dict(zip(found[::2], found[1::2], strict=True))
    if tag in networks.TAGS:
        return networks.made(tag, _value(*parts, functions, depth + 1))
    if tag in _READERS:
        return _READERS[tag](*parts)
    if functions is None or not isinstance(tag, str):
        raise ForgedError(f"{str(tag)[:40]!r} stands for no plain data")
    return functions(tree)


def _unpacked(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _size(shape: list[int]) -> tuple[int, ...]:
    if not all(type(n) is int and n >= 0 for n in shape):
        raise ForgedError("a shape must be whole numbers")
    return tuple(shape)


def _array(dtype: str, shape: list[int], text: str, writeable: bool) -> np.ndarray:
    if not _TEXT_DTYPE.fullmatch(dtype):
        raise ForgedError(f"no array is of {dtype[:20]!r}")
    kind, data = np.dtype(dtype), _unpacked(text)
    flat = np.frombuffer(data, np.uint8) != 0 if kind.kind == "b" else np.frombuffer(data, kind)
    array = flat.reshape(_size(shape)).copy()
    array.flags.writeable = bool(writeable)
    return array


def _tensor(name: str, shape: list[int], text: str, requires_grad: bool) -> Any:
    import torch

    if name not in _TORCH_KINDS:
        raise ForgedError(f"no tensor is of {name[:20]!r}")
    kind, data = getattr(torch, name), bytearray(_unpacked(text))
    if kind is torch.bool:
        data = bytearray(byte != 0 for byte in data)
    flat = torch.frombuffer(data, dtype=kind) if data else torch.empty(0, dtype=kind)
    return flat.reshape(_size(shape)).requires_grad_(bool(requires_grad))


_READERS: dict[str, Callable[..., Any]] = {
    "array": _array,
    "scalar": lambda dtype, text: _array(dtype, [], text, True)[()],
    "tensor": _tensor,
    "text": np.str_,
    "bytes": _unpacked,
    "complex": complex,
    "range": range,
    "ellipsis": lambda: Ellipsis,
}
