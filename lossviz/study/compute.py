"""One chunk of a study, as a function of the plan and the chunk alone."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr

from lossviz import _streams
from lossviz._threads import one_thread
from lossviz.activations import activation_names
from lossviz.curvature._classes import CURVATURE_CLASSES
from lossviz.curvature.blockwise import blockwise_curvature
from lossviz.curvature.extremes import extreme_curvature
from lossviz.curvature.full import full_curvature
from lossviz.curvature.inertia import classify_eigenvalues
from lossviz.landscape.base import BaseLandscape
from lossviz.landscape.mlp import Landscape
from lossviz.problems import load_problem
from lossviz.sampling.walks import progressive_gradient_walk
from lossviz.study import _sources
from lossviz.study._errors import StudyError
from lossviz.study.grid import Cell, Chunk, Plan

_SIGNS = ("positive", "negative", "zero")
_FLAGS = {
    "flag_values": np.arange(len(CURVATURE_CLASSES), dtype=np.int8),
    "flag_meanings": " ".join(CURVATURE_CLASSES),
}

#: How a point was chosen, by its code in the variable ``chosen``.
CHOSEN = ("uniform", "low gradient")

# At most about this many numbers are held for the weights, or the eigenvalues, of all steps.
_HELD = 2 * 10**7

# The stream that chooses points is none of a walk's own.
_CHOICE = 1000


def compute(plan: Plan, chunk: Chunk) -> xr.Dataset:
    """Compute a chunk: walks, what is measured along them, and curvature.

    Args:
        plan: the study.
        chunk: which walks of which cell.

    Returns:
        A data set over (walk, step) and, as the problem's ``curvature`` says, ``rtol`` or
        (walk, point). Nothing in it depends on where and when it was computed.

    Raises:
        StudyError: if a reader's own code fails or returns something else than it should.
    """
    cell, landscape = chunk.cell, landscape_of(plan, chunk.cell)
    pieces = [
        _walked(plan, cell, landscape, walks) for walks in _pieces(landscape, cell, chunk.walks)
    ]
    found = xr.concat(pieces, "walk", data_vars="all", combine_attrs="override", join="exact")
    return found.assign_attrs(cell=cell.name, chunk=chunk.key)


def _pieces(landscape: BaseLandscape, cell: Cell, walks: range) -> list[range]:
    """Cut walks where their weights at all steps would not fit: no piece cuts a block."""
    block = landscape._block_size
    fitting = _HELD // (landscape.num_weights * cell.setting.steps)
    size = max(1, fitting // block) * block
    return [walks[start : start + size] for start in range(0, len(walks), size)]


def _walked(plan: Plan, cell: Cell, landscape: BaseLandscape, numbers: range) -> xr.Dataset:
    """Walk, and find the curvature."""
    kind = cell.part.curvature
    walks = progressive_gradient_walk(
        landscape, len(numbers), cell.setting.steps, cell.setting.max_step,
        cell.setting.start_range, plan.seed, plan.zero_gradient,
        measures=_measures(landscape, kind), batch_size=cell.part.batch_size,
        walk_numbers=numbers, progress=False,
    )  # fmt: skip
    with one_thread():
        if kind == "full":
            walks = _with_tolerances(walks, plan.rtols)
        elif kind in ("sample", "extremes"):
            walks = _with_points(walks, landscape, plan, cell)
    return walks


def landscape_of(plan: Plan, cell: Cell) -> BaseLandscape:
    """Return the landscape of a cell.

    Raises:
        StudyError: if a reader's own code fails or returns something else than it should.
    """
    for name in plan.modules:
        _sources.execute(name, plan.sources[name])
    part, dtype = cell.part, getattr(torch, plan.precision)
    if part.landscape is not None:
        found = _call(plan, part.landscape, cell.activation, cell.split)
        if not isinstance(found, BaseLandscape):
            raise StudyError(
                f"{part.landscape} must return a landscape; got {type(found).__name__}."
            )
        return found.with_dtype(dtype)
    if cell.activation not in activation_names():
        raise StudyError(
            f"activations must be of {activation_names()} or registered by the plan's modules "
            f"{plan.modules}; got {cell.activation!r}."
        )
    if ":" in part.problem:
        problem = _call(plan, part.problem, cell.split)
    else:
        problem = load_problem(part.problem, cell.split)
    return Landscape(problem, cell.activation, plan.loss, dtype)


def _call(plan: Plan, reference: str, *arguments: object) -> object:
    function = _sources.load(plan.sources, reference)
    try:
        return function(*arguments)
    except Exception as error:
        raise StudyError(
            f"{reference} must take {arguments}; got {type(error).__name__}: {error}"
        ) from error


def _measures(landscape: BaseLandscape, kind: str) -> tuple[str, ...]:
    names = ["loss", "gradient_norm", "accuracy"]
    if landscape.test is not None:
        names += ["test_loss", "test_accuracy"]
    if isinstance(landscape, Landscape) and landscape.activation.saturation is not None:
        names.append("saturation")
    more = {"full": ["eigenvalues", "curvature_blockwise"], "none": []}
    return (*names, *more.get(kind, ["weights"]))


def _with_tolerances(walks: xr.Dataset, rtols: tuple[float, ...]) -> xr.Dataset:
    """Replace eigenvalues by class and counts at each tolerance, and by the extreme ones."""
    values = walks["eigenvalues"].values
    walks = walks.drop_vars("eigenvalues")
    for name, array in (("smallest_eigenvalue", values[..., 0]), ("largest", values[..., -1])):
        walks[name] = (("walk", "step"), array.astype(np.float32))
    walks = walks.rename(largest="largest_eigenvalue")
    return walks.assign(_by_tolerance(values, rtols, ("walk", "step"))).assign_coords(
        rtol=list(rtols)
    )


def _by_tolerance(
    values: np.ndarray, rtols: tuple[float, ...], dims: tuple[str, ...]
) -> dict[str, tuple]:
    found = [classify_eigenvalues(values, rtol) for rtol in rtols]
    variables = {
        name: ((*dims, "rtol"), np.stack([getattr(f, name).numpy() for f in found], axis=-1))
        for name in _SIGNS
    }
    variables = {name: (d, array.astype(np.int16)) for name, (d, array) in variables.items()}
    classes = np.stack([f.classes.numpy() for f in found], axis=-1)
    return variables | {"curvature": ((*dims, "rtol"), classes, dict(_FLAGS))}


# --- some points of each walk -----------------------------------------------------------------


def _with_points(walks: xr.Dataset, landscape: BaseLandscape, plan: Plan, cell: Cell) -> xr.Dataset:
    """Replace weights by the curvature of some points."""
    norms, numbers = walks["gradient_norm"].values, walks["walk"].values
    chosen = [
        chosen_steps(norm, cell.part.points, plan.seed, int(number))
        for norm, number in zip(norms, numbers, strict=True)
    ]
    steps = np.stack([steps for steps, _ in chosen])
    points = np.take_along_axis(walks["weights"].values, steps[..., None], axis=1)
    walks = walks.drop_vars("weights")
    walks["point_step"] = (("walk", "point"), steps.astype(np.int32))
    walks["chosen"] = (
        ("walk", "point"), np.stack([codes for _, codes in chosen]),
        {"flag_values": np.arange(2, dtype=np.int8), "flag_meanings": "uniform low_gradient"},
    )  # fmt: skip
    if cell.part.curvature == "extremes":
        return walks.assign(_extremes(landscape, points))
    return walks.assign(_sampled(landscape, points, plan.rtols)).assign_coords(
        rtol=list(plan.rtols)
    )


def chosen_steps(
    norms: np.ndarray, count: int, seed: int, walk: int
) -> tuple[np.ndarray, np.ndarray]:
    """Choose points of a walk: half uniformly over its steps, half those of smallest gradient.

    Args:
        norms: gradient norms, shape (step,).
        count: how many points; each half is at most the number of steps.
        seed: of the study.
        walk: the walk's number.

    Returns:
        Steps, ascending in each half, and their codes in :data:`CHOSEN`. A step may be in both.
    """
    uniform, low = min(count - count // 2, len(norms)), min(count // 2, len(norms))
    stream = _streams.stream(seed, walk, _CHOICE)
    drawn = np.sort(stream.choice(len(norms), uniform, replace=False))
    lowest = np.sort(np.argsort(norms, kind="stable")[:low])
    codes = np.repeat(np.array([0, 1], dtype=np.int8), [uniform, low])
    return np.concatenate([drawn, lowest]), codes


def _sampled(
    landscape: BaseLandscape, points: np.ndarray, rtols: tuple[float, ...]
) -> dict[str, tuple]:
    """Return class and counts, by the whole Hessian and by its blocks, of points (walk, point)."""
    dims = ("walk", "point")
    values = full_curvature(landscape, points, eigenvalues=True).eigenvalues.numpy()
    blocks = blockwise_curvature(landscape, points)
    found = _by_tolerance(values, rtols, dims) | {
        f"{name}_blockwise": (dims, getattr(blocks, name).numpy().astype(np.int16))
        for name in _SIGNS
    }
    return found | {
        "curvature_blockwise": (dims, blocks.classes.numpy(), dict(_FLAGS)),
        "smallest_eigenvalue": (dims, values[..., 0].astype(np.float32)),
        "largest_eigenvalue": (dims, values[..., -1].astype(np.float32)),
    }


def _extremes(landscape: BaseLandscape, points: np.ndarray) -> dict[str, tuple]:
    """Return the ends of the spectra of points (walk, point), and which signs are proven."""
    dims = ("walk", "point")
    found = extreme_curvature(landscape, points)
    return {
        "smallest_eigenvalue": (dims, found.eigenvalues[..., 0].numpy().astype(np.float32)),
        "largest_eigenvalue": (dims, found.eigenvalues[..., 1].numpy().astype(np.float32)),
        "converged": (dims, found.converged.all(dim=-1).numpy()),
        "has_positive": (dims, found.has_positive.numpy()),
        "has_negative": (dims, found.has_negative.numpy()),
        "curvature": (dims, found.classes.numpy(), dict(_FLAGS)),
    }
