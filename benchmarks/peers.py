"""Make an environment for the libraries that lossviz is measured beside, apart from the project's.

python benchmarks/peers.py _build/peers
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("peers.txt")


def make(folder: Path) -> Path:
    """Make the environment, if it is not there, and return its Python.

    torch comes first, at its exact version, so that the others take it as they find it.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    lines = REQUIREMENTS.read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    torch = next(pin for pin in pins if pin.startswith("torch=="))
    for wanted in ([torch], pins):
        subprocess.run([str(python), "-m", "pip", "install", "-q", *wanted], check=True)
    return python


class Process:
    """A script that answers orders, a JSON line each, with the Python of the peers' environment.

    Args:
        folder: the environment.
        script: the script's name, beside this file.
    """

    def __init__(self, folder: Path, script: str) -> None:
        self._process = subprocess.Popen(
            [folder / "bin" / "python", Path(__file__).with_name(script)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, *order: object) -> object:
        """Return the answer to an order."""
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the peers' process ended at {order}")
        return json.loads(line)


def main() -> None:
    """Make the environment that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    if folder == Path(sys.prefix).resolve():
        parser.error(f"folder must not be the environment that is running; got {folder}.")
    print(make(folder))


if __name__ == "__main__":
    main()
