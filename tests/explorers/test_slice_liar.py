"""The slice liar: page and Python compute the same, and what cannot change does not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import lossviz as lv
from browser_modules import assert_same, call
from looks import changes_and_comes_back
from lossviz.explorers._slice_words import concluded


@pytest.fixture(scope="module")
def liar():
    return lv.explorers.slice_liar()


@pytest.mark.parametrize("seed", [2, 0], ids=["all units alive", "a dead unit"])
def test_the_page_shows_what_python_shows(seed):
    liar = lv.explorers.slice_liar(seed=seed)
    states = [
        liar.state(pair=pair, length=length, power=power, units=units, draw=draw, reach=reach)
        for pair, length in itertools.product(
            ("random", "mixed", "eigen", "principal"), ("raw", "one", "filter")
        )
        for power, units, draw, reach in (
            (0.0, "all", 1, 1.0), (-3.0, "all", 8, 0.25), (3.0, "turns", 2, 4.0),
            (1.25, "turns", 3, 1.0),
        )
    ]  # fmt: skip
    data = liar.spec()["data"]
    shown = call("slice_liar", "kind.compute", *([state, data] for state in states))
    for state, got in zip(states, shown, strict=True):
        assert_same(got, liar.result(**state), str(state))


def test_the_default_network_has_no_dead_unit_and_seed_0_has_one(liar):
    for each, dead in ((liar, 0), (lv.explorers.slice_liar(seed=0), 1)):
        hidden = lv.Landscape("iris", "relu").hidden_outputs(each.data["weights"])
        assert 4 * float(lv.dead_units(hidden)) == dead


def test_no_setting_changes_the_network(liar):
    losses = [
        liar.result(power=power, units=units, length=length)["loss"]
        for power in (-3.0, 0.0, 2.25)
        for units in ("all", "turns")
        for length in ("raw", "filter")
    ]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-12)


def test_one_factor_changes_a_raw_slice_and_no_normalised_one(liar):
    def plane(**state):
        return liar.result(**state)["plane"]

    for draw in (1, 5):
        normal, raw = plane(length="filter", draw=draw), plane(length="raw", draw=draw)
        for power in (-2.5, 1.75):
            same = plane(length="filter", draw=draw, power=power)
            np.testing.assert_allclose(same, normal, rtol=1e-10)
            assert abs(plane(length="raw", draw=draw, power=power) - raw).max() > 0.1
        apart = plane(length="filter", draw=draw, power=2.0, units="turns")
        assert abs(apart - normal).max() > 0.1


def test_eigenvectors_bend_as_the_hessian_of_the_rescaled_network_says(liar):
    data, iris = liar.data, lv.Landscape("iris", "relu")
    for power in (0.0, -2.0, 1.0):
        point = lv.rescale_units(iris, data["weights"], 2.0**power)
        exact = torch.linalg.eigvalsh(iris.hessian(point))[[-1, 0]]
        got = liar.result(pair="eigen", power=power)["curvatures"]
        np.testing.assert_allclose(got, exact, rtol=1e-3, atol=1e-6 * float(exact[0]))


def test_lengths_are_what_they_are_called(liar):
    assert liar.result(pair="principal")["lengths"] == pytest.approx([1, 1])
    assert liar.result(length="one")["lengths"] == pytest.approx([1, 1])
    point = liar.data["weights"].copy()
    point[16:20] = point[32:35] = 0  # filter-normalised directions leave biases alone
    wanted = np.linalg.norm(point)
    assert liar.result(length="filter")["lengths"] == pytest.approx([wanted, wanted])


def test_one_network_leads_to_contradictory_conclusions(liar):
    told = {
        concluded(liar.result(pair=pair, length=length, power=power)["plane"])
        for pair in ("random", "eigen", "principal")
        for length in ("raw", "one", "filter")
        for power in (-3.0, 0.0, 3.0)
    }
    assert {"flat ground", "a wide minimum", "a sharp minimum"} <= told
    assert len(told) >= 4


@pytest.mark.parametrize(
    ("plane", "wanted"),
    [
        (np.full((5, 5), 0.05), "flat ground"),
        (0.05 + np.add.outer(np.arange(-2, 3) ** 2, np.arange(-2, 3) ** 2), "a sharp minimum"),
        (0.05 + np.add.outer(np.arange(-2, 3) ** 2, np.arange(-2, 3) ** 2) / 18, "a wide minimum"),
        (0.05 + np.add.outer(np.arange(-2, 3) ** 2, np.zeros(5)), "a valley"),
        (0.50 + np.add.outer(np.arange(-2, 3), np.zeros(5)) / 5, "training has missed"),
    ],
)
def test_a_reader_concludes_what_the_plane_shows(plane, wanted):
    assert concluded(plane.ravel()).startswith(wanted)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pair": "eigne"}, "eigen"), ({"length": "two"}, "length must be one of"),
        ({"power": 4}, "at most 3"), ({"power": -4}, "at least -3"), ({"seed": -1}, "at least 0"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_words(options, words):
    with pytest.raises(ValueError, match=words):
        lv.explorers.slice_liar(**options)


def test_the_output_is_small(liar):
    shown, _ = liar._repr_mimebundle_()
    assert sum(map(len, shown.values())) < 150_000


def test_by_keyboard_alone_pictures_and_status_change_and_come_back(liar, page_of):
    page = page_of(liar)
    changes_and_comes_back(page, 3, "power")
