"""Lighthouse on a page of each kind; `make audit` looks at all."""

from __future__ import annotations

import pytest

import lighthouse

pytestmark = [pytest.mark.site, pytest.mark.slow]

OF_EACH_KIND = [
    "book/index.html",
    "book/what-an-activation-function-does.html",  # formulae, pictures, an explorer
    "book/api/study.html",
    "search.html",
    "404.html",
]


@pytest.mark.parametrize("path", OF_EACH_KIND)
def test_accessibility_best_practices_and_search_engines_are_full(address, path):
    found = lighthouse.audit(f"{address}/{path}")
    assert found.scores == dict.fromkeys(lighthouse.FULL, 100), found.faults


def report(score, error=None):
    audits = {
        "good": {"id": "good", "title": "Good", "score": 1},
        "bad": {"id": "bad", "title": "Bad", "score": 0},
        "light": {"id": "light", "title": "Without weight", "score": 0},
        "silent": {"id": "silent", "title": "Does not apply", "score": None},
    }
    weights = {"good": 1, "bad": 1, "light": 0, "silent": 1}
    refs = [{"id": name, "weight": weight} for name, weight in weights.items()]
    return {
        "runtimeError": error,
        "audits": audits,
        "categories": {"seo": {"score": score, "auditRefs": refs}},
    }


def test_a_report_is_read_with_its_faults():
    assert lighthouse.read(report(0.92)) == lighthouse.Audit({"seo": 92}, ("seo: bad, Bad",))


def test_a_page_that_was_not_loaded_has_no_score():
    with pytest.raises(RuntimeError, match="no such host"):
        lighthouse.read(report(None, {"message": "no such host"}))
    with pytest.raises(RuntimeError, match="no score for seo"):
        lighthouse.read(report(None))
