"""Grade a problem set: `python coursework/grade.py ps1 --submissions DIR --marks marks.csv`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from grading.command import main

if __name__ == "__main__":
    sys.exit(main())
