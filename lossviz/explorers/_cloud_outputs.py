"""What the linked cloud shows of a landscape's outputs: a row for each sample or each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from lossviz.landscape.mlp import Landscape

# With no more samples than these, each sample's output is shown.
_FEW = 8


@dataclass(frozen=True)
class Rows:
    """What is shown of a landscape's outputs: a row per sample or per class.

    Attributes:
        landscape: the landscape.
        title: what the rows are.
        labels: each row's name.
        members: each row's samples, shape (rows, samples), as weights of a mean.
        units: the output unit that each row shows.
    """

    landscape: Landscape
    title: str
    labels: tuple[str, ...]
    members: Float[np.ndarray, "rows samples"]
    units: tuple[int, ...]

    def at(self, weights: Float[np.ndarray, "points weight"]) -> dict[str, Any]:
        """Return the rows' outputs at points, each row's in an array of its own."""
        outputs = self.landscape.outputs(torch.from_numpy(weights)).double().cpu().numpy()
        values = [
            (outputs[..., unit] @ member).astype(np.float32)
            for unit, member in zip(self.units, self.members, strict=True)
        ]
        return {"title": self.title, "labels": list(self.labels), "values": values}


def rows_of(landscape: Landscape) -> Rows:
    """Return the rows of a landscape: its samples if they are few and have one output, or classes.

    A class's row is the mean, over its samples, of the output that is 1 for it; of the only
    output where there is one.
    """
    inputs, targets = landscape.problem.inputs, landscape.problem.targets
    single = targets.shape[1] == 1
    if single and len(targets) <= _FEW:
        labels = [
            f"{', '.join(f'{x:g}' for x in row)} → {target:g}"
            for row, (target,) in zip(inputs, targets, strict=True)
        ]
        eye = np.eye(len(targets))
        return Rows(landscape, "Output for each sample", tuple(labels), eye, (0,) * len(labels))
    of_sample = (targets[:, 0] > 0.5).astype(int) if single else targets.argmax(axis=1)
    present = np.unique(of_sample)
    member = (of_sample == present[:, None]).astype(float)
    names = landscape.problem.classes
    labels = tuple(f"class {i}" if names is None else str(names[i]) for i in present)
    title = "Mean output for each class" if single else "Mean output of each class's own unit"
    units = (0,) * len(present) if single else tuple(present.tolist())
    return Rows(landscape, title, labels, member / member.sum(axis=1, keepdims=True), units)
