"""A process that has imported everything once and forks a shut-in copy for each student.

It holds no source, no mark and no submission: cells come through a socket, one at a time. A copy runs
answers, or, if it is made by another such process, the tests.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import sys
import sysconfig
import threading
from pathlib import Path
from typing import Any

import matplotlib as mpl
import tqdm

from grading import checker, enclosure, runner
from grading.model import Limits

_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts")


def main(control_fd: int, modules: list[str]) -> None:
    """Serve requests for processes until the other end closes.

    Args:
        control_fd: The socket where requests come from.
        modules: What the problem set imports.
    """
    enclosure.die_with_parent()
    mpl.use("module://matplotlib_inline.backend_inline")
    tqdm.tqdm.monitor_interval = 0  # its thread would not be there in the copies
    for name in modules:
        importlib.import_module(name)
    if "lossviz" in modules:
        _warm()
    watch = runner.prepare()
    control = socket.socket(fileno=control_fd)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended children need no farewell
    if threading.active_count() > 1:
        raise RuntimeError(f"threads in the process that is copied: {threading.enumerate()}")
    control.send(b"ready")
    while True:
        message, handles, _, _ = socket.recv_fds(control, 65536, 1)
        if not message:
            return
        child = os.fork()
        if child == 0:
            control.close()
            _child(json.loads(message), handles[0], watch)
        os.close(handles[0])
        control.send(str(child).encode())


def _warm() -> None:
    """Do once what each first call would do again: compile, load fonts, read a data set."""
    import torch
    from matplotlib import pyplot

    import lossviz

    torch.set_num_threads(1)
    landscape = lossviz.Landscape(lossviz.load_problem("xor", seed=0), activation="tanh")
    lossviz.progressive_gradient_walk(
        landscape, 2, 2, 0.1, 1.0, seed=0, measures=("loss", "gradient_norm", "curvature")
    )
    figure = pyplot.figure()
    figure.add_subplot().plot([0, 1])
    figure.savefig(os.devnull, format="png")
    pyplot.close(figure)


def _keep_no_machine_code() -> None:
    """Let students' processes compile without writing beside the modules, which they cannot."""
    caching = sys.modules.get("numba.core.caching")
    if caching is not None:
        caching.Cache.save_overload = lambda *_: None


def readable() -> tuple[str, ...]:
    """What a student's process may see: the system's libraries, Python, and lossviz alone."""
    places = [sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib")]
    lossviz = importlib.util.find_spec("lossviz")
    if lossviz is not None and lossviz.origin is not None:
        places.append(str(Path(lossviz.origin).parent))
    if "LOSSVIZ_DATA" in os.environ:
        places.append(os.environ["LOSSVIZ_DATA"])
    own = [place for place in map(os.path.realpath, places) if not place.startswith("/usr/")]
    return (*_SYSTEM, *dict.fromkeys(own))


def _child(request: dict[str, Any], handle: int, watch: Any) -> None:
    """Fork the student's process, wait for it, and leave nothing of it behind."""
    connection = socket.socket(fileno=handle)
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        enclosure.die_with_parent()
        os.setsid()
        if request["isolation"] == "full":
            enclosure.own_namespaces()
        first = os.fork()
        if first == 0:
            enclosure.die_with_parent()
            _first(request, connection, watch)
        connection.close()
        os.waitpid(first, 0)
        if request["isolation"] == "uid":
            enclosure.end_all_of(request["uid"])
    except BaseException as error:
        _refuse(connection, error)
    finally:
        os._exit(0)


def _first(request: dict[str, Any], connection: socket.socket, watch: Any) -> None:
    """The first process of the name space: when it ends, all others in it are killed."""
    try:
        if request["isolation"] == "full":
            enclosure.own_root(
                request["base"], readable(), request["uid"], request["limits"]["disk_mb"]
            )
        else:
            _own_folder(request)
        student = os.fork()
        if student == 0:
            _student(request, connection, watch)
        connection.close()
        os.waitpid(student, 0)
    except BaseException as error:
        _refuse(connection, error)
    finally:
        os._exit(0)


def _own_folder(request: dict[str, Any]) -> None:
    folder = Path(request["base"])
    if request["isolation"] == "uid":
        os.chown(folder, request["uid"], request["uid"])
    os.chdir(folder)


def _student(request: dict[str, Any], connection: socket.socket, watch: Any) -> None:
    try:
        handle = connection.fileno()
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        for other in range(3, 256):
            if other != handle:
                with contextlib.suppress(OSError):
                    os.close(other)
        home = str(Path.cwd())
        os.environ.update(HOME=home, IPYTHONDIR=home, MPLCONFIGDIR=home, TMPDIR=home)
        os.environ.update(NUMBA_CACHE_DIR=home, USER="student")
        if not request["trusted"]:
            _keep_no_machine_code()
        enclosure.limit(Limits(**request["limits"]), request["isolation"] != "process")
        if request["isolation"] != "process":
            enclosure.become(request["uid"])
        if not os.access(os.__file__, os.R_OK):
            raise PermissionError(f"other users cannot read Python's own {os.__file__}")
        enclosure.no_new_privileges()
        if request["role"] == "checker":
            checker.serve(connection, request["names"])
        else:
            runner.serve(connection, watch)
    except BaseException as error:
        _refuse(connection, error)
    finally:
        os._exit(0)


def _refuse(connection: socket.socket, error: BaseException) -> None:
    """Say why there is no sandbox; after the first reply nobody listens for it any more."""
    message = json.dumps({"refused": f"{type(error).__name__}: {error}"[:500]}) + "\n"
    with contextlib.suppress(OSError):
        connection.sendall(message.encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
