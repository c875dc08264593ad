"""Plans: grids and chunks, TOML and back, a reader's own code, and what is refused."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lossviz as lv
from lossviz.study import Part, StudyError, plan, to_toml
from lossviz.study._toml import digest, from_toml
from lossviz.study.presets import PRESETS

SMALL = """
name = "small"
activations = ["tanh"]

[settings.b1]
start_range = 1.0
share = 0.1
steps = 5

[[problems]]
problem = "xor"
walks = 3
chunk = 2
"""


@pytest.fixture
def write(tmp_path):
    def written(text=SMALL, name="plan.toml", **files):
        for stem, content in files.items():
            (tmp_path / f"{stem}.py").write_text(content)
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


@pytest.mark.parametrize("name", PRESETS)
def test_presets_have_the_studys_grid(name, tmp_path):
    found = plan(name)
    assert found.activations == ("tanh", "relu", "elu")
    splits = sum(len(part.splits) for part in found.parts)
    assert len(found.cells) == splits * 3 * len(found.settings)
    assert from_toml(to_toml(found), tmp_path) == found


def test_the_paper_has_ten_walks_per_weight_over_five_splits():
    weights = {"xor": 9, "iris": 35, "heart": 341, "digits": 760, "mnist": 7960}
    found = plan("paper")
    assert {part.name: part.walks for part in found.parts} == {
        n: 10 * m for n, m in weights.items()
    }
    assert [len(part.splits) for part in found.parts] == [1, 5, 5, 5, 5]
    settings = {s.name: (s.start_range, s.max_step, s.steps) for s in found.settings}
    assert settings == {
        "b1-micro": (1.0, 0.02, 1000), "b1-macro": (1.0, 0.2, 100),
        "b10-micro": (10.0, 0.2, 1000), "b10-macro": (10.0, 2.0, 100),
    }  # fmt: skip


@given(st.integers(1, 400), st.integers(1, 7), st.integers(1, 100))
def test_chunks_hold_each_walk_once_and_splits_share_none(walks, splits, chunk):
    splits = min(splits, walks)
    part = Part("p", "xor", walks=walks, splits=tuple(range(splits)), chunk=chunk)
    found = plan("smoke").__class__("p", (part,), plan("smoke").settings[:1], ("tanh",))
    by_split = {split: [] for split in part.splits}
    for each in found.chunks:
        assert 1 <= len(each.walks) <= chunk
        by_split[each.cell.split] += each.walks
    everything = [walk for numbers in by_split.values() for walk in numbers]
    assert len(set(everything)) == len(everything) == walks
    sizes = [len(numbers) for numbers in by_split.values()]
    assert max(sizes) - min(sizes) <= 1
    # Each split begins at a multiple of the blocks in which walks are computed.
    assert all(min(numbers) % 90 == 0 for numbers in by_split.values())
    assert len({each.key for each in found.chunks}) == len(found.chunks)


def test_cells_advance_together():
    found = plan("paper", only=["iris", "heart"])
    half = found.chunks[: len(found.chunks) // 2]
    done = Counter(chunk.cell.name for chunk in half)
    per_cell = Counter(chunk.cell.name for chunk in found.chunks)
    shares = [done[name] / per_cell[name] for name in per_cell if per_cell[name] > 10]
    assert max(shares) - min(shares) < 0.1


def test_changes_are_arguments_and_only_keeps_some_problems(write):
    changed = plan("smoke", seed=3, activations=["gelu"], only=["iris"])
    assert (changed.seed, changed.activations) == (3, ("gelu",))
    assert [part.name for part in changed.parts] == ["iris"]
    own = plan(write(), rtols=[1e-6])
    assert (own.rtols, own.name) == ((1e-6,), "small")


CHANGES = [
    {"seed": 1}, {"rtols": [1e-8]}, {"precision": "float32"}, {"zero_gradient": "stay"},
    {"activations": ["tanh", "elu"]}, {"loss": "squared_error"}, {"name": "other"},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_any_change_is_another_plan(change):
    assert digest(plan("smoke", **change)) != digest(plan("smoke"))
    assert digest(plan("smoke")) == digest(plan("smoke"))


def test_a_readers_own_code_belongs_to_the_plan(write):
    text = SMALL.replace('"xor"', '"mine.py:make"')
    first = digest(plan(write(text, mine="def make(seed):\n    return 1\n")))
    again = digest(plan(write(text, mine="def make(seed):\n    return 1\n")))
    other = digest(plan(write(text, mine="def make(seed):\n    return 2\n")))
    assert first == again != other


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"xor"', '"xro"', r"problem must be one of .*got 'xro'. Did you mean 'xor'"),
        ("walks = 3", "walk = 3", r"each entry of a problem must be one of .*got 'walk'"),
        ("walks = 3", "walks = 0", "xor.walks must be at least 1; got 0"),
        ("chunk = 2", 'chunk = "2"', "xor.chunk must be an integer; got '2'"),
        ("chunk = 2", "splits = []", r"xor.splits must be a list with entries; got \[\]"),
        ("chunk = 2", "splits = [1, 1]", r"xor.splits must be distinct; got \[1, 1\]"),
        ("chunk = 2", "splits = [0, 1, 2, 3]", "walks must be at least the number of splits, 4"),
        ("chunk = 2", 'curvature = "sample"', "points must be at least 2 for curvature 'sample'"),
        ("chunk = 2", 'curvature = "some"', "curvature must be one of .*got 'some'"),
        ("chunk = 2", 'landscape = "a.py:f"', "either problem or landscape"),
        ("chunk = 2", 'name = "a/b"', "name of a problem must be letters, .*got 'a/b'"),
        ("steps = 5", "", "settings.b1 must have steps"),
        ("share = 0.1", "share = -0.1", "settings.b1.share must be greater than 0; got -0.1"),
        ('name = "small"', "", "a plan must have name"),
        ('["tanh"]', "[]", r"activations must be a list with entries; got \[\]"),
        ('["tanh"]', '["tanh"]\nrtols = [1.5]', "rtols must be below 1; got 1.5"),
        ('["tanh"]', '["tanh"]\nseed = -1', "seed must be at least 0; got -1"),
        ('["tanh"]', '["tanh"]\ncolour = 1', r"each entry of a plan must be one of .*'colour'"),
    ],
)
def test_bad_plans_are_refused_by_name(old, new, says, write):
    assert old in SMALL
    with pytest.raises((ValueError, TypeError), match=says):
        plan(write(SMALL.replace(old, new)))


def test_names_that_run_together_are_refused(write):
    text = SMALL.replace('["tanh"]', '["tanh-b1", "b1"]').replace("chunk = 2", 'name = "a"')
    text += '\n[[problems]]\nproblem = "xor"\nname = "a-tanh"\nwalks = 3\n'
    text = text.replace(
        "[settings.b1]",
        "[settings.b1-b1]\nstart_range = 1.0\nshare = 0.1\nsteps = 5\n\n[settings.b1]",
    )
    with pytest.raises(ValueError, match=r"two cells that are called 'a-tanh-b1-b1"):
        plan(write(text))


def test_files_that_are_no_plans_are_refused(write, tmp_path):
    with pytest.raises(StudyError, match="must be a file with a plan"):
        plan(tmp_path / "nowhere.toml")
    with pytest.raises(StudyError, match="a plan must be TOML"):
        plan(write("name = "))
    with pytest.raises(StudyError, match=r"mine.py must be a Python file beside the plan"):
        plan(write(SMALL.replace('"xor"', '"mine.py:make"')))
    with pytest.raises(ValueError, match="Did you mean 'smoke'"):
        plan("smok")
    with pytest.raises(ValueError, match="only must name a problem"):
        plan("smoke", only=[])
    with pytest.raises(ValueError, match="each of only must be one of"):
        plan("smoke", only=["heart"])


def test_the_module_is_public():
    assert lv.study.plan is plan
