"""Says how to cite the book, from `CITATION.cff` alone.

The directive ``{citation} book text`` gives a sentence, ``{citation} book bibtex`` an entry for
BibTeX; ``study`` in place of ``book`` gives the study that the book follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FILE = "CITATION.cff"
# What BibTeX calls the kinds of CITATION.cff.
_KINDS = {
    "software": "software",
    "book": "book",
    "article": "article",
    "conference-paper": "inproceedings",
}


def connect(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("citation", Citation)


def read(root: Path) -> dict[str, dict[str, Any]]:
    """Return what the file says of the book and of the study that it follows.

    Args:
        root: the folder that has `CITATION.cff`.
    """
    book = yaml.safe_load((root / FILE).read_text(encoding="utf-8"))
    return {"book": book, "study": book["references"][0]}


def as_text(work: Mapping[str, Any]) -> str:
    """Return a work as a sentence in a list of references.

    Args:
        work: an entry in the words of `CITATION.cff`.

    Example:
        >>> as_text({"authors": [{"name": "A group"}], "title": "On walks", "version": 1.2})
        'A group. On walks. Version 1.2.'
    """
    parts = [_joined(_initials(one) for one in work["authors"])]
    parts.append(work["title"])
    if "conference" in work:
        parts.append(f"In {work['conference']['name']}")
    if "version" in work:
        parts.append(f"Version {work['version']}")
    parts += filter(None, (year(work), *identifiers(work)))
    return " ".join(f"{part.rstrip('.')}." for part in parts)


def as_bibtex(work: Mapping[str, Any]) -> str:
    """Return a work as an entry for BibTeX.

    Args:
        work: an entry in the words of `CITATION.cff`.

    Raises:
        ValueError: for a kind of work that has no counterpart here.

    Example:
        >>> print(as_bibtex({"type": "software", "title": "walks: a package", "version": 1.2,
        ...                  "authors": [{"name": "A group"}]}))
        @software{walks,
          title = {{walks: a package}},
          author = {{A group}},
          version = {1.2},
        }
    """
    if work["type"] not in _KINDS:
        raise ValueError(
            f"type must be one of {', '.join(_KINDS)}, got {work['type']!r}"
        )
    fields = {
        "title": f"{{{work['title']}}}",
        "author": " and ".join(map(_reversed, work["authors"])),
        "booktitle": work.get("conference", {}).get("name"),
        "year": year(work),
        "version": work.get("version"),
        "note": ", ".join(identifiers(work)),
    }
    lines = [
        f"  {key} = {{{value}}}," for key, value in fields.items() if value
    ]
    return "\n".join([f"@{_KINDS[work['type']]}{{{_key(work)},", *lines, "}"])


def year(work: Mapping[str, Any]) -> str:
    """Return the year of a work, or nothing where none is given.

    Example:
        >>> year({"date-released": "2031-05-01"}), year({"year": 2023}), year({})
        ('2031', '2023', '')
    """
    return str(work.get("year") or work.get("date-released", ""))[:4]


def identifiers(work: Mapping[str, Any]) -> list[str]:
    """Return where a work is to be found: DOI, arXiv number, address."""
    found = [f"doi:{work['doi']}"] if "doi" in work else []
    found += [one["value"] for one in work.get("identifiers", [])]
    return found + ([work["url"]] if "url" in work else [])


def _joined(names: Any) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _initials(author: Mapping[str, str]) -> str:
    if "name" in author:
        return author["name"]
    given = " ".join(f"{name[0]}." for name in author["given-names"].split())
    return f"{given} {author['family-names']}"


def _reversed(author: Mapping[str, str]) -> str:
    if "name" in author:
        return f"{{{author['name']}}}"  # a group's name has no first and last
    return f"{author['family-names']}, {author['given-names']}"


def _key(work: Mapping[str, Any]) -> str:
    first = work["authors"][0]
    if "family-names" in first:
        return f"{first['family-names'].lower()}{year(work)}"
    return work["title"].partition(":")[0].split()[0].lower()


class Citation(SphinxDirective):
    """A work of `CITATION.cff` in one of the forms."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Return the work as a paragraph or as a block of code."""
        root = Path(self.env.srcdir)
        self.env.note_dependency(str(root / FILE))
        works = read(root)
        which, form = self.arguments
        if which not in works or form not in ("text", "bibtex"):
            raise self.error(
                "citation takes book or study, then text or bibtex; "
                f"got {which!r} and {form!r}"
            )
        if form == "text":
            return [nodes.paragraph(text=as_text(works[which]))]
        entry = as_bibtex(works[which])
        return [nodes.literal_block(entry, entry, language="bibtex")]
