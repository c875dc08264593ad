"""Values that go from process to process: written, read, and forged."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import lossviz as lv
from grading import plain
from grading.plain import ForgedError, NotPlainError, decode, encode
from grading.write_back import written_back

_atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.complex_numbers()
    | st.just(...)
)
_keys = st.integers() | st.text() | st.tuples(st.integers(), st.text())
_plain = st.recursive(
    _atoms,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(_keys, inner)
        | st.sets(st.integers() | st.text())
        | st.frozensets(st.integers())
    ),
    max_leaves=20,
)
_dtypes = hnp.scalar_dtypes().filter(lambda d: d.kind in "biufc") | hnp.unicode_string_dtypes(
    max_len=8
).filter(lambda d: d.itemsize > 0)
_arrays = hnp.arrays(_dtypes, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))


def _same(a: object, b: object) -> bool:
    """Equal in kind and contents; NaN is NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(_same, a.values(), b.values()))
    return repr(a) == repr(b) if isinstance(a, (float, complex)) else a == b


@given(_plain)
def test_plain_values_come_back_as_they_were(value: object):
    assert _same(decode(encode(value)), value)


@given(_arrays, st.booleans())
def test_arrays_come_back_bit_by_bit(array: np.ndarray, writeable: bool):
    array.flags.writeable = writeable
    again = decode(encode([array]))[0]
    assert (again.dtype, again.shape, again.tobytes()) == (
        array.dtype,
        array.shape,
        array.tobytes(),
    )
    assert again.flags.writeable == writeable


@given(_arrays.filter(lambda a: a.size > 0))
def test_numpys_scalars_come_back_bit_by_bit(array: np.ndarray):
    value = array.reshape(-1)[0]
    again = decode(encode(value))
    assert type(again) is type(value)
    assert again.tobytes() == value.tobytes()


@pytest.mark.parametrize("name", sorted(plain._TORCH_KINDS))
@pytest.mark.parametrize("shape", [(), (0,), (2, 3), (3, 0, 2)])
def test_tensors_come_back(name: str, shape: tuple[int, ...]):
    tensor = torch.testing.make_tensor(*shape, dtype=getattr(torch, name), device="cpu")
    again = decode(encode({"t": tensor}))["t"]
    torch.testing.assert_close(again, tensor, rtol=0, atol=0)


def test_views_and_gradients_come_back():
    tensor = torch.arange(6.0).reshape(2, 3).T.requires_grad_()
    again = decode(encode(tensor))
    assert torch.equal(again, tensor)
    assert again.requires_grad
    conjugate = torch.tensor([1 + 2j]).conj()
    assert decode(encode(conjugate)).tolist() == [1 - 2j]
    assert decode(encode(np.arange(9)[::-2])).tolist() == [8, 6, 4, 2, 0]


def test_numbers_of_classes_of_ones_own_are_only_numbers():
    class Always(float):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = float.__hash__

    again = decode(encode([Always(2.0)]))[0]
    assert type(again) is float
    assert again != 3.0


def test_landscapes_and_activations_are_made_again():
    problem = lv.problem_from_arrays(
        np.linspace(0, 1, 12).reshape(6, 2), np.eye(2)[[0, 1, 0, 1, 0, 1]], hidden=3, name="own"
    )
    landscapes = [
        lv.Landscape("xor", "relu", dtype=torch.float32),
        lv.Landscape(problem, lv.get_activation("elu", alpha=0.5), "softmax_cross_entropy"),
    ]
    for landscape in landscapes:
        again = decode(encode(landscape))
        points = landscape.initial(3, seed=1, start_range=2.0)
        assert torch.equal(again.gradient(points), landscape.gradient(points))
        assert torch.equal(again.test.loss(points), landscape.test.loss(points))
        assert again.describe() == landscape.describe()


class Stranger:
    """A class that nobody knows."""


@pytest.mark.parametrize(
    "value",
    [
        Stranger(),
        [Stranger()],
        math,
        len,
        lambda: 1,
        iter([1]),
        np.array([None]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.ma.masked_array([1.0], [True]),
        np.zeros(2, dtype=[("a", float)]),
        torch.eye(2).to_sparse(),
        torch.nn.Linear(1, 1),
        10**5000,
        np.zeros(plain.LONGEST),
        [0] * (plain.MOST + 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_plain_data_is_refused(value: object):
    with pytest.raises(NotPlainError, match=r"plain data|integer string conversion"):
        encode(value)


def test_what_holds_itself_is_refused():
    endless: list = []
    endless.append(endless)
    with pytest.raises(NotPlainError, match="within each other"):
        encode(endless)


def test_own_activations_are_refused():
    own = lv.Activation("own", "own", "z", "own", torch.sin, torch.cos, torch.sin)
    with pytest.raises(NotPlainError):
        encode(own)
    with pytest.raises(NotPlainError):
        encode(lv.Landscape("xor", own))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
_tags = st.sampled_from(
    [*plain._READERS, *plain._CONTAINERS, *plain.networks.TAGS, "dict", "function", "library", "x"]
)
_tagged = st.builds(lambda tag, parts: [tag, *parts], _tags, st.lists(_json, max_size=5))


@settings(max_examples=300)
@given((_json | _tagged).map(json.dumps) | st.text())
def test_a_hostile_text_is_plain_data_or_refused(text: str):
    try:
        value = decode(text)
    except ForgedError:
        return
    assert _same(decode(encode(value)), value) or isinstance(value, (np.ndarray, torch.Tensor))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[]",
        '["list"',
        '{"a": 1}',
        "[" * 100_000,
        '["list",' * 100 + "1" + "]" * 100,
        '["array", "O", [1], "AAAAAAAAAAA="]',
        '["array", "<f8", [1000000000000], "AAAAAAAAAAA="]',
        '["array", "<f8", [-1], "AAAAAAAAAAA="]',
        '["array", "<f8", [true], "AAAAAAAAAAA="]',
        '["array", "<f8", [1], "not base 64"]',
        '["array", "<M8[D]", [1], "AAAAAAAAAAA="]',
        '["tensor", "__class__", [1], "AA==", false]',
        '["tensor", "bool", [1], "AA==", true]',
        '["dict", 1]',
        '["dict", ["list"], 1]',
        '["set", ["list"]]',
        '["activation", ["tuple", "own", ["dict"]]]',
        '["landscape", ["tuple", 1, 2, 3, 4]]',
        '["function", 0]',
        '["library", "os", "system"]',
        "1" * 5000,
        "[" + "1," * plain.MOST + "1]",
        '"' + "x" * plain.LONGEST + '"',
    ],
    ids=lambda text: text[:24],
)
def test_forgeries_are_refused(text: str):
    with pytest.raises(ForgedError):
        decode(text)


def test_truths_are_only_true_or_false():
    forged = decode('["array", "|b1", [2], "AgM=", true]')
    assert forged.tobytes() == b"\x01\x01"
    assert decode('["tensor", "bool", [1], "Ag==", false]').view(torch.uint8).tolist() == [1]


@given(st.lists(_arrays, min_size=1, max_size=3), st.data())
def test_what_changed_in_a_copy_is_changed_in_place(arrays: list[np.ndarray], data):
    old = [list(arrays), {"a": arrays[0]}, [1, [2, 3]]]
    inner = old[2]
    new = decode(encode(old))
    for array in new[0]:
        array[...] = data.draw(hnp.arrays(array.dtype, array.shape))
    new[1]["a"][...] = new[0][0]
    new[2][1].append(4)
    assert written_back(old, new) is old
    assert [a.tobytes() for a in arrays] == [a.tobytes() for a in new[0]]
    assert inner is old[2]
    assert inner == [1, [2, 3, 4]]


def test_other_kinds_are_written_back_too():
    tensor, numbers = torch.zeros(2, requires_grad=True), {1, 2}
    written_back([tensor, numbers], [torch.ones(2), {3}])
    assert tensor.tolist() == [1, 1]
    assert numbers == {3}
    fixed = np.zeros(2)
    fixed.flags.writeable = False
    written_back([fixed], [np.ones(2)])
    assert fixed.tolist() == [0, 0]
    functions = [len]
    written_back(functions, [max])
    assert functions == [len]
