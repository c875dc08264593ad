"""Record the training runs of the chapter on sharpness: ``results/stability.nc``, ``flatness.nc``.

Usage: python book/tools/record_sharpness.py [stability] [flatness]

**Stability.** Full-batch gradient descent on digits with linear outputs and squared error, the loss
for which Cohen et al. (2021) showed the edge of stability most plainly; three activations, seven
learning rates, one start.

**Flatness.** 300 training images and 359 test images of digits, softmax cross-entropy. Four ways of
training, from the same eight starts, each until the training loss is first at most 0.02 at a
recorded step: so all networks compared fit their data equally well. What is tested with them was
written down before these runs were made, after trials with seeds 0 and 1, which are not among
them:

1. SAM ends flatter than gradient descent with a small step: the mean over starts of
   log(sharpness of SAM / sharpness of gradient descent) is below 0, largest Hessian eigenvalue.
2. SAM has the lower test loss: the mean over starts of the difference is below 0.
3. Batches of eight end flatter than gradient descent with a small step, likewise.
4. Over all runs of an activation, a measure of sharpness and the test loss rank alike: Spearman's
   correlation is above 0.

A statement holds where the whole 95 % bootstrap interval over starts is on its side, fails where
it is on the other, and is open otherwise.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import nn

import lossviz as lv

RESULTS = Path(__file__).parents[1] / "results"
ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU}
RATES = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
STEPS, EVERY = 2001, 10
TRAINING_IMAGES, GOAL = 300, 0.02
STARTS = range(10, 18)


@dataclass(frozen=True)
class Way:
    """One way of training: what :func:`lossviz.train` is given."""

    optimiser: str
    learning_rate: float
    batch_size: int | None = None
    radius: float = 0.05


WAYS = {
    "small step": Way("gd", 0.1),
    "large step": Way("gd", 1.0),
    "batches of 8": Way("sgd", 0.1, batch_size=8),
    "SAM": Way("sam", 0.5, radius=0.2),
}


def main(arguments: list[str]) -> None:
    """Record what is asked for, by default all."""
    for name in arguments or ["stability", "flatness"]:
        data = {"stability": stability, "flatness": flatness}[name]()
        path = RESULTS / f"{name}.nc"
        keep = {
            each: {"zlib": True, "dtype": "float32"}
            for each in data.data_vars
        }
        data.to_netcdf(path, engine="h5netcdf", encoding=keep)
        print(f"wrote {path.name}, {path.stat().st_size / 1000:.0f} kB")


# --- stability --------------------------------------------------------------


def stability() -> xr.Dataset:
    """Train every activation with every learning rate."""
    rows = [
        xr.concat(
            [stability_run(name, rate) for rate in RATES], "learning_rate"
        )
        for name in ACTIVATIONS
    ]
    found = xr.concat(rows, "activation").assign_coords(
        activation=list(ACTIVATIONS), learning_rate=list(RATES)
    )
    return found.assign_attrs(
        problem="digits, training part",
        layers=[64, 10, 10],
        loss_function="mean squared error of linear outputs",
        start_range=0.1,
        seed=0,
        **made_with(),
    )


def stability_run(
    name: str, rate: float, num_steps: int = STEPS
) -> xr.Dataset:
    """Train one network; loss and sharpness over ``step``."""
    landscape = linear_outputs(name)
    start = landscape.initial(1, seed=0, start_range=0.1)
    run = lv.train(
        landscape,
        start,
        "gd",
        rate,
        num_steps,
        measures=("loss", "sharpness"),
        every=EVERY,
    )
    return run.isel(walk=0, drop=True).drop_attrs(deep=False)


def linear_outputs(name: str) -> lv.Landscape:
    """Return the squared error of a 64-10-10 network with linear outputs on digits."""
    digits = lv.load_problem("digits")
    model = nn.Sequential(
        nn.Linear(64, 10), ACTIVATIONS[name](), nn.Linear(10, 10)
    )
    inputs, targets = (
        torch.tensor(a) for a in (digits.inputs, digits.targets)
    )
    return lv.Landscape.from_module(
        model.double(), nn.MSELoss(), inputs, targets
    )


# --- flatness ---------------------------------------------------------------


def flatness() -> xr.Dataset:
    """Train every activation in every way from every start, and measure sharpness."""
    rows = [
        xr.concat(
            [
                xr.concat(
                    [flatness_run(name, way, seed) for seed in STARTS],
                    "start",
                )
                for way in WAYS.values()
            ],
            "way",
        )
        for name in ACTIVATIONS
    ]
    found = xr.concat(rows, "activation").assign_coords(
        activation=list(ACTIVATIONS), way=list(WAYS), start=list(STARTS)
    )
    return found.assign_attrs(
        problem=f"digits, the first {TRAINING_IMAGES} training images",
        layers=[64, 10, 10],
        loss_function="softmax_cross_entropy",
        start_range=0.2,
        goal=GOAL,
        **made_with(),
    )


def flatness_run(
    name: str, way: Way, seed: int, num_steps: int = 4001
) -> xr.Dataset:
    """Train one network to the goal; NaN where it does not get there."""
    landscape = few_images(name)
    run = lv.train(
        landscape,
        landscape.initial(1, seed=seed, start_range=0.2),
        way.optimiser,
        way.learning_rate,
        num_steps,
        batch_size=way.batch_size,
        seed=seed,
        measures=("loss", "test_loss", "test_accuracy", "weights"),
        every=EVERY,
        radius=way.radius,
    ).isel(walk=0, drop=True)
    there = np.flatnonzero(run.loss.values <= GOAL)
    kept = ("loss", "test_loss", "test_accuracy")
    if not len(there):
        names = (*kept, "steps", *lv.SHARPNESS_MEASURES)
        return xr.Dataset(dict.fromkeys(names, np.nan))
    end = run.isel(step=there[0])
    weights = torch.tensor(end.weights.values)
    sharp = {
        measure: float(lv.sharpness(landscape, weights, measure))
        for measure in lv.SHARPNESS_MEASURES
    }
    found = {each: float(end[each]) for each in kept}
    return xr.Dataset(found | {"steps": float(end.step)} | sharp)


def few_images(name: str) -> lv.Landscape:
    """Return the landscape of the first training images of digits."""
    digits = lv.load_problem("digits")
    few = replace(
        digits,
        inputs=digits.inputs[:TRAINING_IMAGES],
        targets=digits.targets[:TRAINING_IMAGES],
    )
    return lv.Landscape(few, name, loss="softmax_cross_entropy")


def made_with() -> dict[str, str]:
    """Return the versions that a file was made with."""
    packages = ("lossviz", "torch", "numpy", "scikit-learn")
    versions = {f"{each}_version": version(each) for each in packages}
    return {"python_version": platform.python_version(), **versions}


if __name__ == "__main__":
    main(sys.argv[1:])
