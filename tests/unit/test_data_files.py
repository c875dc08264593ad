"""Data files: found, fetched from a test's own server, and refused when they are not right."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pooch
import pytest
from click.testing import CliRunner

import lossviz as lv
from lossviz.cli import _data, main
from lossviz.problems import (
    DATA_FILES,
    DataError,
    _download,
    _files,
    _loaders,
    fetch_file,
    find_file,
)

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
            try:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            except OSError:  # nobody listens any more
                return
            self.server.dripped += 1

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    httpd.manner, httpd.body, httpd.asked, httpd.dripped = "good", ROWS, 0, 0
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
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "caches" / project)
    monkeypatch.delenv("LOSSVIZ_DATA", raising=False)
    return tmp_path / "caches" / "lossviz"


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
    monkeypatch.setattr(_download, "TIMEOUT", 0.5)
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
    monkeypatch.setattr(_download, "LONGEST", 0.1 if manner == "dripping" else 10)
    with pytest.raises(DataError) as caught:
        lv.load_problem("heart")
    message = str(caught.value)
    words = ("heart.csv", str(cache), heart.address, says, *WAYS_OUT)
    assert [word for word in words if word not in message] == []
    assert not cache.exists() or list(cache.iterdir()) == []
    assert server.dripped < len(ROWS) / 2  # the clock is not looked at when all is there
    server.manner = "good"
    assert lv.load_problem("heart").name == "heart"


def test_no_network_says_what_to_do(heart, server, monkeypatch):
    monkeypatch.setitem(DATA_FILES, "heart.csv", replace(heart, folder="http://127.0.0.1:1/"))
    with pytest.raises(DataError, match=r"heart.csv .*LOSSVIZ_DATA.*lossviz data fetch"):
        lv.load_problem("heart")
    assert server.asked == 0


def test_leftovers_of_killed_downloads_are_removed_when_they_are_old(heart, server, cache):
    fetch_file(heart)
    old, young, folder = cache / "tmpold", cache / "tmpyoung", cache / "tmpfolder"
    folder.mkdir()
    for path in (old, young):
        path.write_bytes(b"half")
    for path in (old, folder):
        os.utime(path, (time.time() - 7200,) * 2)
    fetch_file(heart)
    names = sorted(path.name for path in cache.iterdir())
    assert names == ["heart.csv", "tmpfolder", "tmpyoung"]
    assert server.asked == 1


@pytest.mark.parametrize("failing", ["stat", "unlink", "glob"])
def test_leftovers_that_cannot_be_removed_are_no_hindrance(failing, heart, cache, monkeypatch):
    cache.mkdir(parents=True)
    for name in ("tmpone", "tmptwo"):
        (cache / name).write_bytes(b"half")
        os.utime(cache / name, (time.time() - 7200,) * 2)
    usual = getattr(Path, failing)

    def fails(path, *arguments, **options):
        if failing == "glob" or path.name == "tmpone":
            raise PermissionError(13, "Permission denied", str(path))
        return usual(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, failing, fails)
        assert fetch_file(heart) == cache / "heart.csv"
    assert (cache / "tmpone").exists()
    assert (cache / "tmptwo").exists() == (failing == "glob")


FETCH = """
    import sys, pooch
    from dataclasses import replace
    from pathlib import Path
    from lossviz.cli import main
    from lossviz.problems import DATA_FILES
    folder, cache = sys.argv[1:]
    pooch.os_cache = lambda project: Path(cache)
    DATA_FILES["heart.csv"] = replace(DATA_FILES["heart.csv"], folder=folder)
    main(["data", "fetch", "heart", "--quiet"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there, SIGTERM ends a process at once")
def test_a_download_that_is_terminated_leaves_nothing(heart, server, cache):
    server.manner = "stalled"
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(FETCH), heart.folder, str(cache)],
        stderr=subprocess.PIPE,
    )
    try:
        until = time.monotonic() + 60
        while not (server.asked and list(cache.glob("tmp*"))):
            assert child.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        said = child.communicate(timeout=30)[1]
    finally:
        child.kill()
    assert (child.returncode, said) == (128 + signal.SIGTERM, b"")
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("heart")
def test_a_fetch_leaves_the_handling_of_signals_as_it_was():
    before = signal.getsignal(signal.SIGTERM)
    command("fetch", "heart", "--quiet")
    assert signal.getsignal(signal.SIGTERM) is before


# --- where files are looked for ---------------------------------------------------------------


def test_addresses_and_checksums_are_those_that_are_published():
    mnist = "https://ossci-datasets.s3.amazonaws.com/mnist/"
    heart = "https://raw.githubusercontent.com/annabosman/fla-in-tf/b51a1fb/data/input/heart.csv"
    assert {file.address: (file.checksum, file.size) for file in DATA_FILES.values()} == {
        heart: (
            "sha256:3648813c955b894641bc0869636eb499cba22b412a3ce290f3c0050f05fed00f", 120099,
        ),
        f"{mnist}train-images-idx3-ubyte.gz": ("md5:f68b3c2dcbeaaa9fbdd348bbdeb94873", 9912422),
        f"{mnist}train-labels-idx1-ubyte.gz": ("md5:d53e105ee54ea40749a09fcbcd1e9432", 28881),
        f"{mnist}t10k-images-idx3-ubyte.gz": ("md5:9fb629c4189551a2d022fa330f9573f3", 1648877),
        f"{mnist}t10k-labels-idx1-ubyte.gz": ("md5:ec29112dd5afa0611ce80d1b7f02629c", 4542),
    }  # fmt: skip
    assert [name for name, file in DATA_FILES.items() if name != file.name] == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other caches")
def test_the_cache_is_the_user_s(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert _files.cache_folder() == tmp_path / "lossviz"


def test_a_tilde_is_the_user_s_home(heart, server, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "heart.csv").write_bytes(ROWS)
    for home in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(home, str(tmp_path))
    monkeypatch.setenv("LOSSVIZ_DATA", "~/data")
    assert fetch_file(heart) == tmp_path / "data" / "heart.csv"
    assert server.asked == 0


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("~nosuchuser/x", "home directory"), ("x" * 5000, "name too long"),
        ("{}/file", "it is a file"), ("{}/none", "No such file or directory"),
    ],
    ids=["no user", "too long", "a file", "nothing"],
)  # fmt: skip
def test_what_is_no_folder_is_refused_by_name(named, why, heart, server, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(ROWS)
    named = named.format(tmp_path)
    monkeypatch.setenv("LOSSVIZ_DATA", named)
    says = f"LOSSVIZ_DATA must name a folder; got '{re.escape(named)}': .*{why}.* or unset it"
    with pytest.raises(DataError, match=says):
        lv.load_problem(heart.problem)
    for order in ("list", "verify", "fetch"):
        done = command(order, *(["heart"] if order == "fetch" else []))
        assert done.exit_code == 1
        assert re.search(says, done.output)
    shown = CliRunner().invoke(main, ["info"])
    assert shown.exit_code == 0
    assert re.search(says, shown.output)
    assert "heart (not looked for)" in shown.output
    assert lv.load_problem("xor").name == "xor"  # which needs no file
    assert server.asked == 0


def denied(path, *_arguments, **_options):
    raise PermissionError(13, "Permission denied", str(path))


@pytest.mark.parametrize("failing", ["open", "stat"])
def test_what_cannot_be_read_is_bad_and_not_missing(failing, heart, server, tmp_path, monkeypatch):
    """A file that may not be opened, and one in a folder that may not be searched."""
    (tmp_path / "heart.csv").write_bytes(ROWS)
    monkeypatch.setenv("LOSSVIZ_DATA", str(tmp_path))
    usual = getattr(Path, failing)

    def fails(path, *arguments, **options):
        deny = path == tmp_path / "heart.csv"
        return (denied if deny else usual)(path, *arguments, **options)

    monkeypatch.setattr(Path, failing, fails)
    says = f"{tmp_path / 'heart.csv'} cannot be read: Permission denied."
    with pytest.raises(DataError) as caught:
        lv.load_problem("heart")
    assert all(word in str(caught.value) for word in (says, *WAYS_OUT))
    done = command("verify", heart.problem)
    assert (done.exit_code, says in done.output) == (1, True)
    assert says in command("fetch", "heart").output
    assert server.asked == 0


@pytest.mark.usefixtures("heart")
def test_a_cache_that_cannot_be_made_is_told(cache):
    cache.parent.parent.mkdir(exist_ok=True)
    cache.parent.write_bytes(b"a file where the cache's folder should be")
    with pytest.raises(DataError, match="so it must be downloaded"):
        lv.load_problem("heart")


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
        (gzip.compress(bytes([0, 0, 8, 3, 0])), "must begin as an idx file .*got 00 00 08 03 00"),
        (gzip.compress(gzip.decompress(idx(np.zeros((20, 4, 4), np.uint8)))[:-1]), "got 319"),
        (idx(np.zeros((19, 4, 4), np.uint8)), "a label for each of 19 images; got 20"),
    ],
    # A gzip file holds the time, so its bytes are no name that two processes agree on.
    ids=["other magic", "cut", "no gzip", "empty", "half a head", "too short", "too few images"],
)
def test_a_file_in_another_form_is_refused(content, says, mnist):
    mnist("t10k-images-idx3-ubyte.gz", content)
    with pytest.raises(DataError, match=says):
        lv.load_problem("mnist-test")


def test_labels_above_9_are_refused(mnist):
    mnist("t10k-labels-idx1-ubyte.gz", idx(np.arange(20, dtype=np.uint8)))
    with pytest.raises(DataError, match=r"labels-idx1.* must hold labels from 0 to 9; got 19"):
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


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--all"], list(DATA_FILES)),
        (["mnist", "mnist-test"], [name for name in DATA_FILES if name != "heart.csv"]),
    ],
)
def test_fetch_gets_each_file_once(arguments, names, monkeypatch):
    got = []
    monkeypatch.setattr(_data, "fetch_file", lambda file, **_: got.append(file.name))
    done = command("fetch", *arguments)
    assert done.exit_code == 0
    assert sorted(got) == sorted(names)


@pytest.mark.usefixtures("cache")
def test_sizes_and_incomplete_problems_are_told(tmp_path, monkeypatch):
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(b"any")
    monkeypatch.setenv("LOSSVIZ_DATA", str(tmp_path))
    shown = command("list").output
    for name, size in (("train-images", "9.9 MB"), ("t10k-images", "1.6 MB"), ("heart", "120 kB")):
        assert re.search(rf"{name}\S* +{re.escape(size)} ", shown)
    shown = CliRunner().invoke(main, ["info"]).output
    assert all(f"{name} (incomplete)" in shown for name in ("mnist", "mnist-test"))
    assert "heart (missing)" in shown


NO_NETWORK = """
    import socket

    def refuse(*_, **__):
        raise OSError("no network in this test")

    socket.getaddrinfo = socket.socket.connect = refuse
"""


@pytest.fixture
def without_network(tmp_path, cache):
    """A function that runs the command in a process that can reach no other."""
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(NO_NETWORK))
    caches = {"XDG_CACHE_HOME": str(cache.parent), "HOME": str(tmp_path)}
    clean = {name: value for name, value in os.environ.items() if name != "LOSSVIZ_DATA"}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "lossviz", "data", *arguments],
            capture_output=True, text=True, check=False, timeout=60,
            env=clean | caches | {"PYTHONPATH": str(tmp_path)},
        )  # fmt: skip

    return run


@pytest.mark.long
def test_the_command_is_a_process_that_needs_no_network(without_network):
    done = without_network("list")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 4 + 1 + 2 + 4
    assert "no network in this test" in without_network("fetch", "heart", "--quiet").stderr
