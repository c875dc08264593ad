"""The command line: ``lossviz``, also ``python -m lossviz``."""

from __future__ import annotations

import platform
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import click
import torch
from typing_extensions import override

from lossviz.activations import activation_names
from lossviz.problems import (
    DataError,
    DataFile,
    fetch_file,
    file_copies,
    file_fault,
    find_file,
    local_folder,
    problem_files,
    problem_names,
)

_PACKAGES = ("lossviz", "torch", "numpy", "xarray", "scikit-learn", "matplotlib")

_WITH_FILES = tuple(name for name in problem_names() if problem_files(name))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lossviz")
def main() -> None:
    """Sample, classify and picture the loss landscapes of small neural networks."""


@main.command()
def info() -> None:
    """Show versions, the data found, and the device that torch would use."""
    click.echo(f"{'python':14}{platform.python_version()} on {platform.system()}")
    for package in _PACKAGES:
        click.echo(f"{package:14}{version(package)}")
    click.echo(f"{'activations':14}{', '.join(activation_names())}")
    built_in = [name for name in problem_names() if name not in _WITH_FILES]
    click.echo(f"{'problems':14}{', '.join(built_in)} (built in)")
    for name in _WITH_FILES:
        click.echo(f"{'':14}{name} ({_whereabouts(name)})")
    click.echo(f"{'data folder':14}{_data_folder()}")
    click.echo(f"{'device':14}{_device()}, {torch.get_num_threads()} threads")


class _DataCommands(click.Group):
    """Commands whose trouble with data files is told in a line, not in a traceback."""

    @override
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except DataError as error:
            raise click.ClickException(str(error)) from error


@main.group(cls=_DataCommands)
def data() -> None:
    """List, fetch and verify the data files of problems."""


@data.command("list")
def list_() -> None:
    """List the problems, their files, and where these are."""
    for name in problem_names():
        files = problem_files(name)
        if not files:
            click.echo(f"{name:14}built in")
        for file in files:
            click.echo(f"{name:14}{file.name:30}{_size(file):>10}  {_where(file)}")


@data.command()
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Fetch the files of every problem.")
@click.option("--quiet", is_flag=True, help="Say nothing but where the files are.")
def fetch(names: tuple[str, ...], everything: bool, quiet: bool) -> None:
    """Download the files of problems NAMES into the user's cache, unless they are there."""
    if everything == bool(names):
        raise click.UsageError("Name problems, or give --all.")
    with _orderly_end():
        for file in _files(_WITH_FILES if everything else names):
            path = fetch_file(file, progress=not quiet, quiet=quiet)
            click.echo(f"{file.name:30}{path}")


@data.command()
@click.argument("names", nargs=-1)
def verify(names: tuple[str, ...]) -> None:
    """Compare the checksums of files on disk; of problems NAMES, all must be there."""
    bad = 0
    for file in _files(names or _WITH_FILES):
        copies = file_copies(file)
        if not copies:
            bad += bool(names)
            click.echo(f"{file.name:30}missing")
        for place, path in copies:
            wrong = file_fault(file, path)
            bad += bool(wrong)
            click.echo(f"{file.name:30}{f'{path} {wrong}' if wrong else f'in order ({place})'}")
    if bad:
        raise click.ClickException(f"{bad} files are bad or missing: see above.")


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Let SIGTERM end the process as an exit does, so that no half of a file stays behind."""
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _files(names: tuple[str, ...]) -> list[DataFile]:
    """Return the files of problems, each once; say of which there are none."""
    files: dict[str, DataFile] = {}
    for name in names:
        try:
            of_problem = problem_files(name)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        if not of_problem:
            click.echo(f"{name:30}built in")
        files |= {file.name: file for file in of_problem}
    return list(files.values())


def _where(file: DataFile) -> str:
    found = find_file(file)
    return "missing" if found is None else f"{found[0]}: {found[1]}"


def _whereabouts(name: str) -> str:
    try:
        places = {(find_file(file) or ("missing",))[0] for file in problem_files(name)}
    except DataError:
        return "not looked for"
    return "incomplete" if len(places) > 1 and "missing" in places else ", ".join(sorted(places))


def _size(file: DataFile) -> str:
    return f"{file.size / 1e6:.1f} MB" if file.size >= 10**6 else f"{file.size / 1e3:.0f} kB"


def _data_folder() -> str:
    try:
        folder = local_folder()
    except DataError as error:
        return f"none ({error})"
    if folder is None:
        return "none (LOSSVIZ_DATA is not set)"
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError as error:
        return f"{folder} (cannot be read: {error.strerror})"
    return f"{folder}: {', '.join(names) or 'empty'}"


def _device() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return "cpu"
