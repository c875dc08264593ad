"""Working through a plan: here, in processes, or on a cluster; and how far it has come."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import xarray as xr

from lossviz import _checks
from lossviz.study._clock import Clock, advance, bar
from lossviz.study._errors import StudyError
from lossviz.study._extra import needed
from lossviz.study.compute import compute
from lossviz.study.grid import Chunk, Plan
from lossviz.study.plan import plan as planned
from lossviz.study.store import Store

# Chunks that wait at the workers, for each of them: none is idle, and few results wait here.
_AHEAD = 2

# As Dask has it but for MALLOC_TRIM_THRESHOLD_: with that, memory above 64 kB is handed back at
# once and asked for again in the next step, and Heart's walks take twice as long.
_WORKER_ENVIRONMENT = {"OMP_NUM_THREADS": 1, "MKL_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1}

# How often a chunk is sent again when a worker of this machine died that had it.
_TRIES = 10


@dataclass(frozen=True)
class Status:
    """How far a study has come.

    Attributes:
        name: the plan's name.
        folder: where it is.
        done: number of chunks that are there.
        chunks: number of chunks of the plan.
        points: number of points that are there.
        all_points: number of points of the plan.
        megabytes: size of what is there.
        by_problem: for each problem, chunks that are there and chunks of the plan.
    """

    name: str
    folder: Path
    done: int
    chunks: int
    points: int
    all_points: int
    megabytes: float
    by_problem: dict[str, tuple[int, int]]

    @property
    def complete(self) -> bool:
        """Whether every chunk is there."""
        return self.done == self.chunks


def run(
    plan: Plan | str | Path,
    out: str | Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: bool | None = None,
) -> Status:
    """Work through a plan, and go on where an earlier run has stopped.

    Every chunk that is finished is on the disk, whatever happens then. The results do not depend on
    the number of workers or on interruptions, to the last bit, on machines of one kind.

    Args:
        plan: a plan, the name of a preset, or a TOML file; see :func:`lossviz.study.plan`.
        out: the folder of the study. One that holds another plan is refused.
        workers: number of processes on this machine; 1 computes in this one.
        scheduler: address of a Dask scheduler, such as ``"tcp://10.0.0.1:8786"``: its workers
            compute then, and this process alone writes. They need lossviz, and the data files of
            the problems.
        progress: whether to show a bar with the time left; None shows one in a terminal.

    Returns:
        How far it has come. That is to the end, as an error is raised otherwise.

    Raises:
        StudyError: if the folder is another plan's or cannot be written, a reader's own code
            fails, or workers die again and again. What is finished is safe.
        ValueError: if ``workers`` is out of its range, or given with ``scheduler``.
        TypeError: if an argument is of the wrong type.
    """
    count = _checks.whole("workers", workers, 1)
    if scheduler is not None and count != 1:
        raise ValueError(f"workers must be left out where scheduler is given; got {workers}.")
    store = Store.create(Path(out), plan if isinstance(plan, Plan) else planned(plan))
    with store.alone():
        store.clean()
        missing = store.missing()
        if missing:
            clock = Clock(missing)
            with bar(store.plan.name, progress) as shown:
                for chunk, data, seconds in _computed(store.plan, missing, count, scheduler):
                    store.write(chunk, data)
                    clock.note(chunk, seconds)
                    advance(shown, clock)
    return status(out)


def status(out: str | Path) -> Status:
    """Say how far a study has come, also while it runs.

    Args:
        out: the folder of the study.

    Raises:
        StudyError: if there is no study.
    """
    store = Store.open(Path(out))
    there = store.paths()
    done = [chunk for chunk in store.plan.chunks if chunk.key in there]
    by_problem = {part.name: (0, 0) for part in store.plan.parts}
    for chunk in store.plan.chunks:
        have, of = by_problem[chunk.cell.part.name]
        by_problem[chunk.cell.part.name] = (have + (chunk.key in there), of + 1)
    return Status(
        store.plan.name, store.folder, len(done), len(store.plan.chunks),
        sum(chunk.num_points for chunk in done),
        sum(chunk.num_points for chunk in store.plan.chunks),
        sum(path.stat().st_size for path in there.values()) / 1e6,
        by_problem,
    )  # fmt: skip


def timed(plan: Plan, chunk: Chunk) -> tuple[xr.Dataset, float]:
    """Compute a chunk, and say how many seconds that took."""
    start = time.monotonic()
    return compute(plan, chunk), time.monotonic() - start


def _computed(
    plan: Plan, chunks: list[Chunk], workers: int, scheduler: str | None
) -> Iterator[tuple[Chunk, xr.Dataset, float]]:
    """Yield chunks with their data and seconds, as they are computed."""
    if workers == 1 and scheduler is None:
        for chunk in chunks:
            yield chunk, *timed(plan, chunk)
        return
    dask, distributed = needed("dask"), needed("distributed")

    if scheduler is not None:
        try:
            client = distributed.Client(scheduler, timeout=30, set_as_default=False)
        except (OSError, ValueError) as error:
            raise StudyError(
                f"scheduler must be the address of a Dask scheduler that answers; got "
                f"{scheduler!r}: {error}"
            ) from error
        with client:
            yield from _sent(distributed, client, plan, chunks)
        return
    with (
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": _TRIES,
                "distributed.nanny.pre-spawn-environ": _WORKER_ENVIRONMENT,
            }
        ),
        distributed.LocalCluster(
            workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as here,
        # Not the default one: xarray would ask its scheduler for locks when chunks are written.
        distributed.Client(here, set_as_default=False) as client,
    ):
        yield from _sent(distributed, client, plan, chunks)


def _sent(
    distributed: Any, client: Any, plan: Plan, chunks: Iterable[Chunk]
) -> Iterator[tuple[Chunk, xr.Dataset, float]]:
    """Send chunks to the workers of a client, a few more than there are workers at a time."""
    waiting = iter(chunks)

    def send(chunk: Chunk) -> Any:
        # With the plan, which is small: what is scattered may be lost with the worker that has it.
        return client.submit(timed, plan, chunk, key=chunk.key, pure=False)

    def room() -> int:
        return _AHEAD * max(1, len(client.nthreads()))

    at_work = {future: chunk for chunk in islice(waiting, room()) for future in [send(chunk)]}
    finished = distributed.as_completed(at_work, loop=client.loop)
    for future in finished:
        chunk = at_work.pop(future)
        try:
            data, seconds = future.result()
        except distributed.scheduler.KilledWorker as error:
            raise StudyError(
                f"{chunk.key} must be computed by a worker that lives; it died with "
                f"several: they may lack memory. What is finished is safe."
            ) from error
        yield chunk, data, seconds
        del future, data  # the worker may forget it
        for more in islice(waiting, max(0, room() - len(at_work))):
            sent = send(more)
            at_work[sent] = more
            finished.add(sent)
