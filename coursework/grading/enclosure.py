"""Shut a process in: name spaces, a root of its own, a user of its own, and limits (Linux).

Everything here runs in a process of one thread that was forked for one student.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from grading.model import Limits

_NEW_MOUNT, _NEW_UTS, _NEW_IPC = 0x00020000, 0x04000000, 0x08000000
_NEW_PID, _NEW_NET = 0x20000000, 0x40000000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _REMOUNT, _BIND = 1, 2, 4, 32, 4096
_RECURSIVE, _PRIVATE = 16384, 1 << 18
_SET_PARENT_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES = 1, 38
_DEVICES = ("null", "zero", "full", "random", "urandom")

if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)


def _call(what: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    if sys.platform == "linux":
        _call("prctl", _libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0))


def no_new_privileges() -> None:
    """No program that is started from here on gains rights by its file's mode."""
    if sys.platform == "linux":
        _call("prctl", _libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0))


def own_namespaces() -> None:
    """Leave the machine's mounts, network and messages; children get process ids of their own."""
    flags = _NEW_MOUNT | _NEW_UTS | _NEW_IPC | _NEW_PID | _NEW_NET
    _call("unshare", _libc.unshare(flags))
    _mount("none", "/", None, _RECURSIVE | _PRIVATE)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    result = _libc.mount(
        source.encode(), target.encode(), kind and kind.encode(), flags, data.encode() or None
    )
    _call(f"mount {target}", result)


def own_root(base: str, readable: tuple[str, ...], uid: int, disk_mb: int) -> None:
    """Move into a root that holds only what Python needs, read-only, and a private folder.

    Args:
        base: An empty folder to build it on.
        readable: Folders and files that are seen, at their own places.
        uid: Who owns the private folder `/home/student`.
        disk_mb: The private folder's size.
    """
    _mount("tmpfs", base, "tmpfs", _NO_SUID, "size=4m,mode=755")
    os.umask(0o022)
    private = f"size={disk_mb}m,mode=700,uid={uid},gid={uid}"
    for place in ("/home/student", "/tmp", "/dev/shm"):
        Path(base + place).mkdir(parents=True, exist_ok=True)
        _mount("tmpfs", base + place, "tmpfs", _NO_SUID | _NO_DEVICES, private)
    for path in readable:  # after the private folders, which would hide what lies below /tmp
        _show(base, path)
    for device in _DEVICES:
        Path(f"{base}/dev/{device}").touch()
        _mount(f"/dev/{device}", f"{base}/dev/{device}", None, _BIND)
    Path(f"{base}/proc").mkdir()
    _mount("proc", f"{base}/proc", "proc", _NO_SUID | _NO_DEVICES)
    Path(f"{base}/etc").mkdir(exist_ok=True)
    Path(f"{base}/etc/passwd").write_text(f"student:x:{uid}:{uid}::/home/student:/bin/false\n")
    os.chroot(base)
    os.chdir("/home/student")


def _show(base: str, path: str) -> None:
    source, target = Path(path), Path(base + path)
    if os.path.lexists(target) or not os.path.lexists(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink() and source.parent == Path("/"):  # /lib -> usr/lib
        target.symlink_to(source.readlink())
        return
    if source.is_dir():
        target.mkdir()
    else:
        target.touch()
    _mount(path, str(target), None, _BIND | _RECURSIVE)
    _mount("none", str(target), None, _BIND | _REMOUNT | _READ_ONLY | _NO_SUID | _NO_DEVICES)


def become(uid: int) -> None:
    """Give up root for good."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def limit(limits: Limits, own_uid: bool) -> None:
    """Set the kernel's limits for this process and all that it starts.

    Args:
        limits: What is allowed.
        own_uid: Whether the user is the student's alone: processes are counted by user.
    """
    megabyte = 1 << 20
    seconds = int(limits.total_seconds) + 1
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": limits.disk_mb * megabyte,
        "RLIMIT_NOFILE": 256,
        "RLIMIT_CPU": seconds,
        # What the libraries have mapped already is not counted.
        "RLIMIT_AS": _mapped() + limits.memory_mb * megabyte,
    }
    if own_uid:
        wanted["RLIMIT_NPROC"] = limits.processes
    for name, value in wanted.items():
        number = getattr(resource, name)
        _, hard = resource.getrlimit(number)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))


def _mapped() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # no /proc, as on macOS, where this limit is not kept anyway
        return 4 << 30
    return pages * resource.getpagesize()


def end_all_of(uid: int) -> None:
    """Kill whatever a user has left running (used where there is no process name space)."""
    child = os.fork()
    if child == 0:
        try:
            become(uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
