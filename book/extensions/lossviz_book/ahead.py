"""Executes notebooks before they are read, as many at a time as there are processors.

MyST-NB executes each notebook where it reads it, one after another; most of a first build is
this. What is executed here goes to the same cache, where MyST-NB finds it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

AT_MOST = 4  # kernels, each with up to a gigabyte

_log = logging.getLogger(__name__)


def connect(app: Sphinx) -> None:
    """Look at each set of pages before Sphinx reads it."""
    app.connect("env-before-read-docs", _execute)


def _execute(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    if app.config.nb_execution_mode != "cache":
        return
    cache = get_cache(app.config.nb_execution_cache_path)
    paths = [Path(env.doc2path(docname)) for docname in docnames]
    excluded = app.config.nb_execution_excludepatterns
    missing = sorted(not_cached(cache, paths, excluded))
    workers = min(len(missing), os.cpu_count() or 1, AT_MOST)
    if workers < 2:
        return
    with ThreadPoolExecutor(workers) as pool:
        results = pool.map(
            lambda path: run(path, app.config.nb_execution_timeout), missing
        )
        for path, result in zip(missing, results, strict=True):
            keep(cache, path, result)


def not_cached(
    cache: JupyterCacheAbstract, paths: list[Path], excluded: list[str]
) -> Iterator[Path]:
    """Yield the notebooks that MyST-NB would execute: those of whose code no outputs are kept."""
    for path in paths:
        if path.suffix != ".ipynb" or any(map(path.match, excluded)):
            continue
        try:
            cache.match_cache_notebook(nbformat.read(path, as_version=4))
        except KeyError:
            yield path


def run(path: Path, timeout: int) -> ExecutionResult | Exception:
    """Execute a notebook in its folder; a kernel that does not start is returned as its error."""
    notebook = nbformat.read(path, as_version=4)
    try:
        return single_nb_execution(
            notebook,
            cwd=str(path.parent),
            timeout=timeout,
            allow_errors=False,
        )
    except (
        RuntimeError,
        AssertionError,  # by which the clean-up stops after a kernel has died
    ) as error:
        return error


def keep(
    cache: JupyterCacheAbstract,
    path: Path,
    result: ExecutionResult | Exception,
) -> None:
    """Put a notebook's outputs into the cache.

    After an error nothing is kept: MyST-NB then executes the notebook itself, and tells.
    """
    if isinstance(result, Exception) or result.err is not None:
        _log.info("%s is executed again when it is read", path.name)
        return
    data = {"execution_seconds": result.time}
    cache.cache_notebook_bundle(
        CacheBundleIn(result.nb, str(path), data=data),
        check_validity=False,
        overwrite=True,
    )
