"""Runs: what a chunk holds, the same bytes however it is run, nothing lost when it is stopped."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import lossviz as lv
from extent import SHORT
from lossviz import _files
from lossviz.study import Store, StudyError, compute, plan, run, status, to_toml
from lossviz.study.compute import chosen_steps

BASE = plan("smoke", only=["xor"])


def small(**part):
    """A plan of a second: two activations, one setting, some walks of XOR."""
    one = replace(BASE.parts[0], walks=6, chunk=2, **part)
    setting = replace(BASE.settings[0], steps=12)
    return replace(BASE, parts=(one,), settings=(setting,), activations=("tanh", "relu"))


def contents(folder):
    """Every file of a study by name: checksums are in the names of chunks."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "study"
    run(small(), folder)
    return folder


# --- what a chunk holds -----------------------------------------------------------------------


def test_full_chunks_hold_what_the_walk_measures_at_several_tolerances():
    study = replace(small(), rtols=(1e-12, 0.05))
    chunk = study.chunks[-1]
    found = compute(study, chunk)
    cell = chunk.cell
    landscape = lv.Landscape("xor", cell.activation)
    walks = lv.progressive_gradient_walk(
        landscape, len(chunk.walks), 12, cell.setting.max_step, 1.0, 0, walk_numbers=chunk.walks,
        measures=("loss", "test_loss", "saturation", "curvature_blockwise", "weights"),
    )  # fmt: skip
    assert found.walk.values.tolist() == list(chunk.walks)
    for name in ("loss", "test_loss", "saturation", "curvature_blockwise"):
        np.testing.assert_array_equal(found[name], walks[name])
    for place, rtol in enumerate(study.rtols):
        curvature = lv.full_curvature(landscape, walks.weights.values, rtol, eigenvalues=True)
        at = found.isel(rtol=place)
        np.testing.assert_array_equal(at.curvature, curvature.classes)
        for sign in ("positive", "negative", "zero"):
            np.testing.assert_array_equal(at[sign], getattr(curvature, sign))
    assert (found.zero.isel(rtol=1) >= found.zero.isel(rtol=0)).all()
    ends = curvature.eigenvalues[..., [0, -1]].numpy().astype(np.float32)
    np.testing.assert_array_equal(found.smallest_eigenvalue, ends[..., 0])
    np.testing.assert_array_equal(found.largest_eigenvalue, ends[..., 1])
    assert (found.attrs["cell"], found.attrs["chunk"]) == (cell.name, chunk.key)


@pytest.mark.parametrize("kind", ["sample", "extremes"])
def test_some_points_of_each_walk_are_classified(kind):
    study = small(curvature=kind, points=4)
    chunk = study.chunks[0]
    found = compute(study, chunk)
    landscape = lv.Landscape("xor", chunk.cell.activation)
    walks = lv.progressive_gradient_walk(
        landscape, len(chunk.walks), 12, chunk.cell.setting.max_step, 1.0, 0,
        walk_numbers=chunk.walks, measures=("gradient_norm", "weights"),
    )  # fmt: skip
    assert dict(found.sizes)["point"] == 4
    assert "weights" not in found
    assert found.chosen.values.tolist() == [[0, 0, 1, 1]] * len(chunk.walks)
    for row in range(len(chunk.walks)):
        steps = found.point_step.values[row]
        lowest = np.sort(np.argsort(walks.gradient_norm.values[row])[:2])
        assert steps[2:].tolist() == lowest.tolist()
        points = walks.weights.values[row, steps]
        curvature = lv.full_curvature(landscape, points, eigenvalues=True)
        ends = curvature.eigenvalues[:, [0, -1]].numpy()
        np.testing.assert_allclose(found.smallest_eigenvalue[row], ends[:, 0], rtol=1e-5)
        np.testing.assert_allclose(found.largest_eigenvalue[row], ends[:, 1], rtol=1e-5)
        if kind == "sample":
            at = found.sel(rtol=1e-8).isel(walk=row)
            np.testing.assert_array_equal(at.curvature, curvature.classes)
            blocks = lv.blockwise_curvature(landscape, points)
            np.testing.assert_array_equal(at.curvature_blockwise, blocks.classes)


@pytest.mark.parametrize("kind", ["full", "sample"])
def test_long_walks_are_computed_in_pieces_of_whole_blocks(kind, monkeypatch):
    study = small(curvature=kind, points=4)
    study = replace(study, parts=(replace(study.parts[0], walks=200, chunk=200),))
    whole = compute(study, study.chunks[0])
    module = sys.modules["lossviz.study.compute"]  # its name is that of the function, too
    monkeypatch.setattr(module, "_HELD", 9 * 12 * 100)
    lengths = []
    walk = lv.progressive_gradient_walk

    def noted(*arguments, **options):
        lengths.append(len(options["walk_numbers"]))
        return walk(*arguments, **options)

    monkeypatch.setattr(module, "progressive_gradient_walk", noted)
    xr.testing.assert_identical(compute(study, study.chunks[0]), whole)
    assert lengths == [90, 90, 20]


def test_points_are_chosen_by_seed_and_walk_alone_and_uniformly():
    norms = np.arange(50.0)[::-1]
    steps, codes = chosen_steps(norms, 7, 0, 3)
    assert codes.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert steps[4:].tolist() == [47, 48, 49]
    np.testing.assert_array_equal(steps, chosen_steps(norms, 7, 0, 3)[0])
    drawn = np.concatenate([chosen_steps(norms, 10, 0, walk)[0][:5] for walk in range(800)])
    counts = np.bincount(drawn, minlength=50)
    assert abs(counts - 80).max() < 4.5 * np.sqrt(80)


def test_batches_and_float32_are_taken():
    study = replace(small(curvature="none", batch_size=2), precision="float32")
    found = compute(study, study.chunks[0])
    assert found.attrs["batch_size"] == 2
    assert found.loss.dtype == np.float32
    assert "curvature" not in found


# --- however it is run ------------------------------------------------------------------------


def test_a_finished_run_does_nothing(finished):
    before = contents(finished)
    times = {path: path.stat().st_mtime_ns for path in finished.rglob("*.nc")}
    done = run(small(), finished)
    assert done.complete
    assert (done.done, done.chunks, done.points) == (6, 6, 6 * 2 * 12)
    assert contents(finished) == before
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*.nc")} == times


def test_two_workers_write_the_same_bytes(finished, tmp_path):
    run(small(), tmp_path / "study", workers=2)
    assert contents(tmp_path / "study") == contents(finished)


def test_nothing_of_time_host_or_place_is_stored(finished, tmp_path):
    store = Store.open(finished)
    words = [os.uname().nodename, str(finished), str(tmp_path), time.strftime("%Y-%m-%d")]
    for key in store.paths():
        attrs = str(store.read(key).attrs)
        assert [word for word in words if word in attrs] == []


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as here:
        yield here


def test_a_scheduler_elsewhere_gives_the_same_bytes_though_a_worker_dies(
    finished, tmp_path, cluster
):
    """The first chunk kills its worker, once; the chunk is computed by the other one."""
    killer = tmp_path / "killer.py"
    mark = tmp_path / "killed"
    killer.write_text(
        "import os\nfrom pathlib import Path\nimport lossviz as lv\n\n\n"
        "def make(seed):\n"
        f"    mark = Path({str(mark)!r})\n"
        "    if not mark.exists():\n"
        "        mark.touch()\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return lv.load_problem('xor', seed)\n"
    )
    table = to_toml(small()).replace('problem = "xor"', 'problem = "killer.py:make"')
    (tmp_path / "plan.toml").write_text(table)
    out = tmp_path / "study"
    done = run(tmp_path / "plan.toml", out, scheduler=cluster.scheduler_address)
    assert done.complete
    assert mark.exists()
    store = Store.open(finished)
    for key in store.paths():
        xr.testing.assert_identical(Store.open(out).read(key), store.read(key))


def test_bad_ways_to_run_are_refused(tmp_path):
    with pytest.raises(ValueError, match="workers must be at least 1; got 0"):
        run(small(), tmp_path / "a", workers=0)
    with pytest.raises(ValueError, match="workers must be left out where scheduler is given"):
        run(small(), tmp_path / "a", workers=2, scheduler="tcp://127.0.0.1:1")
    assert not (tmp_path / "a").exists()


# --- the folder -------------------------------------------------------------------------------


def test_another_plan_in_the_same_folder_is_refused(finished):
    before = contents(finished)
    with pytest.raises(StudyError, match=r"it holds 'smoke' .*Nothing was changed"):
        run(replace(small(), seed=1), finished)
    assert contents(finished) == before


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("do not lose me")
    with pytest.raises(StudyError, match="must be empty, or hold a study"):
        run(small(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(StudyError, match="must be the folder of a study"):
        status(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "altered", "empty", "removed"])
def test_a_damaged_chunk_is_computed_again(damage, finished, tmp_path):
    out = tmp_path / "study"
    run(small(), out)
    path = sorted(out.rglob("*.nc"))[2]
    whole = path.read_bytes()
    if damage == "removed":
        path.unlink()
    else:
        middle = len(whole) // 2
        spoilt = {
            "cut": whole[:middle],
            "altered": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "empty": b"",
        }
        path.write_bytes(spoilt[damage])
        with pytest.raises(StudyError, match="is not as it was written"):
            Store.open(out).read(path.name.rsplit(".", 2)[0])
    run(small(), out)
    assert contents(out) == contents(finished)


def test_leftovers_of_killed_runs_are_removed(finished, tmp_path):
    out = tmp_path / "study"
    Store.create(out, small())
    (out / "chunks" / "xor-tanh-b1-micro-split0-0000.abc.nc.part").write_bytes(b"half")
    run(small(), out)
    assert contents(out) == contents(finished)


def test_a_run_that_was_killed_before_its_plan_was_written_goes_on(finished, tmp_path):
    out = tmp_path / "study"
    (out / "chunks").mkdir(parents=True)
    (out / "plan.toml.part").write_text("name = ")
    run(small(), out)
    for name, content in contents(finished).items():
        assert (out / name).read_bytes() == content


def test_two_runs_do_not_share_a_folder(tmp_path):
    store = Store.create(tmp_path / "study", small())
    with store.alone(), pytest.raises(StudyError, match="in use by another run"):
        run(small(), tmp_path / "study")
    assert run(small(), tmp_path / "study").complete


def test_a_full_disk_is_told_and_nothing_is_lost(finished, tmp_path, monkeypatch):
    out, writes, fsync = tmp_path / "study", [], os.fsync

    def full(handle):
        writes.append(handle)
        if len(writes) == 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    monkeypatch.setattr(_files.os, "fsync", full)
    with pytest.raises(StudyError, match=r"cannot be written to .*is safe; got No space left"):
        run(small(), out)
    monkeypatch.undo()
    found = status(out)
    assert 0 < found.done < found.chunks
    assert not list(out.rglob("*.part"))
    run(small(), out)
    assert contents(out) == contents(finished)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_is_really_full_is_told_and_the_folder_goes_on(finished, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    size = sum(map(len, contents(finished).values()))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size // 2}", "tmpfs", str(disk)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr}")
    try:
        with pytest.raises(StudyError, match="No space left on device"):
            run(small(), disk / "study")
        assert not list(disk.rglob("*.part"))
        subprocess.run(["mount", "-o", f"remount,size={8 * size + 2**20}", str(disk)], check=True)
        run(small(), disk / "study")
        assert contents(disk / "study") == contents(finished)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# --- the command line, and kills ----------------------------------------------------------------

OWN = """
import torch
import lossviz as lv

lv.register_activation("softsign", lambda z: z / (1 + z.abs()))


def data(seed):
    return lv.problem_from_arrays([[0.0], [1.0], [2.0], [3.0], [4.0]], [0, 0, 1, 1, 1], hidden=2,
                                  test_share=0.4, seed=seed + 3, name="own")


def landscape(activation, seed):
    module = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1))
    return lv.Landscape.from_module(module, lv.stable_cross_entropy,
                                    [[0.0], [1.0]], [[0.0], [1.0]], dtype=torch.float64)
"""
OWN_PLAN = """
name = "own"
activations = ["softsign", "tanh"]
modules = ["mine.py"]

[settings.short]
start_range = 1.0
share = 0.1
steps = 6

[[problems]]
problem = "mine.py:data"
walks = 4
splits = [0, 1]

[[problems]]
landscape = "mine.py:landscape"
walks = 2
"""


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "lossviz", "study", *map(str, arguments)],
        capture_output=True, text=True, check=False, **options,
    )  # fmt: skip


def test_the_command_line_runs_a_readers_own_code(tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "own.toml").write_text(OWN_PLAN)
    out = tmp_path / "study"
    done = command("run", tmp_path / "own.toml", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "own: 6 of 6 chunks" in done.stdout
    again = command("run", tmp_path / "own.toml", "--out", out)
    assert (again.returncode, again.stdout) == (0, done.stdout)
    shown = command("status", out)
    assert (shown.returncode, shown.stdout) == (0, done.stdout)
    found = Store.open(out).read("data-softsign-short-split1-0000")
    assert found.attrs["activation"] == "softsign"
    assert "test_loss" in found
    # The folder has what it takes to go on elsewhere.
    assert (out / "mine.py").read_text() == OWN
    bad = tmp_path / "bad.toml"
    bad.write_text(OWN_PLAN.replace("mine.py:landscape", "mine.py:nothing"))
    failed = command("run", bad, "--out", tmp_path / "other")
    assert failed.returncode == 1
    assert "mine.py:nothing must name a function" in failed.stderr


def test_plans_are_printed_and_mistakes_told_in_a_line(tmp_path):
    printed = command("plan", "smoke")
    (tmp_path / "copy.toml").write_text(printed.stdout)
    assert plan(tmp_path / "copy.toml") == plan("smoke")
    wrong = command("run", "smok", "--out", tmp_path / "x")
    assert wrong.returncode == 2
    assert "Did you mean 'smoke'" in wrong.stderr
    nowhere = command("status", tmp_path)
    assert nowhere.returncode == 1
    assert "must be the folder of a study" in nowhere.stderr
    assert "Traceback" not in wrong.stderr + nowhere.stderr


def started(path, out, workers):
    """Start a run as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "lossviz", "study", "run", str(path), "--out", str(out),
         "--workers", str(workers), "--quiet"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        # In the background of a shell, an interrupt would be ignored from the start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def killed_run(path, out, workers, seconds):
    """Start a run, and kill it and its workers after some seconds, unless it has ended."""
    process = started(path, out, workers)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
    return process.returncode


def slower(tmp_path):
    """A study of some seconds in many chunks, as a file."""
    study = replace(small(), activations=("tanh", "relu", "elu"))
    study = replace(study, parts=(replace(study.parts[0], walks=90, chunk=3),))
    path = tmp_path / "plan.toml"
    path.write_text(to_toml(study))
    return path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the slower study comes to when nothing stops it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run(slower(folder), folder / "study")
    return contents(folder / "study")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_stop_says_so_and_goes_on(how, tmp_path, undisturbed):
    path, out = slower(tmp_path), tmp_path / "study"
    process = started(path, out, 1)
    until = time.monotonic() + 60
    while len(list(out.glob("chunks/*.nc"))) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    assert process.returncode not in (0, -how)
    assert "Stopped. What is finished is safe; the same command goes on." in said
    assert "Traceback" not in said
    assert 3 <= status(out).done < status(out).chunks
    assert run(path, out).complete
    assert contents(out) == undisturbed


@pytest.mark.long
@pytest.mark.slow
def test_kills_lose_nothing_and_change_nothing(tmp_path, undisturbed):
    path, out = slower(tmp_path), tmp_path / "study"
    draw = random.Random(0)
    kills, have = 0, []
    while kills < (6 if SHORT else 20):
        workers = 1 + kills % 2
        code = killed_run(path, out, workers, draw.uniform(3.0, 7.0))
        kills += code == -signal.SIGKILL
        have.append(status(out).done if (out / "plan.toml").exists() else 0)
        if code == 0:  # it came to its end: begin again, as there is more to kill
            assert contents(out) == undisturbed
            for file in out.rglob("*.nc"):
                file.unlink()
            have.append(0)
    print(f"{kills} kills; chunks that were there after each: {have}")  # noqa: T201 - the evidence
    run(path, out)
    assert contents(out) == undisturbed


# --- what a plan costs ------------------------------------------------------------------------


def test_costs_count_every_step_and_point_of_the_plan():
    parts = (
        replace(BASE.parts[0], walks=6),
        replace(BASE.parts[0], name="some", problem="iris", walks=4, curvature="sample", points=4),
        replace(BASE.parts[0], name="none", walks=3, curvature="none"),
    )
    study = replace(BASE, parts=parts, activations=("tanh", "relu"))
    steps = sum(setting.steps for setting in study.settings)
    found = lv.study.cost(study, progress=False).set_index("problem")
    assert found.steps.tolist() == [2 * 6 * steps, 2 * 4 * steps, 2 * 3 * steps]
    assert found.points.tolist() == [2 * 6 * steps, 2 * 4 * 4 * len(study.settings), 0]
    assert (found.step_ms > 0).all()
    seconds = (found.steps * found.step_ms + found.points * found.point_ms) / 1000
    np.testing.assert_allclose(found.core_hours, seconds / 3600)
    assert found.point_ms["none"] == 0


def test_the_command_says_what_a_plan_costs():
    command = [sys.executable, "-m", "lossviz", "study", "cost", "smoke", "--only", "xor"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    head, row, total = done.stdout.splitlines()
    assert head.split()[-1] == "core-hours"
    assert row.split()[:2] == ["xor", "67,500"]
    assert total.split()[0] == "all"
