"""The XOR landscape: points near its levels, planes between them, and a page that shows both."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

import lossviz as lv
from browser_modules import assert_same, call
from looks import picture
from lossviz.explorers import _xor_points as xor
from lossviz.explorers.xor_landscape import _plane

NAMES = ("tanh", "relu", "elu")
TARGETS = np.array([0, 1, 1, 0])
WAYS = [
    *(f"{high}-{low}" for low, high in itertools.combinations(xor.VALUES, 2)),
    *xor.VALUES,
]


@pytest.fixture(scope="module")
def explorer():
    return lv.explorers.xor_landscape()


@pytest.fixture(scope="module")
def data(explorer):
    return explorer.data


# --- points near the levels ---------------------------------------------------------------------


def test_levels_are_the_losses_of_all_ways_to_confuse_patterns():
    def best(groups):
        shares = [TARGETS[np.equal(groups, group)].mean() for group in groups]
        return -sum(np.log(p if t else 1 - p) for p, t in zip(shares, TARGETS, strict=True)) / 4

    losses = {round(best(groups), 9) for groups in itertools.product(range(4), repeat=4)}
    np.testing.assert_allclose(sorted(losses), xor.LEVELS, atol=1e-9)


@pytest.mark.parametrize("name", [*NAMES, "hard_tanh", "softplus"])
@pytest.mark.parametrize("seed", [0, 1])
def test_points_are_near_their_levels_flat_and_not_far_out(name, seed):
    points = torch.tensor(xor.representatives(name, seed), dtype=torch.float64)
    landscape = lv.Landscape("xor", name)
    assert (landscape.loss(points) - torch.tensor(xor.LEVELS)).abs().max() <= xor.NEAR
    assert landscape.gradient(points).norm(dim=-1).max() <= xor.FLAT
    assert points.norm(dim=-1).max() <= xor.LONGEST


def test_a_point_is_the_first_of_its_start():
    ways = torch.arange(12.0).reshape(3, 2, 2)  # step, start, weight
    wanted = torch.tensor([[False, True], [False, True], [True, False]])
    assert xor._first(ways, wanted) == (8.0, 9.0)
    assert xor._first(ways, wanted & False) is None


def test_what_lacks_a_level_is_refused():
    # Without a bend the best outputs are 1/2: only ln 2 is there.
    with pytest.raises(ValueError, match=r"'identity', where seed 0 finds none near 0, \(ln 2\)/2"):
        lv.explorers.xor_landscape("identity", functions=["identity"])


# --- planes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_corners_of_the_plane_are_the_points(explorer, data, name):
    points = data["functions"][name]["points"].astype(float)
    losses = lv.Landscape("xor", name).loss(points).numpy()
    for way in WAYS[:6]:
        high, low = way.split("-")
        third = next(value for value in xor.VALUES if value not in (high, low))
        for value, along, across in ((high, 0, 0), (low, 1, 0), (third, 0, 1)):
            result = explorer.result(
                activation=name, way=way, third=third, along=along, across=across
            )
            assert result["loss"] == pytest.approx(losses[xor.VALUES.index(value)], rel=1e-9)
        assert result["line"][[0, -1]] == pytest.approx(
            losses[[xor.VALUES.index(value) for value in (high, low)]], rel=1e-9
        )


def test_the_grid_holds_the_losses_at_its_crossings(explorer):
    for width, shift in ((1.0, 0.0), (0.5, 2.0)):
        result = explorer.result(width=width, shift=shift)
        plane = result["plane"].reshape(61, 61)
        (low, high), (bottom, top) = result["windows"]
        assert (low, high, bottom, top) == (-0.5 * width, 1.5 * width, -0.5 * width, 1.5 * width)
        for i, j in ((15, 15), (30, 45), (60, 0)):
            a, b = low + (high - low) * i / 60, bottom + (top - bottom) * j / 60
            there = explorer.result(width=width, shift=shift, along=a, across=b)
            assert plane[j, i] == pytest.approx(there["loss"], rel=1e-9)


@pytest.mark.parametrize(("way", "third"), [("0.69-0", "random"), ("0.35", "0"), ("0", "0")])
def test_random_directions_are_orthogonal_and_as_long_as_said(explorer, data, way, third):
    found = []
    for draw in (1, 2, 12):
        _, along, across, out, _ = _plane(data, explorer.state(way=way, third=third, draw=draw))
        found.append(out)
        for other in (along, across):
            assert abs(out @ other) < 1e-9
        assert np.linalg.norm(out) == pytest.approx(1)
        if third != "0" or way == "0":
            assert abs(along @ across) < 1e-9
            assert np.linalg.norm(across) == pytest.approx(np.linalg.norm(along))
        if "-" not in way:
            assert np.linalg.norm(along) == pytest.approx(10)
    assert abs(found[0] @ found[1]) < 0.99


def test_outputs_at_the_patterns_are_those_of_the_input_plane(explorer):
    for name in NAMES:
        result = explorer.result(activation=name, along=0.8, across=0.3)
        inputs = result["inputs"].reshape(41, 41)  # second input, first input
        corners = [inputs[y, x] for x in (10, 30) for y in (10, 30)]
        np.testing.assert_allclose(corners, result["outputs"], rtol=1e-9)


def test_the_barrier_is_told_as_the_line_has_it(explorer):
    for name, way in itertools.product(NAMES, WAYS[:6]):
        result = explorer.result(activation=name, way=way)
        line, told = result["line"], result["text"]
        rise = line.max() - max(line[0], line[-1])
        found = re.search(r"a barrier of (\d+\.\d{3})", told)
        assert (found is None) == (rise == 0)
        if found:
            assert float(found[1]) == pytest.approx(rise, abs=6e-4)
    assert "The plane lies around ln 2." in explorer.result(way="0.69")["text"]


def test_another_seed_takes_other_points(explorer):
    other = lv.explorers.xor_landscape(seed=1)
    assert other.result()["text"] != explorer.result()["text"]
    assert "Seed 1." in other.note


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"activation": "relu", "functions": ["tanh"]}, ValueError, "activation must be one of"),
        ({"activation": 3}, TypeError, "activation must be one of"),
        ({"way": "0-0.69"}, ValueError, "way must be one of"),
        ({"way": ("0.69", "0")}, TypeError, "way must be one of"),
        ({"third": "rand"}, ValueError, "Did you mean 'random'"),
        ({"functions": ["tanh", "swoosh"]}, ValueError, "each of functions must be one of"),
        ({"functions": "tanh"}, TypeError, "functions must be a sequence"),
        ({"functions": []}, ValueError, "activation must be one of"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"seed": 0.5}, TypeError, "seed must be an integer"),
    ],
)
def test_bad_input_is_refused(arguments, error, says):
    with pytest.raises(error, match=says):
        lv.explorers.xor_landscape(**arguments)


# --- the page computes the same -------------------------------------------------------------------


def test_the_page_shows_what_python_shows(explorer):
    data, rng = explorer.spec()["data"], np.random.default_rng(0)
    thirds = (*xor.VALUES, xor.RANDOM)
    states = [
        explorer.state(
            activation=NAMES[n % 3],
            way=way,
            third=third,
            along=round(rng.uniform(-1.5, 2.25), 2),
            across=round(rng.uniform(-1.5, 2.25), 2),
            width=round(0.05 * int(rng.integers(2, 31)), 2),
            shift=round(rng.uniform(-5, 5), 1) if n % 2 else 0.0,
            draw=int(rng.integers(1, 13)),
            turn=int(rng.integers(-180, 181)),
        )
        for n, (way, third) in enumerate(itertools.product(WAYS, thirds))
    ]
    shown = call("xor_plane", "compute", *([state, data] for state in states))
    for state, got in zip(states, shown, strict=True):
        assert_same(got, explorer.result(**state), str(state))


def test_the_words_do_not_hang_on_the_processor(explorer):
    script = "import lossviz as lv; print(lv.explorers.xor_landscape())"
    plain = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env=os.environ | {"ATEN_CPU_CAPABILITY": "default"},
    )  # fmt: skip
    assert plain.stdout.strip() == repr(explorer)


def contours(values, level):
    side = len(values)
    (found,) = call("heatmap", "contours", [np.ravel(values).tolist(), side, level])
    return [np.array(way) for way in found]


def test_contours_of_a_slope_are_straight_and_of_a_bowl_one_circle():
    x, y = np.meshgrid(np.arange(21.0), np.arange(21.0))
    (way,) = contours(x + 2 * y, 20.5)
    np.testing.assert_allclose(way[:, 0] + 2 * way[:, 1], 20.5)
    assert {*way[[0, -1], 1]} == {0.25, 10.25}
    (ring,) = contours(np.hypot(x - 10, y - 10), 7.0)
    np.testing.assert_array_equal(ring[0], ring[-1])
    np.testing.assert_allclose(np.hypot(*(ring - 10).T), 7, atol=0.02)
    length = np.hypot(*np.diff(ring, axis=0).T).sum()
    assert length == pytest.approx(14 * np.pi, rel=5e-3)
    assert contours(x, 30.0) == []


@pytest.mark.parametrize("middle", [-0.1, 0.1])
def test_contours_of_a_saddle_go_around_what_the_middle_says(middle):
    ways = contours(np.array([[1.0, -1.0], [-1.0, 1.0]]) + middle, 0.0)
    # A high middle joins the high corners, so that either line cuts off a low one.
    sums = sorted(float(np.diff(way, axis=1).mean()) for way in ways)
    both = sorted(float(way.sum(axis=1).mean()) for way in ways)
    assert len(ways) == 2
    if middle > 0:
        assert sums[0] < -0.4 < 0.4 < sums[1]
    else:
        assert both[0] < 0.6 < 1.4 < both[1]


def test_contours_of_the_landscape_are_at_their_level(explorer):
    plane = explorer.result()["plane"].reshape(61, 61)
    for level in xor.LEVELS[1:]:
        for way in contours(plane, level):
            i, j = np.floor(way).astype(int).clip(0, 59).T
            u, v = (way - np.stack([i, j], 1)).T
            rows = [plane[k, i] * (1 - u) + plane[k, i + 1] * u for k in (j, j + 1)]
            np.testing.assert_allclose(rows[0] * (1 - v) + rows[1] * v, level, rtol=1e-9)
            assert np.hypot(*np.diff(way, axis=0).T).max() <= np.sqrt(2)


def test_turning_keeps_lengths_and_comes_round():
    point = {"x": 0.3, "y": -0.8, "height": 0.9}
    views = [{"turn": turn, "tilt": tilt} for turn in (-170, 0, 35) for tilt in (10, 45, 80)]
    for view, seen in zip(
        views, call("surface", "seen", *([point, view] for view in views)), strict=True
    ):
        length = np.hypot(np.hypot(seen["right"], seen["up"]), seen["far"])
        assert length == pytest.approx(np.sqrt(0.3**2 + 0.8**2 + (1.1 * 0.4) ** 2))
        (again,) = call("surface", "seen", [point, view | {"turn": view["turn"] + 360}])
        assert list(again.values()) == pytest.approx(list(seen.values()))
    (front,) = call("surface", "seen", [point, {"turn": 0, "tilt": 0}])
    assert list(front.values()) == pytest.approx([0.3, 1.1 * 0.4, -0.8])


def test_far_squares_are_drawn_before_near_ones():
    heights = np.random.default_rng(1).random(25).tolist()
    (found,) = call("surface", "squares", [heights, 5, {"turn": 25, "tilt": 30}])
    assert len(found) == 16
    far = [square["far"] for square in found]
    assert far == sorted(far, reverse=True)


# --- what a notebook and a page hold --------------------------------------------------------------


def test_the_output_is_small_and_needs_nothing_from_elsewhere(explorer):
    output, metadata = explorer._repr_mimebundle_()
    assert sum(map(len, output.values())) < 140_000
    assert not re.search(r"https?:|\bsrc=\"(?!data:)|@import|\burl\(", output["text/html"])
    assert output["text/plain"] == f"XOR landscape. {explorer.result()['text']}"
    assert explorer.result()["text"] in metadata["image/png"]["alt"]


@pytest.mark.parametrize("way", ["0.69-0.48", "0"])
def test_a_picture_of_any_state_can_be_had(explorer, way):
    assert explorer.picture(way=way, activation="relu").png().startswith(b"\x89PNG")


def test_python_answers_what_a_live_panel_asks(explorer):
    panel = explorer.live()
    state = explorer.state(activation="elu", way="0.48", along=2)
    panel.state = state
    assert_same(panel.result, explorer.result(**state))


@pytest.fixture
def root(page_of, explorer):
    """The explorer on a page from a file, with all of its controls unfolded."""
    root = page_of(explorer).locator(".lv-explorer")
    root.locator("summary").press("Enter")
    return root


def said(root):
    return root.locator(".lv-status").inner_text()


def test_every_control_changes_picture_and_words_by_keyboard_and_reset_brings_them_back(
    root, explorer
):
    first = said(root), picture(root)
    assert first[0] == explorer.result()["text"]
    fields = root.locator("select, input[type=range]").all()
    assert len(fields) == len(explorer.controls)
    for field in fields:
        before = said(root), picture(root)
        chooses = field.evaluate("e => e.tagName") == "SELECT"
        field.press("ArrowDown" if chooses else "ArrowUp")
        name = field.get_attribute("name")
        assert said(root) != before[0], name
        assert picture(root) != before[1], name
    root.get_by_role("button", name="Reset").press("Enter")
    assert (said(root), picture(root)) == first


def test_arrow_keys_move_the_point_and_turn_the_surface(root, explorer):
    plane, surface = root.locator("canvas").all()[:2]
    for canvas in (plane, surface):
        assert canvas.get_attribute("data-lm-suppress-shortcuts") == "true"
    plane.press("ArrowRight")
    plane.press("ArrowUp")
    assert said(root) == explorer.result(along=0.3, across=0.05)["text"]
    surface.press("ArrowLeft")
    surface.press("ArrowUp")
    assert said(root) == explorer.result(along=0.3, across=0.05, turn=-40, tilt=40)["text"]
    for _ in range(30):
        surface.press("ArrowLeft")
    assert root.locator("[name=turn]").input_value() == "170"


def test_pointers_move_the_point_and_turn_the_surface(root):
    plane, surface = root.locator("canvas").all()[:2]
    mouse = root.page.mouse
    for canvas in (plane, surface):
        canvas.scroll_into_view_if_needed()
        before = said(root)
        box = canvas.bounding_box()
        mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        mouse.down()
        mouse.move(box["x"] + box["width"] / 2 + 31, box["y"] + box["height"] / 2 + 20, steps=7)
        mouse.up()
        assert said(root) != before
        after = said(root)
        mouse.move(box["x"] + 60, box["y"] + 60)
        assert said(root) == after
    # 31 pixels and 20 pixels at half a degree each, from -35 and 35.
    assert float(root.locator("[name=turn]").input_value()) == pytest.approx(-19.5, abs=0.51)
    assert float(root.locator("[name=tilt]").input_value()) == pytest.approx(45, abs=0.51)
