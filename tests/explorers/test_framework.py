"""What all explorers share: modules joined into one, packed numbers, controls, links, output."""

from __future__ import annotations

import json
import re
import subprocess

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lossviz as lv
from browser_modules import assert_same, call, node
from lossviz.explorers import _bundle
from lossviz.explorers._bundle import bundle
from lossviz.explorers._controls import checked_state
from lossviz.explorers._pack import in_script, packed
from lossviz.explorers._words import fixed, grouped, percent, significant

CONTROLS = (
    lv.explorers.Select("kind", "Kind", (("a", "A"), ("b", "B")), "a"),
    lv.explorers.Range("size", "Size", 0.0, 2.0, 0.5, 1.0),
)
SPECS = [control.spec() for control in CONTROLS]
DEFAULT = {"kind": "a", "size": 1.0}


@pytest.fixture(scope="module")
def lab():
    return lv.explorers.activation_lab()


@pytest.fixture(scope="module")
def shown(lab):
    return lab._repr_mimebundle_()


# --- one module out of many ---------------------------------------------------------------------


def test_the_joined_module_computes_what_the_separate_ones_do(lab):
    state, data = lab.state(scale=2.5), lab.spec()["data"]
    script = f"""{bundle("unpack", "activation_lab")}
    const [state, data] = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const found = activation_lab_js.kind.compute(state, unpack_js.unpacked(data));
    process.stdout.write(JSON.stringify(found));"""
    done = subprocess.run(
        [node(), "-e", script], input=json.dumps([state, data]), capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == call("activation_lab", "kind.compute", [state, data])[0]


def test_nothing_is_left_that_a_page_from_a_file_cannot_load():
    for name in [path.stem for path in _bundle.JS.glob("*.js")]:
        joined = bundle(name)
        assert not re.search(r"^\s*(?:import|export)\b", joined, re.MULTILINE), name
        assert joined.count(f"const {name}_js = ") == 1


def test_circles_of_modules_are_refused(tmp_path, monkeypatch):
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = 1;\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport const b = 1;\n')
    monkeypatch.setattr(_bundle, "JS", tmp_path)
    with pytest.raises(ImportError, match="a > b > a"):
        bundle("a")


def test_every_module_says_what_it_is_and_is_plain():
    for path in _bundle.JS.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("/**"), path.name
        assert len(text.splitlines()) <= 280, path.name
        assert max(map(len, text.splitlines())) <= 110, path.name
        for word in ("eval(", "innerHTML", "http:", "https:", "document.write", "new Function"):
            assert word not in text, f"{path.name} uses {word}"


# --- numbers and words ----------------------------------------------------------------------------


def test_packed_numbers_arrive_as_float32():
    value = {
        "a": np.array([[1.1, -2.5], [np.pi, 1e-30]]),
        "b": [torch.tensor([0.1]), "word", 3, None],
    }
    (got,) = call("unpack", "unpacked", [packed(value)])
    np.testing.assert_array_equal(np.float32(got["a"]), value["a"].astype(np.float32).ravel())
    assert got["b"][1:] == ["word", 3, None]
    np.testing.assert_array_equal(np.float32(got["b"][0]), np.float32([0.1]))


def test_nothing_in_the_data_ends_a_script():
    written = in_script({"a": "</script><script>alert(1)</script><!--"})
    assert "<" not in written
    assert json.loads(written) == {"a": "</script><script>alert(1)</script><!--"}
    with pytest.raises(ValueError, match="JSON"):
        in_script(float("nan"))


def test_numbers_are_written_alike():
    values = [0.125, 0.375, -0.125, -0.004, 0.0, 2.5, 1e-9, 123456.785, 0.5, 99.5, -1.005, 7]
    for digits in (0, 1, 2, 3):
        got = call("format", "fixed", *([value, digits] for value in values))
        assert got == [fixed(value, digits) for value in values]
    shares = [0, 1, 0.001, 0.005, 0.0051, 0.125, 0.375, 0.5, 0.994, 0.995, 0.999]
    assert call("format", "percent", *([share] for share in shares)) == list(map(percent, shares))
    counts = [0, 7, 900, 1000, 65432, 1234567]
    assert call("format", "grouped", *([count] for count in counts)) == list(map(grouped, counts))


def test_significant_digits_are_written_alike():
    values = [
        0, 1, -2.5, 0.125, 0.0316, 0.00099951, 1e-4, 9.96e-5, 1e-5, 4.56e-7, 99.5, 1234, 99999.5,
        999999, 1e6, 1.25e12, -3e-9, 5e-324, *(10.0 ** (k / 10) for k in range(-90, 70)),
    ]  # fmt: skip
    for digits in (1, 2, 3):
        got = call("format", "significant", *([value, digits] for value in values))
        assert got == [significant(value, digits) for value in values]


def test_ticks_are_round_numbers_within_their_ends():
    for low, high, count in ((0, 1, 5), (-3, 3, 4), (0.0012, 0.0093, 3), (-1e6, 2e6, 6)):
        (got,) = call("axes", "ticks", [low, high, count])
        assert 2 <= len(got) <= 2 * count
        assert low - 1e-9 <= got[0]
        assert got[-1] <= high + 1e-9 * abs(high)
        steps = np.diff(got)
        np.testing.assert_allclose(steps, steps[0])
        assert round(steps[0] / 10 ** np.floor(np.log10(steps[0]) + 1e-9), 6) in (1, 2, 5, 10)


# --- controls and links ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        ({"kind": "c"}, ValueError, "kind must be one of"),
        ({"kind": 1}, TypeError, "kind must be one of"),
        ({"size": 2.5}, ValueError, "size must be at most 2.0; got 2.5"),
        ({"size": -0.5}, ValueError, "size must be at least 0.0; got -0.5"),
        ({"size": "1"}, TypeError, "size must be a number"),
        ({"size": float("nan")}, ValueError, "size must be finite"),
        ({"sise": 1}, ValueError, "Did you mean 'size'"),
    ],
)
def test_bad_states_are_refused(values, error, says):
    with pytest.raises(error, match=says):
        checked_state(CONTROLS, values)


def test_a_link_brings_a_state_back():
    state = {"kind": "b", "size": 0.5}
    (fragment,) = call("state", "toFragment", [state, "name", SPECS])
    assert fragment == "#lv=name&kind=b&size=0.5"
    assert call("state", "fromFragment", [fragment, "name", SPECS]) == [state]
    assert call("state", "toFragment", [DEFAULT, "name", SPECS]) == ["#lv=name"]
    assert call("state", "fromFragment", ["#lv=name", "name", SPECS]) == [DEFAULT]


@pytest.mark.parametrize(
    "fragment",
    [
        "", "#", "#section", "#lv=other&kind=b", "#kind=b&lv=name", "#lv=name&kind=c",
        "#lv=name&kind=<script>alert(1)</script>", "#lv=name&size=9", "#lv=name&size=-1",
        "#lv=name&size=NaN", "#lv=name&size=1e0", "#lv=name&size=Infinity", "#lv=name&size=",
        "#lv=name&size=0x1", "#lv=name&colour=red", "#lv=name&__proto__=1", "#lv=name&kind=b&kind=",
        "#lv=name&kind=b&size=1;alert(1)", "#lv=name&constructor=1", "#lv=%E0%A4%A",
    ],
)  # fmt: skip
def test_a_bad_link_is_no_state(fragment):
    assert call("state", "fromFragment", [fragment, "name", SPECS]) == [None]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=10, max_size=10))
def test_whatever_a_link_says_a_state_is_one_that_controls_can_have(texts):
    fragments = [f"#lv=name&size={text}" for text in texts] + [f"#lv=name&{text}" for text in texts]
    for found in call("state", "fromFragment", *([each, "name", SPECS] for each in fragments)):
        if found is not None:
            assert checked_state(CONTROLS, found) == found


# --- what a notebook holds ------------------------------------------------------------------------


def test_the_output_has_a_page_a_picture_and_words(lab, shown):
    data, metadata = shown
    assert set(data) == {"text/html", "image/png", "text/plain"}
    assert data["text/plain"] == f"Activation lab. {lab.result()['text']}"
    assert lab.result()["text"] in metadata["image/png"]["alt"]
    assert sum(map(len, data.values())) < 150_000


def test_the_page_needs_no_other_file_and_no_other_host(shown):
    page = shown[0]["text/html"]
    assert page.count("<script") == page.count("</script>") == 1
    assert not re.search(r"https?:|\bsrc=\"(?!data:)|\bhref=|@import|\burl\(", page)
    assert "<noscript>" in page
    assert page.count("<img") == 1


def test_the_output_is_the_same_every_time(lab, shown):
    assert lab._repr_mimebundle_() == shown


def test_explorers_that_differ_in_numbers_alone_share_their_mark(lab):
    other = lv.explorers.activation_lab("tanh", "elu")
    assert lab._mark() != other._mark()
    assert lab._mark() == lv.explorers.activation_lab()._mark()


def test_a_picture_of_any_state_can_be_had(lab):
    picture = lab.picture(first="sine", scale=4.0)
    assert "sine" in picture.alt
    assert picture.png().startswith(b"\x89PNG")


# --- with a kernel --------------------------------------------------------------------------------


def test_python_answers_what_a_live_panel_asks(lab):
    panel = lab.live()
    assert_same(panel.result, lab.result())
    panel.state = {"first": "elu", "second": "relu", "scale": 2}
    assert_same(panel.result, lab.result(first="elu", second="relu", scale=2.0))
    assert panel.result["state"] == {"first": "elu", "second": "relu", "scale": 2.0}
    assert "export default" in panel._esm


def test_a_live_panel_computes_with_an_activation_of_ones_own():
    lv.register_activation("softsign_of_tests", lambda z: z / (1 + z.abs()), overwrite=True)
    panel = lv.explorers.activation_lab("softsign_of_tests").live()
    z = np.array(panel.result["z"])
    np.testing.assert_allclose(panel.result["functions"][0]["f"], z / (1 + np.abs(z)))


def test_a_live_panel_without_anywidget_says_what_is_missing(lab, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "anywidget", None)
    with pytest.raises(ImportError, match=r"lossviz\[live\]"):
        lab.live()
