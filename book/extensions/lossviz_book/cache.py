"""Keys the folder of executed notebooks by everything that their outputs depend on.

The cache itself compares the cells only: with a broken package a second build would stay green
and show the outputs of the first.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError


def connect(app: Sphinx) -> None:
    """Register the setting ``lossviz_cache_inputs`` and what reads it."""
    app.add_config_value("lossviz_cache_inputs", [], "env", [list])
    app.connect("config-inited", _use_keyed_folder)


def cache_key(root: Path, inputs: Iterable[str]) -> str:
    """Return a hash of the input files' names and contents and of the Python version.

    Args:
        root: the folder that the inputs are relative to.
        inputs: files, or folders that are read whole.

    Raises:
        FileNotFoundError: if an input is neither a file nor a folder.
    """
    digest = hashlib.sha256(platform.python_version().encode())
    for path in _files(root, inputs):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(
            f"\n{path.relative_to(root).as_posix()} {content}".encode()
        )
    return digest.hexdigest()[:16]


def _files(root: Path, inputs: Iterable[str]) -> Iterator[Path]:
    for name in sorted(inputs):
        path = root / name
        if path.is_dir():
            yield from (
                file for file in sorted(path.rglob("*")) if _counts(file)
            )
        elif path.is_file():
            yield path
        else:
            raise FileNotFoundError(f"no file or folder {name!r} in {root}")


def _counts(path: Path) -> bool:
    """Say whether a file can change a result: byte code and editors' files cannot."""
    return (
        path.is_file()
        and path.parent.name != "__pycache__"
        and not path.name.startswith(".")
    )


def _use_keyed_folder(app: Sphinx, config: Config) -> None:
    """Point MyST-NB to the folder of the present key, and drop those of other keys.

    The setting is one on which pages depend, so its change makes Sphinx read them all again.
    """
    try:
        key = cache_key(Path(app.srcdir), config.lossviz_cache_inputs)
    except FileNotFoundError as error:
        raise ConfigError(f"lossviz_cache_inputs: {error}") from error
    folder = Path(app.outdir).parent / ".jupyter_cache"
    drop_others(folder, key)
    config.nb_execution_cache_path = str(folder / key)


def drop_others(folder: Path, key: str) -> None:
    """Remove all that lies in the folder beside the cache of the given key."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.name == key:
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
