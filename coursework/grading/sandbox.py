"""Where shut-in processes come from: one for each student, and one that checks what it answers."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from grading.apart import Apart
from grading.model import Limits
from grading.session import SandboxError, Session
from grading.template import Template
from grading.users import unused_uid, wait_for_others

#: How students' code is kept apart, from the strongest to the weakest.
ISOLATIONS = {
    "full": "own user, own root, own network and processes, limits (root on Linux)",
    "uid": "own user and limits, but it sees the network and what all users may read",
    "process": "own process and limits only: it may read and write what you may",
}

#: Where tests run: in a process that runs no student's code, or beside the answers.
CHECKS = ("apart", "beside")


def check_isolation(isolation: str) -> None:
    """Say clearly where a kind of isolation is not to be had, and which is.

    Args:
        isolation: A key of `ISOLATIONS`.

    Raises:
        SandboxError: If this machine or user cannot do it.
    """
    if sys.platform == "win32":
        raise SandboxError("grading needs Linux or macOS; on Windows run it in WSL or a container")
    weaker = f"The weaker mode is called --isolation process: {ISOLATIONS['process']}."
    if isolation != "process" and (sys.platform != "linux" or os.geteuid() != 0):
        raise SandboxError(
            f"--isolation {isolation} needs root on Linux, because each student's code runs as a "
            f"user of its own. {weaker}"
        )


class Sandbox:
    """Keeps processes with everything imported, and copies them for each student.

    Args:
        limits: What a process may use.
        isolation: A key of `ISOLATIONS`.
        modules: What the problem set imports.
        checks: One of `CHECKS`.
    """

    def __init__(
        self, limits: Limits, isolation: str, modules: tuple[str, ...] = (), checks: str = "apart"
    ) -> None:
        check_isolation(isolation)
        if checks not in CHECKS:
            raise ValueError(f"checks must be one of {CHECKS}, got {checks!r}")
        self.limits, self.isolation, self.checks = limits, isolation, checks
        self._alone = wait_for_others() if isolation != "process" else None
        self._folder = Path(tempfile.mkdtemp(prefix="lossviz-grade-"))
        self._folder.chmod(0o711)
        # Two, so that no student's process descends from one that ever held a hidden test.
        roles = ("student", "checker") if checks == "apart" else ("student",)
        self._templates = {role: Template(modules) for role in roles}
        for template in self._templates.values():
            template.wait()

    def start(self, number: int, student: str, trusted: bool = False) -> Session | Apart:
        """Start what a submission needs.

        Args:
            number: The student's number, which decides the users.
            student: The folder's name, which is the id that tests go by.
            trusted: Whether the code is the lecturer's, and so only gets a process of its own.
        """
        answers = self._start("student", number, trusted, {})
        if self.checks == "beside":
            return answers
        try:
            checks = self._start("checker", number, trusted, {"STUDENT_ID": student})
        except BaseException:
            answers.close()
            raise
        return Apart(answers, checks, self.limits)

    def _start(self, role: str, number: int, trusted: bool, names: dict[str, str]) -> Session:
        isolation = "process" if trusted else self.isolation
        uid = unused_uid(number, role == "checker")
        base = Path(tempfile.mkdtemp(dir=self._folder))
        request = {
            "role": role,
            "names": names,
            "isolation": isolation,
            "trusted": trusted,
            "uid": uid,
            "base": str(base),
            "limits": asdict(self.limits),
        }
        connection, pid = self._templates[role].copy(request)
        watched = uid if isolation != "process" else None
        name = "the process" if role == "student" else "the process that checks"
        return Session(connection, pid, base, self.limits, watched, name)

    def close(self) -> None:
        """End the processes that are copied, and remove the folders."""
        for template in self._templates.values():
            template.close()
        if self._alone is not None:
            self._alone.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
