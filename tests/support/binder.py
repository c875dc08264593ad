"""Does on this machine what Binder does: installs, starts a server, and opens every notebook.

As a program it prints how long each notebook takes and how much memory (``make binder``).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from notebook_server import LIMIT, Outcome, Server, serving

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ".binder/requirements.txt"
POST_BUILD = ".binder/postBuild"
START_TIME = 30  # seconds in which the server must be up
# What a question that nobody has answered raises: itself, or because of one before it.
UNANSWERED = {"NotImplementedError", "NameError"}
_INDEX = re.compile(r"^--extra-index-url (?P<address>\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Notebooks:
    """Paths of a repository's notebooks: those that run through, and those left unanswered."""

    whole: tuple[str, ...]
    unanswered: tuple[str, ...]

    def few(self) -> Notebooks:
        """Return the first of each kind of folder."""
        firsts: dict[Path, str] = {}
        for name in self.whole:
            firsts.setdefault(_kind(Path(name)), name)
        return Notebooks(tuple(firsts.values()), self.unanswered[:1])


def _kind(path: Path) -> Path:
    return Path(*path.parts[:2]) if path.parts[0] == "coursework" else path.parent


def notebooks_of(root: Path) -> Notebooks:
    """Find a repository's chapters and problem sets; what students get has no solutions."""
    chapters = sorted((root / "book").glob("*.ipynb"))
    sources = sorted((root / "coursework" / "source").rglob("*.ipynb"))
    releases = [*(root / "book" / "coursework").rglob("*.ipynb")]
    releases += (root / "coursework" / "release").rglob("*.ipynb")

    def names(paths: list[Path]) -> tuple[str, ...]:
        kept = [path for path in paths if ".ipynb_checkpoints" not in path.parts]
        return tuple(path.relative_to(root).as_posix() for path in kept)

    return Notebooks(names([*chapters, *sources]), names(sorted(releases)))


def copy_of(root: Path, target: Path) -> Path:
    """Copy what git knows, or would, to a folder that becomes a repository of its own."""
    known = _git(root, "ls-files", "--cached", "--others", "--exclude-standard")
    for name in known.splitlines():
        if (root / name).is_file():  # else it was removed, and that is not committed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, target / name)
    _git(target, "init", "--quiet", "--initial-branch=main")
    _git(target, "add", "--all")
    author = ("-c", "user.name=lossviz", "-c", "user.email=lossviz@example.org")
    _git(target, *author, "commit", "--quiet", "--message=Copy")
    return target


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def install(copy: Path, environment: Path) -> Path:
    """Make an environment as Binder's files say, and return its Python.

    The index of small builds is left out where it cannot be reached: pip would ask it in vain for
    every package.
    """
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    wanted = copy / REQUIREMENTS
    text = wanted.read_text(encoding="utf-8")
    reached = _INDEX.sub(lambda line: line[0] if _answers(line["address"]) else "", text)
    here = wanted.with_name("requirements-here.txt")  # beside it, as it names files by their place
    here.write_text(reached, encoding="utf-8")
    run_as_reader([python, "-m", "pip", "install", "--quiet", "-r", here.relative_to(copy)], copy)
    here.unlink()
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    run_as_reader([copy / POST_BUILD], copy, PATH=path)
    return python


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/", timeout=10):
            return True
    except OSError:  # no such host, no answer, or a refusal
        return False


def run_as_reader(command: list[Path | str], folder: Path, **variables: str) -> None:
    """Run a command without this project's own paths; what it says is told where it fails."""
    surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | variables
    done = subprocess.run(
        command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stdout}{done.stderr}")


@contextmanager
def binder(work: Path, fresh: bool = True) -> Iterator[Server]:
    """A server of a copy of the repository; fresh is one whose environment was made for it.

    A reader has neither data files of their own nor this project's paths.
    """
    copy = copy_of(ROOT, work / "repository")
    if fresh:
        python = install(copy, work / "environment")
        surroundings = {"PYTHONPATH": ""}
    else:
        python = Path(sys.executable)
        surroundings = {}
    folder = work / "home"
    with serving(python, copy, folder, LOSSVIZ_DATA="", **surroundings) as server:
        yield server


def run_all(server: Server, notebooks: Notebooks) -> list[Outcome]:
    """Run notebooks one after another; those left unanswered to their end, whatever fails."""
    outcomes = [server.run(name) for name in notebooks.whole]
    return outcomes + [server.run(name, keep_going=True) for name in notebooks.unanswered]


def complaints(outcome: Outcome, unanswered: bool) -> list[str]:
    """Say what is wrong with an outcome, if anything is."""
    faults = [f for f in outcome.faults if not (unanswered and f.name in UNANSWERED)]
    found = [f"cell {f.cell} raised {f.name}: {f.text}" for f in faults]
    if unanswered and not outcome.faults:
        found.append("nothing is left to answer")
    if outcome.over or not 0 < outcome.peak <= LIMIT:
        found.append(f"took {outcome.peak / 1e6:.0f} MB")
    return found


def table(server: Server, outcomes: list[Outcome]) -> str:
    """Return time and memory of each notebook as text."""
    lines = [f"server up in {server.seconds:.1f} s", "", f"{'notebook':<52}seconds  peak MB"]
    for outcome in outcomes:
        lines.append(f"{outcome.notebook:<52}{outcome.seconds:7.1f}  {outcome.peak / 1e6:7.0f}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0 where all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--few", action="store_true", help="few notebooks, in this environment")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        binder(Path(folder), fresh=not options.few) as server,
    ):
        notebooks = notebooks_of(server.folder)
        outcomes = run_all(server, notebooks.few() if options.few else notebooks)
    print(table(server, outcomes))
    failed = server.seconds > START_TIME
    for outcome in outcomes:
        for complaint in complaints(outcome, outcome.notebook in notebooks.unanswered):
            print(f"{outcome.notebook}: {complaint}")
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
