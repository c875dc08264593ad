"""A plugin for nbval: a notebook that takes more than a reader's machine has is an error.

What a kernel took is read when it stops. Time is the processor's, so that what else runs beside
the tests does not count; as each kernel has one thread, this is the time on one idle core.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil
from nbval import kernel

SECONDS = 60
BYTES = 1e9


@dataclass(frozen=True)
class Taken:
    """What a process took so far: processor seconds, and bytes where the system tells the peak."""

    seconds: float
    peak: int | None


def taken(pid: int) -> Taken:
    """Return the time of a process and its children, and the most memory that it ever held."""
    times = psutil.Process(pid).cpu_times()
    seconds = times.user + times.system + times.children_user + times.children_system
    return Taken(seconds, _peak(Path(f"/proc/{pid}/status")))


def _peak(status: Path) -> int | None:
    if not status.exists():  # Linux alone tells
        return None
    lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return 1024 * int(kilobytes)


def complaints(found: Taken) -> list[str]:
    """Say which limits were passed."""
    told = []
    if found.seconds > SECONDS:
        told.append(f"{found.seconds:.0f} s of processor time, more than {SECONDS}")
    if found.peak is not None and found.peak > BYTES:
        told.append(f"{found.peak / 1e6:.0f} MB of memory, more than {BYTES / 1e6:.0f}")
    return told


def pytest_configure() -> None:
    kernel.RunningKernel.stop = _looking(kernel.RunningKernel.stop)


def _looking(stop):
    def look_and_stop(running):
        found = taken(running.km.provisioner.pid)
        stop(running)
        told = complaints(found)
        assert not told, f"the notebook took {' and '.join(told)}"

    return look_and_stop
