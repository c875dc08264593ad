"""What a study computes: a grid of cells, cut into chunks of walks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from lossviz.study._sources import split_reference

#: How the curvature of a problem's points is found; see :class:`Part`.
CURVATURES = ("full", "sample", "extremes", "none")

# Each split's walks begin at a multiple of this number: the blocks in which walks are computed,
# of 90, 10 or 1, then hold walks of one split only.
_STRIDE = 90


@dataclass(frozen=True)
class Setting:
    """How far walks start and step.

    Attributes:
        name: such as ``"b1-micro"``.
        start_range: b; starts are uniform in [-b, b] per weight.
        share: the largest step as a share of the range 2b.
        steps: points per walk.
    """

    name: str
    start_range: float
    share: float
    steps: int

    @property
    def max_step(self) -> float:
        """The largest change of a weight in a step."""
        return self.share * 2 * self.start_range


@dataclass(frozen=True)
class Part:
    """A problem of a study, or a reader's own landscape, and how much of it is sampled.

    Attributes:
        name: what it is called in files and tables.
        problem: one of :func:`lossviz.problem_names`, or ``"file.py:function"``, a function of
            the split's seed that returns a :class:`lossviz.Problem`; None where ``landscape``
            is given.
        landscape: ``"file.py:function"``, a function of the activation's name and the split's
            seed that returns a landscape; None where ``problem`` is given.
        walks: walks per activation and setting, spread evenly over the splits.
        splits: seeds of the splits.
        chunk: most walks in a chunk.
        curvature: ``"full"`` (every point, eigenvalues and blocks), ``"sample"`` (some points of
            each walk, likewise), ``"extremes"`` (some points, by Lanczos), or ``"none"``.
        points: for ``"sample"`` and ``"extremes"``: how many points of each walk, half of them
            uniform over its steps and half those with the smallest gradients.
        batch_size: samples per step; None for all.
    """

    name: str
    problem: str | None = None
    landscape: str | None = None
    walks: int = 90
    splits: tuple[int, ...] = (0,)
    chunk: int = 90
    curvature: str = "full"
    points: int = 0
    batch_size: int | None = None

    def walks_of(self, split: int) -> range:
        """Return the numbers of the walks of a split."""
        place = self.splits.index(split)
        share, rest = divmod(self.walks, len(self.splits))
        per_split = share + (1 if rest else 0)
        first = place * (-(-per_split // _STRIDE) * _STRIDE)
        return range(first, first + share + (place < rest))


@dataclass(frozen=True)
class Cell:
    """One problem, activation, setting and split."""

    part: Part
    activation: str
    setting: Setting
    split: int

    @property
    def name(self) -> str:
        """What it is called in files."""
        return f"{self.part.name}-{self.activation}-{self.setting.name}-split{self.split}"


@dataclass(frozen=True)
class Chunk:
    """Some walks of a cell: what is computed and stored as one.

    Attributes:
        cell: the cell.
        number: its number in the cell, from 0.
        walks: the numbers of its walks.
    """

    cell: Cell
    number: int
    walks: range

    @property
    def key(self) -> str:
        """What it is called in files; unique in a plan."""
        return f"{self.cell.name}-{self.number:04d}"

    @property
    def num_points(self) -> int:
        """Points that are visited."""
        return len(self.walks) * self.cell.setting.steps


@dataclass(frozen=True)
class Plan:
    """A study: every number that decides its results.

    Attributes:
        name: what it is called.
        parts: the problems.
        settings: how far walks start and step.
        activations: names, of the zoo or registered by one of ``modules``.
        seed: of all walks.
        loss: ``"cross_entropy"``, ``"softmax_cross_entropy"`` or ``"squared_error"``.
        precision: ``"float32"`` or ``"float64"``, of the walks.
        zero_gradient: what a weight does whose gradient component is exactly 0.
        rtols: the tolerances of the curvature classes.
        modules: files that are run first, to register activations.
        sources: texts of the files that the plan names.
    """

    name: str
    parts: tuple[Part, ...]
    settings: tuple[Setting, ...]
    activations: tuple[str, ...] = ("tanh", "relu", "elu")
    seed: int = 0
    loss: str = "cross_entropy"
    precision: str = "float64"
    zero_gradient: str = "increase"
    rtols: tuple[float, ...] = (1e-12, 1e-8, 1e-4)
    modules: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, problem by problem."""
        return tuple(
            Cell(part, activation, setting, split)
            for part in self.parts
            for activation in self.activations
            for setting in self.settings
            for split in part.splits
        )

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """All chunks, in the order in which they are computed.

        Cells advance together, so that what is there after an interruption is balanced, and the
        time that is left can be told from the time that has passed.
        """
        by_cell = [tuple(_chunks_of(cell)) for cell in self.cells]
        ranked = [
            ((chunk.number + 0.5) / len(chunks), place, chunk)
            for place, chunks in enumerate(by_cell)
            for chunk in chunks
        ]
        return tuple(chunk for *_, chunk in sorted(ranked, key=lambda each: each[:2]))

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files of a reader's own that the plan needs."""
        references = [part.problem or part.landscape for part in self.parts]
        own = [split_reference(name)[0] for name in references if name and ":" in name]
        return tuple(dict.fromkeys([*self.modules, *own]))

    def with_problems(self, names: tuple[str, ...]) -> Plan:
        """Return the plan for some of its problems alone."""
        return replace(self, parts=tuple(part for part in self.parts if part.name in names))


def _chunks_of(cell: Cell) -> Iterator[Chunk]:
    walks = cell.part.walks_of(cell.split)
    for number, start in enumerate(range(0, len(walks), cell.part.chunk)):
        yield Chunk(cell, number, walks[start : start + cell.part.chunk])
