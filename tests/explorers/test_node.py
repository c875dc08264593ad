"""The ES modules' own tests, which Node runs with numbers from Python."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from browser_modules import node
from explorer_kinds import KINDS, make
from lossviz.explorers._pack import listed

TESTS = sorted((Path(__file__).parents[1] / "js").glob("*.test.mjs"))


def moved(explorer):
    """Return the default state, one with every control moved, and one with every other moved."""
    changed = {
        control.name: control.options[-1][0]
        if hasattr(control, "options")
        else min(control.max, round(control.value + 2 * control.step, 9))
        for control in explorer.controls
    }
    return [{}, changed, dict(list(changed.items())[::2])]


def test_the_modules_pass_their_own_tests(tmp_path):
    numbers = [
        {
            "name": kind,
            "data": make(kind).spec()["data"],
            "cases": [
                {"state": make(kind).state(**state), "result": listed(make(kind).result(**state))}
                for state in moved(make(kind))
            ],
        }
        for kind in KINDS
    ]
    path = tmp_path / "numbers.json"
    path.write_text(json.dumps(numbers), encoding="utf-8")
    done = subprocess.run(
        [node(), "--test", "--test-reporter=tap", *map(str, TESTS)],
        env=os.environ | {"LOSSVIZ_NUMBERS": str(path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = int(re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)[1])
    assert passed >= 3 * len(KINDS) + 6
