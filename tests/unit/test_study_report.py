"""Reports: what is kept of walks, how claims are judged, and what is written."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import lossviz as lv
from lossviz.study import (
    StudyError,
    _resampling,
    analysis,
    judge,
    load_report,
    load_results,
    plan,
    read,
    report,
)
from lossviz.study.collect import collect
from lossviz.study.grid import Part
from lossviz.study.results import Results
from lossviz.study.store import Store

BASE = plan("smoke", only=["xor"])
SETTING = replace(BASE.settings[0], steps=30)
PARTS = (
    Part("xor", "xor", walks=12, chunk=5),
    Part("iris", "iris", walks=6, splits=(3, 1), chunk=2, curvature="sample", points=4),
    Part("digits", "digits", walks=2, splits=(0,), chunk=2, curvature="extremes", points=2),
)
SHORT = replace(SETTING, name="short", steps=10)  # fewer points than are kept of a cloud
STUDY = replace(BASE, parts=PARTS, settings=(SETTING, SHORT), rtols=(1e-12, 1e-4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "study"
    lv.study.run(STUDY, out)
    return out


@pytest.fixture(scope="module")
def results(folder):
    return collect(folder, analysis())


def close(found, wanted):
    """Compare what is kept, to about four digits."""
    np.testing.assert_allclose(found, wanted, rtol=3e-4, atol=1e-7)


# --- reading ------------------------------------------------------------------------------------


def test_a_cell_is_read_with_all_its_splits(folder):
    walks = read(folder, "iris", "elu", SETTING.name)
    assert walks.sizes["walk"] == 6
    assert walks.split.values.tolist() == [3, 3, 3, 1, 1, 1]
    assert walks.walk.values.tolist() == [0, 1, 2, 90, 91, 92]
    some = read(folder, "iris", "elu", SETTING.name, ["loss"])
    assert list(some) == ["loss"]
    np.testing.assert_array_equal(some.loss, walks.loss)


def test_reading_tells_what_is_not_there(folder, tmp_path):
    with pytest.raises(ValueError, match="problem must be one of"):
        read(folder, "heart", "elu", SETTING.name)
    with pytest.raises(ValueError, match="activation must be one of"):
        read(folder, "xor", "gelu", SETTING.name)
    with pytest.raises(ValueError, match="setting must be one of"):
        read(folder, "xor", "elu", "b7")
    with pytest.raises(StudyError, match="variables must be of"):
        read(folder, "xor", "elu", SETTING.name, ["eigenvalues"])
    with pytest.raises(StudyError, match="must be the folder of a study"):
        read(tmp_path, "xor", "elu", SETTING.name)


# --- what is kept of each walk ------------------------------------------------------------------


def test_shares_are_those_counted_point_by_point(folder, results):
    walks = read(folder, "xor", "tanh", SETTING.name)
    kept = results.walks["xor"].sel(activation="tanh", setting=SETTING.name)
    assert kept.definition.values.tolist() == ["full 1e-12", "full 1e-04", "blockwise"]
    for place, (suffix, at) in enumerate([("", 0), ("", 1), ("_blockwise", None)]):
        for walk in range(12):
            one = walks.isel(walk=walk)
            classes, negative, zero = (
                one[name + suffix] if at is None else one[name].isel(rtol=at)
                for name in ("curvature", "negative", "zero")
            )
            of = kept.isel(walk=walk, definition=place)
            for code, name in enumerate(lv.CURVATURE_CLASSES):
                close(of[f"{name}_share"], np.mean([int(c) == code for c in classes]))
            close(of.semidefinite_share, np.mean([int(n) == 0 for n in negative]))
            close(of.zero_share, np.mean([int(z) / 9 for z in zero]))


def test_numbers_of_walks_are_those_of_the_metrics(folder, results):
    walks = read(folder, "iris", "relu", SETTING.name)
    kept = results.walks["iris"].sel(activation="relu", setting=SETTING.name)
    lowest = lv.generalisation(walks)
    close(kept.loss, walks.loss.min("step"))
    close(kept.test_loss, lowest.test_loss)
    close(kept.test_error, 1 - lowest.test_accuracy)
    close(kept.saturation, walks.saturation.mean("step"))
    close(kept.stretches, lv.stagnation(walks.loss).stretches)
    assert kept.split.values.tolist() == [3, 3, 3, 1, 1, 1]


def test_shares_of_sampled_points_leave_out_those_chosen_for_their_gradient(folder, results):
    walks = read(folder, "iris", "relu", SETTING.name)
    kept = results.walks["iris"].sel(activation="relu", setting=SETTING.name)
    singular = (walks.curvature.isel(rtol=1) == 2) & (walks.chosen == 0)
    close(kept.singular_share.sel(definition="full 1e-04"), singular.sum("point") / 2)


def test_valleys_and_saturation_meet_at_the_same_points(folder, results):
    walks = read(folder, "xor", "elu", SETTING.name)
    kept = results.walks["xor"].sel(activation="elu", setting=SETTING.name)
    labels = lv.find_valleys(walks, quantile=0.25, resamples=10).labels
    for number, name in enumerate(lv.VALLEYS):
        for walk in range(12):
            mine = walks.saturation.values[walk][labels[walk] == number]
            wanted = mine.mean() if mine.size else np.nan
            close(kept[f"saturation_{name}"].isel(walk=walk), wanted)


def test_the_ends_of_spectra_only_tell_what_is_semidefinite(folder, results):
    walks = read(folder, "digits", "tanh", SETTING.name)
    kept = results.walks["digits"].sel(activation="tanh", setting=SETTING.name)
    assert kept.definition.values.tolist() == ["lanczos"]
    assert "convex_share" not in kept
    wanted = [0.0 if negative else 1.0 for negative in walks.has_negative.values[:, 0]]
    close(kept.semidefinite_share.sel(definition="lanczos"), wanted)


def test_a_cloud_has_points_of_the_walks_with_their_class(folder, results):
    walks = read(folder, "xor", "relu", SETTING.name)
    cloud = results.cloud("xor", "relu", SETTING.name, "full 1e-04")
    assert cloud.sizes == {"point": 360}  # 12 walks of 30 steps are fewer than are kept
    close(cloud.loss, walks.loss.values.ravel())
    np.testing.assert_array_equal(cloud.curvature, walks.curvature.isel(rtol=1).values.ravel())
    assert lv.plots.loss_gradient_cloud([cloud]).alt
    assert results.cloud("xor", "relu", "short").sizes == {"point": 120, "definition": 3}
    with pytest.raises(ValueError, match="definition must be one of"):
        results.cloud("xor", "relu", SETTING.name, "full")


def test_results_are_read_as_they_were_written(results, tmp_path):
    results.save(tmp_path)
    again = load_results(tmp_path)
    for name in results.walks:
        xr.testing.assert_equal(again.walks[name], results.walks[name])
        xr.testing.assert_equal(again.clouds[name], results.clouds[name])
    pd.testing.assert_frame_equal(
        again.valleys.drop(columns="why"), results.valleys.drop(columns="why"), rtol=1e-5,
        check_dtype=False,
    )  # fmt: skip
    assert lv.study.to_toml(again.plan) == lv.study.to_toml(STUDY)
    said = json.loads((tmp_path / "provenance.json").read_text())
    assert {"plan", "plan_digest", "seed", "chunks_digest", "versions", "command"} <= said.keys()


def test_results_that_were_changed_or_are_missing_are_refused(results, tmp_path):
    results.save(tmp_path)
    table = tmp_path / "valleys.csv"
    table.write_text(table.read_text() + "\n")
    with pytest.raises(StudyError, match=r"valleys\.csv is not as"):
        load_results(tmp_path)
    table.unlink()
    with pytest.raises(StudyError, match="must be a folder with results"):
        load_results(tmp_path)


def test_results_with_code_of_ones_own_need_no_file_of_it(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import lossviz as lv\n\n\ndef load(split):\n    return lv.load_problem('iris', split)\n"
    )
    text = """
        name = "mine"
        settings.short = {start_range = 1.0, share = 0.1, steps = 8}
        problems = [{problem = "mine.py:load", walks = 2}]
    """
    (tmp_path / "mine.toml").write_text(text)
    lv.study.run(tmp_path / "mine.toml", tmp_path / "study", progress=False)
    report(tmp_path / "study", tmp_path / "out", figures=False)
    (tmp_path / "mine.py").unlink()
    assert load_report(tmp_path / "out").results.plan.sources.keys() == {"mine.py"}


# --- the bootstrap in two stages ----------------------------------------------------------------


def test_walks_are_drawn_within_the_splits_that_were_drawn():
    splits = np.repeat([7, 8, 9], [4, 5, 6])
    drawn = _resampling.two_stage(splits, 500, 0)
    sizes = {7: 4, 8: 5, 9: 6}
    times = np.stack([drawn[:, splits == s].sum(axis=1) / n for s, n in sizes.items()])
    np.testing.assert_array_equal(times, np.round(times))  # whole splits
    np.testing.assert_array_equal(times.sum(axis=0), 3)
    assert 0.9 < times.mean() < 1.1
    assert times.max() > 1  # a split may be drawn twice


def test_with_one_split_the_interval_is_the_plain_bootstraps():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.5, 1, 60), rng.normal(0, 1, 60)
    found = _resampling.delta(a, b, _resampling.two_stage(np.zeros(60), 4000, 1), 0.95)
    wanted = lv.cliffs_delta(a, b, paired=True, resamples=4000, seed=2)
    assert found.value == wanted.value
    assert found.low == pytest.approx(wanted.low, abs=0.02)
    assert found.high == pytest.approx(wanted.high, abs=0.02)


def test_splits_that_differ_widen_the_interval():
    splits = np.repeat(np.arange(5), 40)
    values = splits + np.random.default_rng(0).normal(0, 0.1, 200)
    stages = _resampling.mean(values, _resampling.two_stage(splits, 2000, 0), 0.95)
    walks = _resampling.mean(values, _resampling.two_stage(np.zeros(200), 2000, 0), 0.95)
    assert stages.high - stages.low > 3 * (walks.high - walks.low)


def test_walks_without_a_value_are_in_no_group():
    first = np.array([1.0, 2.0, np.nan, 4.0])
    second = np.array([np.nan, 0.0, 3.0, 0.5])
    drawn = _resampling.two_stage(np.zeros(4), 200, 0)
    known = lv.cliffs_delta([1.0, 2.0, 4.0], [0.0, 3.0, 0.5]).value
    assert _resampling.delta(first, second, drawn, 0.9).value == pytest.approx(known)
    assert _resampling.mean(first, drawn, 0.9).value == pytest.approx(7 / 3)


# --- verdicts -----------------------------------------------------------------------------------


def made_up(values):
    """Results of two problems in which walks have these semidefinite shares.

    ``values`` has, for each problem and activation, the mean of 40 walks.
    """
    rng = np.random.default_rng(0)
    walks = {}
    for problem, of in values.items():
        shares = np.stack([rng.normal(mean, 0.1, (1, 40, 1)) for mean in of.values()])
        walks[problem] = xr.Dataset(
            {"semidefinite_share": (("activation", "setting", "walk", "definition"), shares)},
            {"split": ("walk", np.repeat([0, 1], 20)), "definition": ["full 1e-08"],
             "activation": list(of), "setting": [SETTING.name]},
        )  # fmt: skip
    return Results(
        walks, {}, pd.DataFrame(columns=["quantile"]), pd.DataFrame(),
        {"plan": lv.study.to_toml(STUDY), "sources": {}},
    )  # fmt: skip


def verdict(values, **changes):
    said = analysis()
    claim = replace(said.claims[0], **changes)
    found = judge(made_up(values), replace(said, claims=(claim,)))
    return found.verdicts.iloc[0]


HIGH, LOW = {"relu": 1.0, "tanh": 0.0, "elu": 0.0}, {"relu": 0.0, "tanh": 1.0, "elu": 1.0}


def test_a_claim_holds_where_every_comparison_supports_it():
    found = verdict({"xor": HIGH, "iris": HIGH})
    assert (found.verdict, found.holds, found.fails) == ("holds", 2, 0)


def test_a_claim_does_not_hold_where_it_is_contradicted():
    found = verdict({"xor": LOW, "iris": LOW})
    assert (found.verdict, found.holds, found.fails) == ("does not hold", 0, 2)
    assert verdict({"xor": LOW, "iris": LOW}, expected="smaller").verdict == "holds"


def test_one_contradiction_is_enough_and_one_support_is_not():
    mixed = {"relu": 0.5, "tanh": 0.0, "elu": 1.0}
    assert verdict({"xor": mixed}).fails == 1
    equal = {"relu": 1.0, "tanh": 0.0, "elu": 1.0}
    found = verdict({"xor": equal})
    assert (found.open, found.holds, found.fails) == (1, 0, 0)


def test_a_claim_that_holds_for_one_problem_holds_only_there():
    found = verdict({"xor": HIGH, "iris": LOW})
    assert (found.verdict, found.under) == ("holds only under", "xor (1 of 1)")


def test_what_cannot_be_compared_is_void():
    assert verdict({"xor": {"tanh": 0.0, "elu": 0.0}}).verdict == "cannot be judged"
    found = verdict({"xor": HIGH}, least_walks=41)
    assert (found.verdict, found.void) == ("cannot be judged", 1)


def test_effects_that_are_too_small_count_for_nothing():
    slight = {"relu": 0.011, "tanh": 0.0, "elu": 0.0}
    assert verdict({"xor": slight}).open == 1


# --- attractors ---------------------------------------------------------------------------------


def attractors(levels, minima):
    rows = [
        {"problem": "xor", "setting": SETTING.name, "activation": name, "level": level,
         "gradient_tolerance": 0.01, "walk_share": 0.5, "semidefinite blockwise": share}
        for name in ("tanh", "relu")
        for level, share in zip(levels, minima, strict=True)
    ]  # fmt: skip
    said = analysis()
    claims = tuple(claim for claim in said.claims if claim.kind in ("attractors", "minima"))
    empty = replace(made_up({"xor": HIGH}), attractors=pd.DataFrame(rows))
    return judge(empty, replace(said, claims=claims)).verdicts.set_index("claim").verdict


PREDICTED = [0.0, 0.3466, 0.4774, 0.6931]


def test_attractors_must_be_those_predicted_and_no_others():
    assert attractors(PREDICTED, [1, 1, 1, 0])["same-attractors"] == "holds"
    assert attractors(PREDICTED[:3], [1, 1, 1])["same-attractors"] == "does not hold"
    assert attractors([*PREDICTED, 0.6], [1, 1, 1, 0, 0])["same-attractors"] == "does not hold"


def test_three_minima_are_three():
    assert attractors(PREDICTED, [1, 1, 1, 0])["three-minima"] == "holds"
    assert attractors(PREDICTED, [1, 1, 0, 0])["three-minima"] == "does not hold"
    assert attractors(PREDICTED[:3], [1, 1, 1])["three-minima"] == "cannot be judged"


# --- analyses and reports as files --------------------------------------------------------------


def test_the_analysis_that_comes_along_judges_every_claim_of_the_study():
    said = analysis()
    assert [claim.name for claim in said.claims] == [
        "most-convex", "least-flat", "generalises-best", "both-valleys", "narrow-saturated",
        "narrow-regularised", "flat-saturated", "same-attractors", "three-minima",
    ]  # fmt: skip
    assert (said.level, said.least_delta, said.holds_share) == (0.95, 0.147, 0.8)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("level = 0.95", "level = 1.5", "level must be at most 1"),
        ("level = 0.95", "levl = 0.95", "Did you mean 'level'"),
        ("seed = 0", "", "must have seed"),
        ('kind = "between"', 'kind = "betwixt"', "kind must be one of"),
        ('expected = "larger"', 'expected = "more"', "expected must be one of"),
        ('others = ["tanh", "elu"]', "others = []", "others must be a list"),
        ("resamples = 2000", "resamples = 0", "resamples must be"),
        ('name = "least-flat"', 'name = "most-convex"', "distinct names"),
        ("level = 0.95", "level =", "Invalid value"),
    ],
)
def test_an_analysis_that_says_what_it_should_not_is_refused(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    text = analysis().text
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(StudyError, match=message):
        analysis(path)
    with pytest.raises(StudyError, match="must say how claims are judged"):
        analysis(tmp_path / "none.toml")


def test_a_report_writes_tables_verdicts_and_figures(folder, tmp_path):
    found = report(folder, tmp_path, only=["xor"])
    names = {str(path.relative_to(tmp_path)) for path in found.files}
    assert {"verdicts.csv", "conditions.csv", "comparisons.csv", "estimates.csv", "report.md",
            "analysis.toml", "xor-walks.nc", "provenance.json",
            "figures/claim-most-convex.png"} <= names  # fmt: skip
    assert tomllib.loads((tmp_path / "analysis.toml").read_text())["seed"] == 0
    text = (tmp_path / "report.md").read_text()
    for claim in found.analysis.claims:
        assert claim.text in text
    table = pd.read_csv(tmp_path / "verdicts.csv")
    assert table.verdict.tolist() == found.judgement.verdicts.verdict.tolist()
    again = load_report(tmp_path)
    pd.testing.assert_frame_equal(
        judge(again.results, again.analysis).conditions, found.judgement.conditions
    )
    for name in ("verdicts", "conditions", "comparisons"):
        pd.testing.assert_frame_equal(
            getattr(again.judgement, name), getattr(found.judgement, name), rtol=1e-4,
            check_dtype=False,
        )  # fmt: skip
    panels = again.panels("xor", "semidefinite_share", ["blockwise"])
    assert list(panels) == ["blockwise"]
    assert list(panels["blockwise"][SETTING.name]) == ["tanh", "relu", "elu"]
    rows, columns = again.outcomes("most-convex")
    assert set(columns) == {column for row in rows.values() for column in row}
    said = again.judgement.conditions.query("claim == 'most-convex' and outcome != 'void'")
    assert sum(map(len, rows.values())) == len(said) > 0
    (tmp_path / "verdicts.csv").unlink()
    with pytest.raises(StudyError, match="must be a folder with a report"):
        load_report(tmp_path)


def test_estimates_are_means_of_walks(results):
    found = lv.study.estimates(results, analysis())
    row = found[(found.problem == "iris") & (found.activation == "elu")
                & (found.statistic == "test_loss")].iloc[0]  # fmt: skip
    values = results.walks["iris"].test_loss.sel(activation="elu", setting=SETTING.name).values
    assert row["mean"] == pytest.approx(values.mean())
    assert row.low < row["mean"] < row.high


def test_a_report_of_what_is_not_finished_is_refused(folder, tmp_path):
    store = Store.create(tmp_path / "half", STUDY)
    for path in sorted((folder / "chunks").glob("xor*"))[1:]:
        (store.folder / "chunks" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(StudyError, match=r"must be complete: .* are missing, of digits, iris, xor"):
        report(store.folder)
    assert not (store.folder / "report").exists()


def test_the_command_reports(folder, tmp_path):
    def run(*arguments):
        command = [sys.executable, "-m", "lossviz", "study", "report", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = run(folder, "--out", tmp_path / "out", "--only", "xor", "--no-figures")
    assert done.returncode == 0, done.stderr
    assert "ReLU yields the most convex loss landscape." in done.stdout
    assert (tmp_path / "out" / "report.md").is_file()
    assert not (tmp_path / "out" / "figures").exists()
    wrong = run(tmp_path / "none")
    assert wrong.returncode == 1
    assert "must be the folder of a study" in wrong.stderr
    unknown = run(folder, "--only", "hart")
    assert unknown.returncode == 2
    assert "xor" in unknown.stderr
