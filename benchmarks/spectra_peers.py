"""Top eigenvalues by other libraries, run by the Python of the environment that has them.

Reads orders from standard input, one JSON list a line: [way, file, tolerance], the file holding
inputs, classes, and the weights of a network with one hidden layer. Answers each by a line of JSON:
seconds of processor time, products with the Hessian, and the eigenvalues.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version

import numpy as np
import torch
from torch import nn

COUNT = 5

Found = tuple[list[float], int]


def by_eigsh(
    module: nn.Module, loss_fn: nn.Module, x: torch.Tensor, t: torch.Tensor, tolerance: float
) -> Found:
    """Give curvlinops' operator to scipy's ``eigsh``, as its documentation does."""
    from curvlinops import HessianLinearOperator
    from scipy.sparse.linalg import LinearOperator, eigsh

    parameters = [p for p in module.parameters() if p.requires_grad]
    operator = HessianLinearOperator(
        module, loss_fn, parameters, [(x, t)], check_deterministic=False
    ).to_scipy()
    taken = 0

    def product(v: np.ndarray) -> np.ndarray:
        nonlocal taken
        taken += 1
        return operator @ v

    counted = LinearOperator(operator.shape, matvec=product, dtype=operator.dtype)
    start = np.random.default_rng(0).standard_normal(operator.shape[0])
    values = eigsh(counted, k=COUNT, which="LA", tol=tolerance, v0=start, return_eigenvectors=False)
    return sorted(map(float, values)), taken


def by_pyhessian(
    module: nn.Module, loss_fn: nn.Module, x: torch.Tensor, t: torch.Tensor, tolerance: float
) -> Found:
    """Call pyhessian's power iteration as its documentation does."""
    library = import_module("pyhessian.hessian")  # the package's name for it is its class
    taken, plain = 0, library.hessian_vector_product

    def product(*arguments: object) -> object:
        nonlocal taken
        taken += 1
        return plain(*arguments)

    torch.manual_seed(0)
    library.hessian_vector_product = product
    try:
        computer = library.hessian(module, loss_fn, data=(x, t), cuda=False)
        values, _ = computer.eigenvalues(maxIter=1000, tol=tolerance, top_n=COUNT)
    finally:
        library.hessian_vector_product = plain
    return sorted(map(float, values)), taken


WAYS: dict[str, Callable[..., Found]] = {"curvlinops + eigsh": by_eigsh, "pyhessian": by_pyhessian}


def answer(way: str, file: str, tolerance: float) -> object:
    """Return what an order asks for."""
    data = np.load(file)
    x, t = torch.from_numpy(data["inputs"]), torch.from_numpy(data["classes"])
    hidden, outputs = int(data["hidden"]), int(data["outputs"])
    module = nn.Sequential(nn.Linear(x.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, outputs))
    nn.utils.vector_to_parameters(torch.from_numpy(data["weights"]), module.parameters())
    start = time.process_time()
    values, taken = WAYS[way](module, nn.CrossEntropyLoss(), x, t, tolerance)
    return time.process_time() - start, taken, values


def main() -> None:
    """Answer orders until there are none."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "Using backward", UserWarning)
    names = ("torch", "scipy", "curvlinops-for-pytorch", "pyhessian")
    for line in sys.stdin:
        order = json.loads(line)
        known = order == ["versions"]
        told = {name: version(name) for name in names} if known else answer(*order)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
