"""The command line: ``lossviz``, also ``python -m lossviz``."""

from __future__ import annotations

import platform
from importlib.metadata import version

import click
import torch

from lossviz.activations import activation_names
from lossviz.cli._data import WITH_FILES, data
from lossviz.cli._study import study
from lossviz.problems import DataError, find_file, local_folder, problem_files, problem_names

_PACKAGES = ("lossviz", "torch", "numpy", "xarray", "scikit-learn", "matplotlib")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lossviz")
def main() -> None:
    """Sample, classify and picture the loss landscapes of small neural networks."""


main.add_command(data)
main.add_command(study)


@main.command()
def info() -> None:
    """Show versions, the data found, and the device that torch would use."""
    click.echo(f"{'python':14}{platform.python_version()} on {platform.system()}")
    for package in _PACKAGES:
        click.echo(f"{package:14}{version(package)}")
    click.echo(f"{'activations':14}{', '.join(activation_names())}")
    built_in = [name for name in problem_names() if name not in WITH_FILES]
    click.echo(f"{'problems':14}{', '.join(built_in)} (built in)")
    for name in WITH_FILES:
        click.echo(f"{'':14}{name} ({_whereabouts(name)})")
    click.echo(f"{'data folder':14}{_data_folder()}")
    click.echo(f"{'device':14}{_device()}, {torch.get_num_threads()} threads")


def _whereabouts(name: str) -> str:
    try:
        places = {(find_file(file) or ("missing",))[0] for file in problem_files(name)}
    except DataError:
        return "not looked for"
    return "incomplete" if len(places) > 1 and "missing" in places else ", ".join(sorted(places))


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
