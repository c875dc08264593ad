"""The plans that come with the package."""

from __future__ import annotations

from typing import Any

from lossviz.analysis.samplers import STUDY_SETTINGS

_SETTINGS = {
    f"b{b}-{name}": {"start_range": float(b), "share": share, "steps": steps}
    for b in (1, 10)
    for name, (share, steps) in STUDY_SETTINGS.items()
}
_SPLITS = [0, 1, 2, 3, 4]


def _problem(name: str, walks: int, chunk: int, curvature: str, **more: Any) -> dict[str, Any]:
    splits = more.pop("splits", _SPLITS)
    return {
        "problem": name, "walks": walks, "splits": splits, "chunk": chunk, "curvature": curvature,
        **more,
    }  # fmt: skip


#: ``paper``: ten walks per weight, as the study had them. ``laptop``: about an hour on two cores.
#: ``smoke``: less than a minute, without a data file.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {
        "name": "paper",
        "settings": _SETTINGS,
        "problems": [
            _problem("xor", 90, 90, "full", splits=[0]),
            _problem("iris", 350, 70, "full"),
            _problem("heart", 3410, 20, "sample", points=10),
            _problem("digits", 7600, 10, "extremes", points=2),
            _problem("mnist", 79600, 20, "extremes", points=2, batch_size=100),
        ],
    },
    "laptop": {
        "name": "laptop",
        "settings": _SETTINGS,
        "problems": [
            _problem("xor", 90, 90, "full", splits=[0]),
            _problem("iris", 350, 70, "full"),
            _problem("heart", 900, 20, "sample", points=10),
            _problem("digits", 250, 10, "extremes", points=2),
            _problem("mnist-test", 10, 1, "extremes", points=2, batch_size=100),
        ],
    },
    "smoke": {
        "name": "smoke",
        "settings": {
            "b1-micro": {"start_range": 1.0, "share": 0.01, "steps": 200},
            "b10-macro": {"start_range": 10.0, "share": 0.1, "steps": 50},
        },
        "problems": [
            _problem("xor", 90, 45, "full", splits=[0]),
            _problem("iris", 20, 10, "full", splits=[0, 1]),
        ],
    },
}
