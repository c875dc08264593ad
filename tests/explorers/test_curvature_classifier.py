"""The curvature classifier: classes, ways of descent, and a page that computes the same."""

from __future__ import annotations

import re

import numpy as np
import pytest

import lossviz as lv
from browser_modules import assert_same, call
from looks import picture

CORNERS = [(a, b) for a in (-2.0, -0.3, 0.0, 0.05, 1.0, 2.0) for b in (-1.5, -0.05, 0.0, 0.1, 1.0)]


@pytest.fixture(scope="module")
def explorer():
    return lv.explorers.curvature_classifier()


@pytest.mark.parametrize(("first", "second"), CORNERS)
def test_the_class_is_that_of_a_hessian_with_these_eigenvalues(explorer, first, second):
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    hessian = turn @ np.diag([first, second]) @ turn.T
    for tolerance in (-8.0, -1.0, -0.5):
        result = explorer.result(first=first, second=second, tolerance=tolerance)
        if first == second == 0:
            assert result["class"] == "singular"
            continue
        # Not where an eigenvalue lies just on the limit.
        small, large = sorted(map(abs, (first, second)))
        if np.isclose(small / large, 10**tolerance, rtol=1e-6):
            continue
        found = lv.classify_curvature((hessian + hessian.T) / 2, rtol=10**tolerance)
        assert result["class"] == found.names
        assert result["inertia"] == [found.positive, found.negative, found.zero]


def test_descent_is_that_of_the_gradient_step_by_step(explorer):
    for first, second, rate in ((1.0, -0.3, 0.25), (2.0, 0.5, 1.05), (0.0, 1.0, 0.5)):
        path = explorer.result(first=first, second=second, rate=rate, angle=30)["path"]
        values, point = np.array([first, second]), path[0]
        for after in path[1:]:
            point = point - rate * values * point
            np.testing.assert_allclose(after, point, rtol=1e-12)


def test_on_the_axis_of_a_saddle_descent_comes_to_rest_and_beside_it_leaves(explorer):
    on, off = (explorer.result(angle=angle) for angle in (0, 1))
    assert "is within 0.01 of the critical point" in on["text"]
    assert np.all(on["path"][:, 1] == 0)
    assert "leaves along the second axis" in off["text"]
    assert explorer.result(angle=90)["path"][:, 0].tolist() == [0.0] * len(
        explorer.result(angle=90)["path"]
    )


def test_a_class_hangs_on_the_tolerance_and_descent_does_not(explorer):
    strict, loose = (explorer.result(second=0.05, tolerance=each) for each in (-8.0, -1.0))
    assert (strict["class"], loose["class"]) == ("convex", "singular")
    np.testing.assert_array_equal(strict["path"], loose["path"])


def test_losses_and_heights_are_the_quadratics(explorer):
    result = explorer.result(first=0.5, second=-1.0)
    heights = result["heights"].reshape(41, 41)  # second axis, first axis
    assert heights[20, 20] == 0
    assert heights[20, 0] == heights[20, 40] == 0.25
    assert heights[0, 20] == -0.5
    expected = (0.5 * result["path"][:, 0] ** 2 - result["path"][:, 1] ** 2) / 2
    np.testing.assert_allclose(result["losses"], expected)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"first": 3.0}, ValueError, "first must be at most 2"),
        ({"second": -2.5}, ValueError, "second must be at least -2"),
        ({"tolerance": 0.0}, ValueError, "tolerance must be at most -0.5"),
        ({"tolerance": "-8"}, TypeError, "tolerance must be a number"),
        ({"first": float("nan")}, ValueError, "first must be finite"),
        ({"second": None}, TypeError, "second must be a number"),
    ],
)
def test_bad_input_is_refused(arguments, error, says):
    with pytest.raises(error, match=says):
        lv.explorers.curvature_classifier(**arguments)


def test_the_page_shows_what_python_shows(explorer):
    rng = np.random.default_rng(0)
    states = [
        explorer.state(first=a, second=b, tolerance=float(t), angle=int(angle), rate=rate)
        for (a, b), t, angle, rate in zip(
            CORNERS * 3,
            rng.integers(-20, 0, 90) / 2,
            [0, 90, *rng.integers(0, 91, 88)],
            np.round(rng.integers(1, 41, 90) * 0.05, 2),
            strict=True,
        )
    ]
    shown = call("curvature_classifier", "kind.compute", *([state, {}] for state in states))
    for state, got in zip(states, shown, strict=True):
        assert_same(got, explorer.result(**state), str(state))


def test_the_output_is_small_and_needs_nothing_from_elsewhere(explorer):
    output, metadata = explorer._repr_mimebundle_()
    assert sum(map(len, output.values())) < 100_000
    assert not re.search(r"https?:|\bsrc=\"(?!data:)|@import|\burl\(", output["text/html"])
    assert output["text/plain"] == f"Curvature classifier. {explorer.result()['text']}"
    assert explorer.result()["text"] in metadata["image/png"]["alt"]


@pytest.mark.parametrize("state", [{"first": 0.0, "second": 0.0}, {"second": 1.0, "angle": 90}])
def test_a_picture_of_any_state_can_be_had(explorer, state):
    assert explorer.picture(**state).png().startswith(b"\x89PNG")


def test_every_control_changes_picture_and_words_by_keyboard_and_reset_brings_them_back(
    page_of, explorer
):
    root = page_of(explorer).locator(".lv-explorer")
    root.locator("summary").press("Enter")
    status = root.locator(".lv-status")
    first = status.inner_text(), picture(root)
    assert first[0] == explorer.result()["text"]
    fields = root.locator("input[type=range]").all()
    assert len(fields) == len(explorer.controls)
    for field in fields:
        before = status.inner_text(), picture(root)
        field.press("ArrowUp")
        name = field.get_attribute("name")
        assert status.inner_text() != before[0], name
        assert picture(root) != before[1], name
    root.get_by_role("button", name="Reset").press("Enter")
    assert (status.inner_text(), picture(root)) == first


def test_arrow_keys_turn_the_surface(page_of, explorer):
    root = page_of(explorer).locator(".lv-explorer")
    surface = root.locator("canvas").first
    assert surface.get_attribute("data-lm-suppress-shortcuts") == "true"
    surface.press("ArrowLeft")
    surface.press("ArrowUp")
    said = root.locator(".lv-status").inner_text()
    assert said == explorer.result(turn=-40, tilt=40)["text"]
