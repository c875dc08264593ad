"""The problems by name, and how each is made."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lossviz import _checks
from lossviz.problems._download import fetch_file
from lossviz.problems._files import DATA_FILES, DataError, DataFile
from lossviz.problems._problem import Problem, split

_TRAIN = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
_TEST = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")


@dataclass(frozen=True)
class _Recipe:
    """How a problem is made from a seed, and of which files."""

    load: Callable[[int], Problem]
    files: tuple[str, ...] = ()


def _xor(name: str, low: float, seed: int) -> Problem:
    bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
    targets = np.array([[0], [1], [1], [0]], dtype=np.float64)
    inputs = low + (1 - low) * bits
    # Four patterns are the whole problem: there is nothing to hold back, so they are the test too.
    return Problem(
        name, (2, 2, 1), inputs, targets, inputs.copy(), targets.copy(), seed, (False, True)
    )


def _load_xor(seed: int) -> Problem:
    return _xor("xor", 0.0, seed)


def _load_xor_bipolar(seed: int) -> Problem:
    return _xor("xor-bipolar", -1.0, seed)


def _load_iris(seed: int) -> Problem:
    # Here, not above: scikit-learn takes a third of the time in which all of lossviz is imported.
    from sklearn.datasets import load_iris

    data = load_iris()
    train, test = split(len(data.data), seed)
    mean, deviation = data.data[train].mean(axis=0), data.data[train].std(axis=0)
    scaled = (data.data - mean) / deviation
    names = tuple(map(str, data.target_names))
    return _parts("iris", 4, scaled, np.eye(3)[data.target], (train, test), seed, names)


def _load_digits(seed: int) -> Problem:
    from sklearn.datasets import load_digits

    data = load_digits()
    parts = split(len(data.data), seed)
    one_hot = np.eye(10)[data.target]
    return _parts("digits", 10, data.data / 16, one_hot, parts, seed, tuple(range(10)))


def _load_heart(seed: int) -> Problem:
    path = _path("heart.csv")
    table = np.loadtxt(path, delimiter=",")
    inputs, targets = table[:, :-1], table[:, -1:]
    return _parts("heart", 10, inputs, targets, split(len(table), seed), seed, (0, 1))


def _load_mnist(seed: int) -> Problem:
    (inputs, targets), (test_inputs, test_targets) = _images(_TRAIN), _images(_TEST)
    layers = (inputs.shape[1], 10, 10)
    classes = tuple(range(10))
    return Problem("mnist", layers, inputs, targets, test_inputs, test_targets, seed, classes)


def _load_mnist_test(seed: int) -> Problem:
    inputs, targets = _images(_TEST)
    parts = split(len(inputs), seed)
    return _parts("mnist-test", 10, inputs, targets, parts, seed, tuple(range(10)))


def _parts(
    name: str, hidden: int, inputs: np.ndarray, targets: np.ndarray,
    parts: tuple[np.ndarray, np.ndarray], seed: int, classes: tuple,
) -> Problem:  # fmt: skip
    train, test = parts
    layers = (inputs.shape[1], hidden, targets.shape[1])
    return Problem(
        name, layers, inputs[train], targets[train], inputs[test], targets[test], seed, classes
    )


def _path(name: str) -> Path:
    return fetch_file(DATA_FILES[name])


def _images(names: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels in [0, 1], (images, pixels), and one-hot labels, both in float32."""
    pixels, labels = (
        _read_idx(_path(name), dims) for name, dims in zip(names, (3, 1), strict=True)
    )
    if len(pixels) != len(labels):
        raise DataError(
            f"{names[1]} must have a label for each of {len(pixels)} images; got {len(labels)}."
        )
    if labels.max(initial=0) > 9:
        raise DataError(f"{names[1]} must hold labels from 0 to 9; got {labels.max()}.")
    scaled = pixels.reshape(len(pixels), -1).astype(np.float32)
    scaled /= np.float32(255)
    return scaled, np.eye(10, dtype=np.float32)[labels]


def _read_idx(path: Path, dims: int) -> np.ndarray:
    """Read unsigned bytes in the idx format: two zeros, 8, number of axes, their lengths, data."""
    try:
        raw = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} must be a whole gzip file; got {error}.") from error
    start = 4 + 4 * dims
    # A part of a number is no number: the file is too short.
    head = np.frombuffer(raw[:start] if len(raw) >= start else b"", dtype=">u4")
    if len(head) == 0 or head[0] != 0x800 + dims:
        raise DataError(
            f"{path} must begin as an idx file of unsigned bytes with {dims} axes; "
            f"got {raw[:start].hex(' ') or 'nothing'}."
        )
    shape = tuple(int(length) for length in head[1:])
    data = np.frombuffer(raw, dtype=np.uint8, offset=start)
    if data.size != math.prod(shape):
        raise DataError(f"{path} must hold {shape} bytes; got {data.size}.")
    return data.reshape(shape)


_RECIPES = {
    "xor": _Recipe(_load_xor),
    "xor-bipolar": _Recipe(_load_xor_bipolar),
    "iris": _Recipe(_load_iris),
    "digits": _Recipe(_load_digits),
    "heart": _Recipe(_load_heart, ("heart.csv",)),
    "mnist-test": _Recipe(_load_mnist_test, _TEST),
    "mnist": _Recipe(_load_mnist, (*_TRAIN, *_TEST)),
}


def problem_names() -> tuple[str, ...]:
    """Return the names that :func:`load_problem` knows.

    Example:
        >>> problem_names()
        ('xor', 'xor-bipolar', 'iris', 'digits', 'heart', 'mnist-test', 'mnist')
    """
    return tuple(_RECIPES)


def problem_files(name: str) -> tuple[DataFile, ...]:
    """Return the data files that a problem is made of: none for those that come with a package."""
    recipe = _RECIPES[_checks.one_of("problem", name, _RECIPES)]
    return tuple(DATA_FILES[file] for file in recipe.files)


def load_problem(name: str, seed: int = 0, hidden: int | None = None) -> Problem:
    """Load a problem.

    - ``xor``: two inputs in {0, 1}, layers 2-2-1, 9 weights. ``xor-bipolar`` has inputs in
      {-1, 1}. All four patterns are both the training and the test part.
    - ``iris``: four measurements of 150 flowers, three species, layers 4-4-3, 35 weights.
      The inputs are standardised with the mean and the standard deviation of the training part.
    - ``digits``: 1,797 images of 8 x 8 pixels scaled to [0, 1], layers 64-10-10, 760 weights.
    - ``heart``: 920 patients with 32 inputs in [-1, 1] (Proben1), layers 32-10-1, 341 weights.
    - ``mnist``: 70,000 images of 28 x 28 pixels scaled to [0, 1], layers 784-10-10, 7,960
      weights, with its published parts of 60,000 and 10,000 images, whatever the seed.
      ``mnist-test`` has its 10,000 test images alone. Both are in float32, to halve their size.

    Where nothing else is said, 80 % of the samples train and 20 % test, split by seed, in float64.
    Heart and MNIST come from files: they are looked for in the folder that the environment
    variable ``LOSSVIZ_DATA`` names, then in the user's cache, and are downloaded otherwise.

    Args:
        name: one of :func:`problem_names`.
        seed: seed of the split, at least 0.
        hidden: number of hidden units, at least 1; None for that of the list above.

    Returns:
        The problem.

    Raises:
        ValueError: for an unknown name or a number out of its range.
        TypeError: if the name is no string or a number no integer.
        DataError: if a data file is altered, or is missing and cannot be downloaded. The message
            says which, where, and the two ways out.

    Example:
        >>> load_problem("iris", seed=0)
        Problem('iris', layers 4-4-3, 35 weights, 120 training and 30 test samples)
    """
    recipe = _RECIPES[_checks.one_of("problem", name, _RECIPES)]
    seed = _checks.whole("seed", seed, 0)
    if hidden is None:
        return recipe.load(seed)
    units = _checks.whole("hidden", hidden, 1)
    problem = recipe.load(seed)
    return replace(problem, layers=(problem.layers[0], units, problem.layers[-1]))
