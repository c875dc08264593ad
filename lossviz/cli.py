"""The command line: ``lossviz``, also ``python -m lossviz``."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import click
import torch

from lossviz.activations import activation_names
from lossviz.problems import problem_names

_PACKAGES = ("lossviz", "torch", "numpy", "xarray", "scikit-learn", "matplotlib")


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
    click.echo(f"{'problems':14}{', '.join(problem_names())} (built in)")
    click.echo(f"{'data folder':14}{_data_folder()}")
    click.echo(f"{'device':14}{_device()}, {torch.get_num_threads()} threads")


def _data_folder() -> str:
    named = os.environ.get("LOSSVIZ_DATA")
    if not named:
        return "none (LOSSVIZ_DATA is not set)"
    folder = Path(named)
    if not folder.is_dir():
        return f"{folder} (LOSSVIZ_DATA names no folder)"
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    return f"{folder}: {', '.join(names) or 'empty'}"


def _device() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return "cpu"
