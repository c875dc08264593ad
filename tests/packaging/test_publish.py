"""The workflow that publishes the book: what it does, and with what rights."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "publish.yml"


@pytest.fixture(scope="module")
def workflow():
    # YAML 1.1 reads the key "on" as a truth value.
    read = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return read | {"on": read.pop(True)}


def uses(job, action):
    (step,) = [s for s in job["steps"] if s.get("uses", "").startswith(f"actions/{action}@")]
    return step


def runs(job, command):
    (step,) = [s for s in job["steps"] if s.get("run") == command]
    return step


def test_it_runs_on_the_main_branch_and_by_hand(workflow):
    assert workflow["on"] == {"push": {"branches": ["main"]}, "workflow_dispatch": None}
    assert workflow["concurrency"] == {"group": "pages", "cancel-in-progress": False}


def test_the_site_is_built_by_make_with_its_address_and_published_whole(workflow):
    build = workflow["jobs"]["build"]
    pages = uses(build, "configure-pages")
    address = f"${{{{ steps.{pages['id']}.outputs.base_url }}}}"
    for command in ("make book", "make pdf"):
        surroundings = runs(build, command)["env"]
        assert surroundings["LOSSVIZ_BASE_URL"] == address
        assert surroundings["LOSSVIZ_JUPYTERHUB"] == "${{ vars.LOSSVIZ_JUPYTERHUB }}"
    upload = uses(build, "upload-pages-artifact")
    assert upload["with"] == {"path": "_build/html", "include-hidden-files": True}
    order = [step.get("run") or step["uses"].split("@")[0] for step in build["steps"]]
    assert order == [
        "actions/checkout",
        "actions/setup-python",
        "actions/configure-pages",
        "make book",
        "make pdf",
        "actions/upload-pages-artifact",
    ]


def test_only_the_last_job_may_publish(workflow):
    build, publish = workflow["jobs"]["build"], workflow["jobs"]["publish"]
    assert workflow["permissions"] == {"contents": "read"}
    assert set(build["permissions"].values()) == {"read"}
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    assert publish["needs"] == "build"
    deployment = uses(publish, "deploy-pages")
    url = f"${{{{ steps.{deployment['id']}.outputs.page_url }}}}"
    assert publish["environment"] == {"name": "github-pages", "url": url}


def test_every_action_is_pinned_to_a_whole_version(workflow):
    used = [s["uses"] for job in workflow["jobs"].values() for s in job["steps"] if "uses" in s]
    assert len(used) == 5
    for action in used:
        assert re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", action)


def test_packages_come_from_no_host_that_the_readme_does_not_name(workflow):
    text = WORKFLOW.read_text(encoding="utf-8")
    hosts = re.findall(r"https?://\S+", text)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert hosts
    assert all(host in readme for host in hosts)
    assert workflow["jobs"]["build"]["timeout-minutes"] <= 60


def test_the_makefile_has_what_the_workflow_calls():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("book", "pdf"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
