"""Data files: found, fetched from a test's own server, and refused when they are not right."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pooch
import pytest
from click.testing import CliRunner

import lossviz as lv
from lossviz.cli import main
from lossviz.problems import DATA_FILES, DataError, _files, _loaders, fetch_file, find_file

ROWS = "".join(f"{i / 10},{i / 20},{i % 2}\n" for i in range(10)).encode()
WAYS_OUT = ("LOSSVIZ_DATA", "lossviz data fetch")


class Server(BaseHTTPRequestHandler):
    """Answers as its server's ``manner`` says."""

    def do_GET(self):
        self.server.asked += 1
        manner, body = self.server.manner, self.server.body
        if manner == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        if manner == "long":
            body += ROWS
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if manner == "cut":
            body = body[: len(body) // 2]
        elif manner == "altered":
            body = body[:-2] + b"9\n"
        elif manner == "stalled":
            self.wfile.write(body[:5])
            self.wfile.flush()
            self.server.released.wait(20)
            return
        elif manner == "dripping":
            self.drip(body)
            return
        self.wfile.write(body)

    def drip(self, body):
        """Send a byte every 20 ms: no single wait is long."""
        for byte in body:
            if self.server.released.wait(0.02):
                return
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    httpd.manner, httpd.body, httpd.asked = "good", ROWS, 0
    httpd.released = threading.Event()
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,))
    thread.start()
    yield httpd
    httpd.released.set()
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no data folder."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(_files, "cache_folder", lambda: folder)
    monkeypatch.delenv("LOSSVIZ_DATA", raising=False)
    return folder


@pytest.fixture
def heart(server, cache, monkeypatch):
    """A small heart.csv on the test's server."""
    file = replace(
        DATA_FILES["heart.csv"],
        folder=f"http://127.0.0.1:{server.server_port}/",
        checksum=f"sha256:{hashlib.sha256(ROWS).hexdigest()}",
        size=len(ROWS),
    )
    monkeypatch.setitem(DATA_FILES, "heart.csv", file)
    monkeypatch.setattr(_files, "TIMEOUT", 0.5)
    assert not cache.exists()
    return file


def test_a_file_is_fetched_once_and_then_found(heart, server, cache):
    path = fetch_file(heart)
    assert path == cache / "heart.csv"
    assert path.read_bytes() == ROWS
    assert fetch_file(heart) == path
    assert server.asked == 1


def test_a_problem_is_made_of_what_was_fetched(heart):
    problem = lv.load_problem("heart", seed=1)
    assert find_file(heart)[0] == "cache"
    assert problem.layers == (2, 10, 1)
    assert (len(problem.inputs), len(problem.test_inputs)) == (8, 2)


@pytest.mark.parametrize(
    ("manner", "says"),
    [
        ("missing", "404"),
        ("cut", "more expected"),
        ("altered", "another file: it must have"),
        ("stalled", "timed out"),
        ("dripping", "no end of it within 0.1 s"),
        ("long", f"more than its {len(ROWS)} bytes"),
    ],
)
def test_a_bad_download_leaves_nothing_and_says_what_to_do(
    manner, says, heart, server, cache, monkeypatch
):
    server.manner = manner
    monkeypatch.setattr(_files, "LONGEST", 0.1 if manner == "dripping" else 10)
    monkeypatch.setattr(_files, "_PIECE", 8)
    with pytest.raises(DataError) as caught:
        lv.load_problem("heart")
    message = str(caught.value)
    words = ("heart.csv", str(cache), heart.address, says, *WAYS_OUT)
    assert [word for word in words if word not in message] == []
    assert not cache.exists() or list(cache.iterdir()) == []
    server.manner = "good"
    assert lv.load_problem("heart").name == "heart"


def test_no_network_says_what_to_do(heart, server, monkeypatch):
    monkeypatch.setitem(DATA_FILES, "heart.csv", replace(heart, folder="http://127.0.0.1:1/"))
    with pytest.raises(DataError, match=r"heart.csv .*LOSSVIZ_DATA.*lossviz data fetch"):
        lv.load_problem("heart")
    assert server.asked == 0


def test_leftovers_of_killed_downloads_are_removed_when_they_are_old(heart, cache):
    cache.mkdir()
    old, young = cache / "tmpold", cache / "tmpyoung"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    fetch_file(heart)
    assert sorted(path.name for path in cache.iterdir()) == ["heart.csv", "tmpyoung"]


def test_the_data_folder_comes_first_and_is_read_at_call_time(heart, server, tmp_path, monkeypatch):
    folder = tmp_path / "local"
    folder.mkdir()
    (folder / "heart.csv").write_bytes(ROWS)
    monkeypatch.setenv("LOSSVIZ_DATA", str(folder))
    assert fetch_file(heart) == folder / "heart.csv"
    assert server.asked == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [(ROWS[:30], "got 30 bytes"), (ROWS[:30], "It is cut short"), (ROWS[:-2] + b"7\n", "got ")],
)
def test_an_altered_local_file_is_refused(content, says, heart, server, tmp_path, monkeypatch):
    (tmp_path / "heart.csv").write_bytes(content)
    monkeypatch.setenv("LOSSVIZ_DATA", str(tmp_path))
    with pytest.raises(DataError) as caught:
        lv.load_problem("heart")
    message = str(caught.value)
    assert all(word in message for word in (str(tmp_path / "heart.csv"), says, *WAYS_OUT))
    assert heart.checksum.split(":")[1] in message
    assert server.asked == 0


# --- the idx format ---------------------------------------------------------------------------


def idx(array, magic=None):
    head = [0x800 + array.ndim if magic is None else magic, *array.shape]
    return gzip.compress(np.array(head, dtype=">u4").tobytes() + array.tobytes())


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A tiny MNIST in the data folder; a function that replaces one of its files."""
    rng = np.random.default_rng(0)
    monkeypatch.setenv("LOSSVIZ_DATA", str(tmp_path))

    def put(name, content):
        (tmp_path / name).write_bytes(content)
        checksum = f"md5:{hashlib.md5(content).hexdigest()}"
        file = replace(DATA_FILES[name], checksum=checksum, size=len(content))
        monkeypatch.setitem(DATA_FILES, name, file)

    put.images = {}
    for names, count in ((_loaders._TRAIN, 30), (_loaders._TEST, 20)):
        images = rng.integers(256, size=(count, 4, 4), dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        put.images[names] = images
        for name, array in zip(names, (images, labels), strict=True):
            put(name, idx(array))
    return put


def test_mnist_has_its_published_parts_whatever_the_seed(mnist):
    for seed in (0, 3):
        problem = lv.load_problem("mnist", seed)
        assert (problem.layers, problem.seed) == ((16, 10, 10), seed)
        expected = mnist.images[_loaders._TRAIN].reshape(30, 16) / 255
        np.testing.assert_allclose(problem.inputs, expected, rtol=1e-6)
        np.testing.assert_array_equal(problem.targets.argmax(axis=1), np.arange(30) % 10)
        assert len(problem.test_inputs) == 20


def test_mnist_test_splits_the_test_images(mnist):
    first, other = (lv.load_problem("mnist-test", seed) for seed in (0, 1))
    assert (len(first.inputs), len(first.test_inputs)) == (16, 4)
    assert not np.array_equal(first.test_inputs, other.test_inputs)
    assert mnist.images[_loaders._TEST].shape == (20, 4, 4)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (idx(np.zeros((20, 4, 4), np.uint8), magic=0x801), "must begin as an idx file"),
        (idx(np.zeros((20, 4, 4), np.uint8))[:-9], "must be a whole gzip file"),
        (b"no gzip", "must be a whole gzip file"),
        (gzip.compress(b""), "got nothing"),
        (gzip.compress(gzip.decompress(idx(np.zeros((20, 4, 4), np.uint8)))[:-1]), "got 319"),
        (idx(np.zeros((19, 4, 4), np.uint8)), "a label for each of 19 images; got 20"),
    ],
    # A gzip file holds the time, so its bytes are no name that two processes agree on.
    ids=["other magic", "cut", "no gzip", "empty", "too short", "too few images"],
)
def test_a_file_in_another_form_is_refused(content, says, mnist):
    mnist("t10k-images-idx3-ubyte.gz", content)
    with pytest.raises(DataError, match=says):
        lv.load_problem("mnist-test")


# --- the commands -----------------------------------------------------------------------------


def command(*arguments):
    return CliRunner().invoke(main, ["data", *arguments])


@pytest.mark.usefixtures("cache")
def test_list_says_where_each_file_is(heart):
    assert "missing" in next(
        line for line in command("list").output.splitlines() if line.startswith("heart")
    )
    path = fetch_file(heart)
    shown = command("list").output
    assert f"cache: {path}" in shown
    for name in lv.problem_names():
        assert name in shown


def test_fetch_downloads_names_and_refuses_what_it_does_not_know(heart, cache):
    done = command("fetch", "heart", "--quiet")
    assert (done.exit_code, (cache / heart.name).is_file()) == (0, True)
    assert command("fetch").exit_code == 2
    assert command("fetch", "heart", "--all").exit_code == 2
    unknown = command("fetch", "hart")
    assert unknown.exit_code == 2
    assert "Did you mean 'heart'" in unknown.output


def test_a_download_is_announced_unless_it_is_to_be_quiet(heart, cache, caplog, monkeypatch):
    logger = pooch.get_logger()
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    for quiet in (True, False, True):
        caplog.clear()
        done = command("fetch", "heart", *(["--quiet"] if quiet else []))
        assert [heart.address in message for message in caplog.messages] == [True] * (not quiet)
        assert ("heart.csv: 100%" in done.output) == (not quiet)
        assert not logger.disabled
        (cache / heart.name).unlink()


def test_fetch_fails_with_the_clear_error(heart, server):
    server.manner = "missing"
    done = command("fetch", "heart")
    assert done.exit_code == 1
    assert all(word in done.output for word in (heart.name, *WAYS_OUT))


@pytest.mark.usefixtures("cache")
def test_verify_tells_missing_from_bad(heart):
    assert command("verify").exit_code == 0
    assert command("verify", "heart").exit_code == 1
    path = fetch_file(heart)
    assert command("verify", "heart").output == f"{heart.name:30}in order (cache)\n"
    path.write_bytes(ROWS[:20])
    done = command("verify")
    assert done.exit_code == 1
    assert f"{heart.name:30}{path} must have" in done.output


@pytest.mark.usefixtures("cache")
def test_verify_looks_at_every_copy(heart, tmp_path, monkeypatch):
    bad = fetch_file(heart)
    bad.write_bytes(ROWS[:20])
    (tmp_path / "heart.csv").write_bytes(ROWS)
    monkeypatch.setenv("LOSSVIZ_DATA", str(tmp_path))
    done = command("verify", "heart")
    assert done.exit_code == 1
    assert f"{heart.name:30}in order (data folder)" in done.output
    assert f"{heart.name:30}{bad} must have" in done.output


@pytest.mark.parametrize("order", ["fetch", "verify"])
def test_problems_without_files_are_named_as_such(order):
    done = command(order, "iris")
    assert (done.exit_code, done.output) == (0, f"{'iris':30}built in\n")


def test_the_command_is_a_process_that_needs_no_network():
    done = subprocess.run(
        [sys.executable, "-m", "lossviz", "data", "list"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 4 + 1 + 2 + 4
