"""Problems: a data set, split and scaled, with the layers of the network that learns it.

What deals with data files (``DATA_FILES``, ``DataFile``, ``fetch_file``, ``file_copies``,
``file_fault``, ``find_file``, ``local_folder`` and ``problem_files``) serves the command line. It
is internal, and may change.
"""

from lossviz.problems._arrays import problem_from_arrays
from lossviz.problems._download import fetch_file
from lossviz.problems._files import (
    DATA_FILES,
    DataError,
    DataFile,
    file_copies,
    file_fault,
    find_file,
    local_folder,
)
from lossviz.problems._loaders import load_problem, problem_files, problem_names
from lossviz.problems._problem import Problem

__all__ = [
    "DATA_FILES",
    "DataError",
    "DataFile",
    "Problem",
    "fetch_file",
    "file_copies",
    "file_fault",
    "find_file",
    "load_problem",
    "local_folder",
    "problem_files",
    "problem_from_arrays",
    "problem_names",
]
