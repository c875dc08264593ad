"""``lossviz data``: data files on disk."""

from __future__ import annotations

import click
from typing_extensions import override

from lossviz.cli._process import orderly_end
from lossviz.problems import (
    DataError,
    DataFile,
    fetch_file,
    file_copies,
    file_fault,
    find_file,
    problem_files,
    problem_names,
)

#: Problems that are made of files.
WITH_FILES = tuple(name for name in problem_names() if problem_files(name))


class _DataCommands(click.Group):
    """Commands whose trouble with data files is told in a line, not in a traceback."""

    @override
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except DataError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_DataCommands)
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
    with orderly_end():
        for file in _files(WITH_FILES if everything else names):
            path = fetch_file(file, progress=not quiet, quiet=quiet)
            click.echo(f"{file.name:30}{path}")


@data.command()
@click.argument("names", nargs=-1)
def verify(names: tuple[str, ...]) -> None:
    """Compare the checksums of files on disk; of problems NAMES, all must be there."""
    bad = 0
    for file in _files(names or WITH_FILES):
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


def _size(file: DataFile) -> str:
    return f"{file.size / 1e6:.1f} MB" if file.size >= 10**6 else f"{file.size / 1e3:.0f} kB"
