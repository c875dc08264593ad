"""``python -m lossviz`` is the ``lossviz`` command."""

from lossviz.cli import main

if __name__ == "__main__":
    main(prog_name="lossviz")
