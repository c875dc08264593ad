"""The walk race: what the page computes is what Python computes, and what must hold of it."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest
from playwright.sync_api import Page

import lossviz as lv
from browser_modules import assert_same, call

ACTIVATIONS = [
    value for value, _ in lv.explorers.walk_race().controls[0].options
]  # those that can be chosen
RANGES = ["0.1", "0.5", "1", "3", "10"]
STEPS = [0.5, 2.0, 4.5, 10.0]


@pytest.fixture(scope="module")
def race():
    return lv.explorers.walk_race()


@pytest.fixture(scope="module")
def relu(race):
    return race.result(activation="relu")


# --- Python and the page --------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_page_shows_what_python_shows(race, activation):
    seeds = itertools.cycle([0, 1, 7, 42, 99])
    states = [
        race.state(activation=activation, start_range=b, max_step=step, seed=next(seeds))
        for b in RANGES
        for step in STEPS
    ]
    data = race.spec()["data"]
    shown = call("walk_race", "kind.compute", *([state, data] for state in states))
    for state, got in zip(states, shown, strict=True):
        assert_same(got, race.result(**state), str(state))


def test_a_seed_between_two_is_the_nearest(race):
    state = race.state(seed=6.5)
    (got,) = call("walk_race", "kind.compute", [state, race.spec()["data"]])
    assert got["text"] == race.result(seed=6.5)["text"] == race.result(seed=7)["text"]


def test_the_table_has_a_column_for_each_sampler(relu):
    result = json.loads(json.dumps(relu, default=np.ndarray.tolist))
    (table,) = call("walk_race", "kind.table", [result])
    assert table["head"][1:] == [each["label"] for each in relu["samplers"]]
    rows = {name: told for name, *told in table["rows"]}
    samplers = relu["samplers"]
    assert rows["lowest loss of a walk, median"] == [f"{s['lowest'][1]:.3f}" for s in samplers]
    assert rows["ruggedness"] == [f"{s['rugged']:.2f}" for s in samplers]
    assert rows["dead hidden units"] == [f"{100 * s['dead']:.0f} %" for s in samplers]
    assert {len(told) for told in rows.values()} == {len(samplers)}


# --- its parts beside the package's ---------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("b", [1.0, 10.0])
def test_hessians_and_their_signs_are_those_of_the_package(activation, b):
    landscape = lv.Landscape("xor", activation)
    walks = lv.progressive_gradient_walk(landscape, 3, 60, 0.1 * b, b, 4, measures=["weights"])
    points = walks.weights.values[:, ::3].reshape(-1, 9)
    wanted = landscape.hessian(points).numpy()
    got = np.reshape(
        call("curvature", "hessian", *([list(each), activation] for each in points)), (-1, 9, 9)
    )
    scale = np.abs(wanted).max(axis=(1, 2))[:, None]
    np.testing.assert_allclose(got / scale[..., None], wanted / scale[..., None], atol=1e-12)

    flat = wanted.reshape(-1, 81).tolist()
    values = np.sort(call("curvature", "eigenvalues", *([each, 9] for each in flat)))
    np.testing.assert_allclose(values / scale, np.linalg.eigvalsh(wanted) / scale, atol=1e-13)
    negative = lv.classify_curvature(wanted).negative.numpy() > 0
    assert call("curvature", "turnsDown", *([each, 9, 1e-8] for each in flat)) == negative.tolist()


def test_eigenvalues_of_known_matrices():
    def flat(*rows):
        return [value for row in rows for value in row]

    cases = [([0.0] * 4, [0, 0]), (flat([2, 1], [1, 2]), [1, 3]), (flat([0, 1], [1, 0]), [-1, 1])]
    got = call("curvature", "eigenvalues", *([matrix, 2] for matrix, _ in cases))
    np.testing.assert_allclose(np.sort(got), [values for _, values in cases], atol=1e-15)
    # Only what is negative beside the largest counts, at any scale.
    for scale in (1.0, 1e-200, 1e200):
        asked = [[[scale, 0.0, 0.0, low * scale], 2, 1e-8] for low in (-1e-7, -1e-9, 0.0, 1.0)]
        assert call("curvature", "turnsDown", *asked) == [True, False, False, False]


def test_ruggedness_and_quantiles_are_those_of_python():
    rng = np.random.default_rng(0)
    walks = [
        *rng.random((5, 100)),
        *rng.random((5, 100)).cumsum(axis=1),
        np.ones(100),
        np.arange(9),
    ]
    walks.append(np.array([0.0, 1.0] * 50 + [0.0]))
    got = call("race_reports", "ruggedness", *([walk.tolist()] for walk in walks))
    np.testing.assert_allclose(got, [float(lv.ruggedness(walk)) for walk in walks], atol=1e-12)
    for share in (0.0, 0.25, 0.5, 0.95, 1.0):
        got = call("race_reports", "quantile", *([walk.tolist(), share] for walk in walks))
        np.testing.assert_allclose(got, [np.quantile(walk, share) for walk in walks])


# --- what must hold -------------------------------------------------------------------------------


def test_all_samplers_have_equally_many_points_and_walk_from_the_same_starts(relu):
    sizes = {(len(each["loss"]), len(each["norm"])) for each in relu["samplers"]}
    assert sizes == {(1200, 1200)}
    random, _, *gradient = relu["samplers"]
    for each in gradient:
        np.testing.assert_array_equal(each["loss"][::100], random["loss"][::100])


def test_the_rules_for_zero_gradients_matter_for_relu_and_not_for_tanh(race, relu):
    increase, stay, sign = race.result()["samplers"][2:]
    for other in (stay, sign):
        np.testing.assert_array_equal(other["loss"], increase["loss"])
        assert other["zeros"] == 0
    increase, stay, sign = relu["samplers"][2:]
    assert stay["zeros"] > increase["zeros"] > 0
    assert not np.array_equal(stay["loss"], increase["loss"])
    assert not np.array_equal(sign["loss"], increase["loss"])


def test_a_relu_landscape_has_the_same_silent_parts_at_every_scale(race):
    # ReLU is positively homogeneous, and the random walks scale with their range.
    found = [
        race.result(activation="relu", start_range=b)["samplers"][0] for b in ("0.1", "0.5", "1")
    ]
    assert len({each["zeros"] for each in found}) == len({each["dead"] for each in found}) == 1
    assert found[0]["dead"] > 0


def test_losses_near_the_origin_are_those_of_the_origin(race):
    # At the origin all outputs are 1/2, whatever the activation: ln 2.
    for sampler in race.result(start_range="0.1", max_step=0.5)["samplers"]:
        np.testing.assert_allclose(sampler["loss"], np.log(2), atol=0.01)


def test_gradient_walks_report_lower_losses_than_walks_that_do_not_look(race):
    for activation in ("tanh", "relu", "elu"):
        for seed in (0, 1, 2):
            lowest = [
                each["lowest"][1]
                for each in race.result(activation=activation, seed=seed)["samplers"]
            ]
            assert max(lowest[2:]) < min(lowest[:2])


def test_numbers_of_the_picture_are_in_its_description(race, relu):
    picture = race.picture(activation="relu")
    assert relu["text"] in picture.alt
    assert picture.png().startswith(b"\x89PNG")
    assert len(picture.axes) == 6


# --- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"activation": "tang"}, ValueError, "Did you mean 'tanh'"),
        ({"activation": 3}, TypeError, "activation must be one of"),
        (
            {"start_range": 2.0},
            ValueError,
            "start_range must be one of 0.1, 0.5, 1, 3, 10; got 2.0",
        ),
        ({"start_range": float("nan")}, ValueError, "start_range must be finite"),
        ({"start_range": "1"}, TypeError, "start_range must be a number"),
        ({"max_step": 0.1}, ValueError, "max_step must be at least 0.5; got 0.1"),
        ({"max_step": 11}, ValueError, "max_step must be at most 10.0; got 11"),
        ({"max_step": None}, TypeError, "max_step must be a number"),
        ({"seed": -1}, ValueError, "seed must be at least 0; got -1"),
        ({"seed": 100}, ValueError, "seed must be at most 99; got 100"),
        ({"seed": 1.5}, TypeError, "seed must be an integer"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, says):
    with pytest.raises(error, match=says):
        lv.explorers.walk_race(**arguments)


def test_arguments_are_where_the_explorer_starts():
    race = lv.explorers.walk_race("elu", 10, 5, 3)
    assert race.state() == {
        "activation": "elu", "start_range": "10", "max_step": 5.0, "seed": 3,
    }  # fmt: skip


# --- what a notebook holds, and a page does -------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("relu", 1.0, 10.0), ("sine", 10.0, 10.0)])
def test_the_output_is_small_and_needs_nothing_else(arguments):
    race = lv.explorers.walk_race(*arguments)
    shown, metadata = race._repr_mimebundle_()
    assert sum(map(len, shown.values())) < 150_000
    assert shown["text/plain"] == f"Walk race. {race.result()['text']}"
    assert race.result()["text"] in metadata["image/png"]["alt"]
    page = shown["text/html"]
    assert page.count("<script") == page.count("</script>") == 1
    assert not re.search(r"https?:|\bsrc=\"(?!data:)|\bhref=|@import|\burl\(", page)
    assert not re.search(r"^\s*(?:import|export)\b", page, re.MULTILINE)


def test_python_answers_what_a_live_panel_asks(race):
    panel = race.live()
    panel.state = {"activation": "relu", "start_range": "10", "max_step": 5, "seed": 2}
    wanted = race.result(activation="relu", start_range="10", max_step=5.0, seed=2)
    assert_same(panel.result, wanted)


@pytest.fixture
def page(race, page_of):
    return page_of(race)


def seen(page: Page) -> tuple[str, str, list[str]]:
    """Return the status line, the table and the pixels of all panels."""
    pixels = "all => all.map((each) => each.toDataURL())"
    return (
        page.locator(".lv-status").inner_text(),
        page.locator(".lv-table table").inner_text(),
        page.locator("canvas").evaluate_all(pixels),
    )


def test_by_keyboard_alone_picture_and_words_change_and_come_back(race, page):
    before = seen(page)
    assert before[0] == race.result()["text"]
    assert len(before[2]) == 7
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert seen(page)[0] == race.result(activation="relu")["text"]
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    moved = seen(page)
    assert moved[0] == race.result(activation="relu", start_range="3", max_step=2.5)["text"]
    assert moved[1] != before[1]
    assert all(now != then for now, then in zip(moved[2], before[2], strict=True))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert seen(page) == before


def test_the_seed_is_under_more_and_in_the_link(race, page):
    assert not page.get_by_label("Seed").is_visible()
    page.locator("summary").press("Enter")
    page.get_by_label("Seed").press("ArrowRight")
    assert page.locator(".lv-status").inner_text() == race.result(seed=1)["text"]
    page.get_by_role("button", name="Copy link").press("Enter")
    page.wait_for_function("location.hash === '#lv=walk-race&seed=1'")
    page.reload()
    assert page.locator(".lv-status").inner_text() == race.result(seed=1)["text"]
