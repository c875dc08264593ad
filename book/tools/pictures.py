"""Draw the picture of the landing page and the README, from walks sampled now.

Usage: python book/tools/pictures.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import lossviz as lv

TARGET = Path(__file__).parents[1] / "assets" / "xor-cloud.png"
LEVELS = (0.0, np.log(2) / 2, 0.75 * np.log(3) - 0.5 * np.log(2), np.log(2))


def main() -> None:
    """Sample XOR with each activation and write the clouds."""
    walks = [
        lv.progressive_gradient_walk(
            lv.Landscape("xor", name), 90, 1000, 0.02, 1.0, seed=0
        )
        for name in ("tanh", "relu", "elu")
    ]
    TARGET.write_bytes(lv.plots.loss_gradient_cloud(walks, LEVELS).png())
    print(f"wrote {TARGET.name}, {TARGET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
