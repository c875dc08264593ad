"""Takes the repository's address from the build's surroundings, for source and launch buttons.

Only whoever hosts the book knows its address, so none is written in the settings, nor that of a
JupyterHub. Without one the pages carry no such buttons, rather than dead ones.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

VARIABLE = "LOSSVIZ_REPOSITORY"
HUB_VARIABLE = "LOSSVIZ_JUPYTERHUB"
_GIT_AT = re.compile(r"git@(?P<host>[^/:]+):(?P<path>.+)")
_HOST = re.compile(
    r"(?!localhost$|127\.)[\w.-]+"
)  # this machine's own name leads nowhere
_HUB = re.compile(r"https?://[\w.-]+(?::\d+)?(?:/[\w.~-]+)*/?")
_PROVIDERS = ("github", "gitlab", "bitbucket")


def connect(app: Sphinx) -> None:
    """Set the buttons once the settings are read."""
    app.connect("config-inited", _set_buttons)


def web_address(text: str) -> str | None:
    """Return the web address of a repository given as a git remote, or None.

    Only http(s) addresses and those of the user git (``git@host:path``, ``ssh://git@host/path``)
    count; a local path or this machine's own address leads no reader anywhere. Credentials,
    a trailing ``.git``, queries and fragments are dropped.

    Example:
        >>> web_address("git@github.com:example/book.git")
        'https://github.com/example/book'
        >>> web_address("../book") is None
        True
    """
    text = text.strip()
    if match := _GIT_AT.fullmatch(text):
        return _address("https", match["host"], None, match["path"])
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # no valid port or IPv6 address
        return None
    if parts.scheme == "ssh" and parts.username == "git":
        return _address(
            "https", host, None, parts.path
        )  # its port is that of ssh
    if parts.scheme in ("http", "https"):
        return _address(parts.scheme, host, port, parts.path)
    return None


def _address(
    scheme: str, host: str, port: int | None, path: str
) -> str | None:
    """Join the parts to an address, or None if it names no repository that others can reach."""
    path = path.strip("/").removesuffix(".git")
    names = path.split("/")
    if not _HOST.fullmatch(host) or len(names) < 2 or not all(names):
        return None
    return f"{scheme}://{host}{f':{port}' if port else ''}/{path}"


def find_address(root: Path, environment: Mapping[str, str]) -> str | None:
    """Return the repository's address from the environment, else from the remote ``origin``.

    An empty variable means that there is none.

    Raises:
        ConfigError: if the variable is set to something that is no address.
    """
    if VARIABLE not in environment:
        return web_address(_origin(root))
    given = environment[VARIABLE].strip()
    address = web_address(given)
    if given and address is None:
        raise ConfigError(
            f"{VARIABLE} must be like https://host/owner/name or git@host:owner/name, "
            "or empty for none; what it holds is neither"  # not shown: it may hold a password
        )
    return address


def find_hub(environment: Mapping[str, str]) -> str | None:
    """Return the address of the JupyterHub that the environment names, if it does.

    A hub may well run on this machine or below a folder, but its link is for everyone: it holds no
    password.

    Raises:
        ConfigError: if the variable is set to something that is no such address.

    Example:
        >>> find_hub({"LOSSVIZ_JUPYTERHUB": "https://hub.example.org/"})
        'https://hub.example.org'
    """
    given = environment.get(HUB_VARIABLE, "").strip()
    if not given:
        return None
    if not _HUB.fullmatch(given):
        raise ConfigError(
            f"{HUB_VARIABLE} must be like https://hub.example.org, with neither name nor password, "
            "or empty for none; what it holds is neither"
        )
    return given.rstrip("/")


def _origin(root: Path) -> str:
    """Return the remote ``origin`` of the repository whose top is the root, or nothing."""
    if (
        _git(root, "rev-parse", "--show-prefix") != ""
    ):  # below another repository, or in none
        return ""
    return _git(root, "remote", "get-url", "origin") or ""


def _git(root: Path, *arguments: str) -> str | None:
    """Return what a git command prints; None if it fails or there is no git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def theme_options(
    address: str | None, hub: str | None = None
) -> dict[str, Any]:
    """Return the theme's options for the buttons that work at an address, and on a hub.

    Example:
        >>> theme_options(None)["use_repository_button"]
        False
        >>> theme_options("https://github.com/example/book")["launch_buttons"]["binderhub_url"]
        'https://mybinder.org'
    """
    options: dict[str, Any] = {
        "repository_url": "",
        "use_repository_button": False,
        "use_source_button": False,
        "launch_buttons": {},
    }
    if address is None:
        return options
    host = urlsplit(address).netloc
    if not any(provider in host for provider in _PROVIDERS):
        # The theme can build links for these three only; elsewhere the repository is linked.
        link = {
            "name": "Repository",
            "url": address,
            "icon": "fa-brands fa-git-alt",
        }
        return options | {"icon_links": [link]}
    return options | {
        "repository_url": address,
        "use_repository_button": True,
        "use_source_button": True,
        "launch_buttons": _launch_buttons(host, urlsplit(address).path, hub),
    }


def _launch_buttons(host: str, path: str, hub: str | None) -> dict[str, str]:
    """Return where a notebook can be started; a hub of one's own may reach hosts of one's own."""
    if path.count("/") != 2:
        return {}  # of groups in groups the theme builds links that lead nowhere
    buttons = {}
    if host in ("github.com", "gitlab.com"):
        buttons["binderhub_url"] = "https://mybinder.org"
    if hub:
        buttons["jupyterhub_url"] = hub
    if host == "github.com":
        buttons["colab_url"] = "https://colab.research.google.com"
    return buttons | {"notebook_interface": "jupyterlab"} if buttons else {}


def _set_buttons(app: Sphinx, config: Config) -> None:
    address = find_address(Path(app.srcdir), os.environ)
    config.html_theme_options.update(
        theme_options(address, find_hub(os.environ))
    )
