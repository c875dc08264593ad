"""The book's Sphinx extension: addresses, cache keys, mends."""

from __future__ import annotations

import subprocess

import nbformat
import pytest
from jupyter_cache import get_cache
from nbformat.v4 import new_code_cell, new_notebook
from sphinx.errors import ConfigError, ExtensionError

import lossviz as lv
from lossviz_book import ahead, cache, live, repository, site, theme


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://github.com/owner/book", "https://github.com/owner/book"),
        ("https://github.com/owner/book.git", "https://github.com/owner/book"),
        ("https://github.com/owner/book/", "https://github.com/owner/book"),
        ("https://user:secret@github.com/owner/book.git", "https://github.com/owner/book"),
        ("https://token@gitlab.com/owner/book", "https://gitlab.com/owner/book"),
        ("https://github.com/owner/book?token=secret#x", "https://github.com/owner/book"),
        ("http://git.example.org:8080/a/b.git", "http://git.example.org:8080/a/b"),
        ("git@github.com:owner/book.git", "https://github.com/owner/book"),
        ("git@gitlab.com:group/part/book.git", "https://gitlab.com/group/part/book"),
        ("ssh://git@github.com:22/owner/book.git", "https://github.com/owner/book"),
        (" https://github.com/owner/book\n", "https://github.com/owner/book"),
    ],
)
def test_a_web_address_is_made_of_what_git_calls_a_remote(given, address):
    assert repository.web_address(given) == address


@pytest.mark.parametrize(
    "given",
    [
        "",
        "/srv/git/book.git",
        "../book",
        "book",
        "C:\\books\\lossviz",
        "file:///srv/git/book.git",
        "git://github.com/owner/book",
        "someone@host.example:owner/book.git",
        "ssh://someone@host.example/owner/book",
        "https://github.com",
        "https://github.com/owner",
        "https://github.com//book",
        "http://localhost:3000/owner/book",
        "http://127.0.0.1/owner/book",
        "git@localhost:owner/book",
        "https://[::1]/owner/book",
        "https://[broken/owner/book",
        "https://host.example:port/owner/book",
        'https://github.com"onclick/owner/book',
    ],
)
def test_what_leads_no_reader_anywhere_is_no_address(given):
    assert repository.web_address(given) is None


def git(folder, *arguments):
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path):
    git(tmp_path, "init")
    git(tmp_path, "remote", "add", "origin", "https://name:secret@github.com/owner/book.git")
    return tmp_path


def test_the_variable_comes_before_the_remote(clone):
    found = repository.find_address
    assert found(clone, {}) == "https://github.com/owner/book"
    given = {repository.VARIABLE: "git@gitlab.com:group/book.git"}
    assert found(clone, given) == "https://gitlab.com/group/book"
    assert found(clone, {repository.VARIABLE: ""}) is None


def test_a_local_remote_or_none_is_no_address(clone, tmp_path_factory):
    git(clone, "remote", "set-url", "origin", "/srv/git/book.git")
    assert repository.find_address(clone, {}) is None
    git(clone, "remote", "remove", "origin")
    assert repository.find_address(clone, {}) is None
    assert repository.find_address(tmp_path_factory.mktemp("bare"), {}) is None


def test_the_remote_of_a_repository_around_the_book_is_not_the_books(clone):
    (clone / "inner").mkdir()
    assert repository.find_address(clone / "inner", {}) is None


def test_a_wrong_variable_is_an_error_that_does_not_repeat_it(tmp_path):
    with pytest.raises(ConfigError, match=repository.VARIABLE) as caught:
        repository.find_address(tmp_path, {repository.VARIABLE: "ftp://name:secret@host/book"})
    assert "secret" not in str(caught.value)


def test_buttons_are_those_that_work_at_the_address():
    options = repository.theme_options
    assert options(None)["launch_buttons"] == {}
    assert not options(None)["use_source_button"]
    github = options("https://github.com/owner/book")
    assert github["use_source_button"]
    assert set(github["launch_buttons"]) == {"notebook_interface", "binderhub_url", "colab_url"}
    gitlab = options("https://gitlab.com/group/book")
    assert set(gitlab["launch_buttons"]) == {"notebook_interface", "binderhub_url"}
    assert options("https://gitlab.com/group/part/book")["launch_buttons"] == {}
    assert options("https://gitlab.example.org/a/book")["launch_buttons"] == {}
    other = options("https://codeberg.org/owner/book")
    assert not other["use_repository_button"]
    assert other["icon_links"][0]["url"] == "https://codeberg.org/owner/book"


def test_a_hub_starts_what_it_can_fetch():
    hub = "https://hub.example.org"
    for address in ("https://github.com/owner/book", "https://gitlab.example.org/a/book"):
        buttons = repository.theme_options(address, hub)["launch_buttons"]
        assert buttons["jupyterhub_url"] == hub
        assert buttons["notebook_interface"] == "jupyterlab"
    assert repository.theme_options("https://gitlab.com/a/b/book", hub)["launch_buttons"] == {}
    assert repository.theme_options(None, hub)["launch_buttons"] == {}


@pytest.mark.parametrize(
    ("given", "hub"),
    [
        ("", None),
        (" ", None),
        ("https://hub.example.org", "https://hub.example.org"),
        ("https://hub.example.org/jupyter/", "https://hub.example.org/jupyter"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_the_hub_comes_from_the_environment(given, hub):
    assert repository.find_hub({repository.HUB_VARIABLE: given}) == hub
    assert repository.find_hub({}) is None


@pytest.mark.parametrize(
    "given",
    [
        "hub.example.org",
        "ftp://hub.example.org",
        "https://name:secret@hub.example.org",
        "https://hub.example.org/?token=secret",
        'https://hub.example.org/"onclick',
    ],
)
def test_a_wrong_hub_is_an_error_that_does_not_repeat_it(given):
    with pytest.raises(ConfigError, match="LOSSVIZ_JUPYTERHUB must be like") as caught:
        repository.find_hub({repository.HUB_VARIABLE: given})
    assert "secret" not in str(caught.value)


@pytest.fixture
def package(tmp_path):
    (tmp_path / "lossviz" / "__pycache__").mkdir(parents=True)
    (tmp_path / "lossviz" / "walks.py").write_text("step = 1\n")
    (tmp_path / "requirements.txt").write_text("torch\n")
    return tmp_path


INPUTS = ["lossviz", "requirements.txt"]


def test_the_key_is_stable_and_does_not_see_byte_code(package):
    key = cache.cache_key(package, INPUTS)
    (package / "lossviz" / "__pycache__" / "walks.pyc").write_bytes(b"1")
    (package / "lossviz" / ".walks.py.swp").write_bytes(b"1")
    assert cache.cache_key(package, reversed(INPUTS)) == key


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "lossviz" / "walks.py").write_text("step = 2\n"),
        lambda root: (root / "lossviz" / "walks.py").rename(root / "lossviz" / "walk.py"),
        lambda root: (root / "lossviz" / "style.mplstyle").write_text("x\n"),
        lambda root: (root / "requirements.txt").write_text("torch==2\n"),
    ],
    ids=["code", "name", "data", "pins"],
)
def test_the_key_changes_with_all_that_outputs_depend_on(package, change):
    before = cache.cache_key(package, INPUTS)
    change(package)
    assert cache.cache_key(package, INPUTS) != before


def test_the_key_changes_with_the_python_version(package, monkeypatch):
    before = cache.cache_key(package, INPUTS)
    monkeypatch.setattr(cache.platform, "python_version", lambda: "3.0.0")
    assert cache.cache_key(package, INPUTS) != before


def test_a_missing_input_is_an_error(package):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        cache.cache_key(package, ["nowhere"])


def test_caches_of_other_keys_are_dropped(tmp_path):
    for name in ("now", "before"):
        (tmp_path / name).mkdir()
    (tmp_path / "global.db").touch()
    cache.drop_others(tmp_path, "now")
    assert [path.name for path in tmp_path.iterdir()] == ["now"]
    cache.drop_others(tmp_path / "nowhere", "now")


def test_another_version_of_the_theme_stops_the_build(monkeypatch):
    theme.check_versions()
    monkeypatch.setitem(theme.VERSIONS, "sphinx-book-theme", "0.0.1")
    with pytest.raises(ExtensionError, match=r"sphinx-book-theme is .*, wanted is 0\.0\.1"):
        theme.check_versions()


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("https://a.example", "/"),
        ("https://a.example/book", "/book/"),
        ("http://a.b/c/d/", "/c/d/"),
    ],
)
def test_the_sites_address_gives_the_prefix_of_lost_readers_links(address, prefix):
    assert site.link_prefix(address) == prefix


def test_a_wrong_site_address_is_an_error():
    with pytest.raises(ConfigError, match="must be like"):
        site.link_prefix("a.example/book")


def small_notebook(path, code):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = new_notebook(cells=[new_code_cell(code, id="code")], metadata=kernel)
    nbformat.write(notebook, path)
    return path


def test_notebooks_are_executed_once(tmp_path):
    kept = get_cache(tmp_path / "cache")
    path = small_notebook(tmp_path / "a.ipynb", "2 + 3")
    page = tmp_path / "page.md"
    assert list(ahead.not_cached(kept, [path, page], [])) == [path]
    assert list(ahead.not_cached(kept, [path], ["elsewhere/*", "*/a.ipynb"])) == []
    ahead.keep(kept, path, ahead.run(path, 60))
    assert list(ahead.not_cached(kept, [path], [])) == []
    _, merged = kept.merge_match_into_notebook(nbformat.read(path, as_version=4))
    assert merged.cells[0].outputs[0].data["text/plain"] == "5"


def test_outputs_of_a_broken_notebook_are_not_kept(tmp_path):
    kept = get_cache(tmp_path / "cache")
    path = small_notebook(tmp_path / "a.ipynb", "1 / 0")
    result = ahead.run(path, 60)
    assert "ZeroDivisionError" in result.exc_string
    ahead.keep(kept, path, result)
    ahead.keep(kept, path, RuntimeError("Kernel didn't respond in 60 seconds"))
    assert list(ahead.not_cached(kept, [path], [])) == [path]


def test_a_kernel_that_does_not_start_is_told_by_its_error(tmp_path, monkeypatch):
    def no_kernel(*_, **__):
        raise RuntimeError("no kernel")

    monkeypatch.setattr(ahead, "single_nb_execution", no_kernel)
    path = small_notebook(tmp_path / "a.ipynb", "2 + 3")
    assert str(ahead.run(path, 60)) == "no kernel"


def test_an_explorer_on_a_page_is_that_of_a_notebook():
    explorer = lv.explorers.curvature_classifier()
    assert live.as_html("curvature_classifier") == explorer._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize("kind", ["nothing", "Explorer", "__all__"])
def test_an_unknown_explorer_is_told(kind):
    with pytest.raises(ValueError, match=f"there is no explorer '{kind}'"):
        live.as_html(kind)


def test_an_explorer_that_needs_data_is_told():
    with pytest.raises(ValueError, match="'linked_cloud' needs data"):
        live.as_html("linked_cloud")
