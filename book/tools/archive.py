"""Packs the built site into one file to take away, and offers it on *Reading offline*.

The archive is a function of the site alone: files in the order of their names, at one fixed time.
It holds neither itself nor the PDF, and its copy of the page says so in place of links.
"""

from __future__ import annotations

import hashlib
import html
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
ARCHIVE = "lossviz-book.zip"
PDF = "lossviz-book.pdf"
FOLDER = "lossviz-book"
PAGE = "book/offline.html"
# Beside the PDF: the digest of the archive whose pages it was printed from.
PDF_OF = ".lossviz-book.pdf-of"

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_PLACE = re.compile(
    r"(<!-- downloads -->).*?(<!-- /downloads -->)", re.DOTALL
)
_UNZIPPED = (
    "<p>This copy of the page comes from the archive, which holds neither itself "
    "nor the PDF.</p>"
)


def members(site: Path) -> Iterator[Path]:
    """Yield the files that belong into the archive, ordered by name."""
    names = sorted(
        file.relative_to(site).as_posix()
        for file in site.rglob("*")
        if file.is_file()
    )
    yield from (site / name for name in names if name not in (ARCHIVE, PDF))


def with_downloads(page: str, said: str) -> str:
    """Return a page with other words at its place for downloads.

    Raises:
        ValueError: if the page has no such place.

    Example:
        >>> with_downloads("<!-- downloads -->old<!-- /downloads -->", "new")
        '<!-- downloads -->new<!-- /downloads -->'
    """
    changed, count = _PLACE.subn(
        lambda found: found[1] + said + found[2], page
    )
    if count != 1:
        raise ValueError(f"the page has {count} places for downloads, not 1")
    return changed


def pack(site: Path, target: Path) -> None:
    """Write the archive of a site.

    Args:
        site: the folder of the built site.
        target: the file to write.

    Raises:
        FileNotFoundError: if there is no site.
    """
    if not (site / "index.html").is_file():
        raise FileNotFoundError(f"no site in {site}: run `make book`")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in members(site):
            name = file.relative_to(site).as_posix()
            content = file.read_bytes()
            if name == PAGE:
                page = with_downloads(content.decode("utf-8"), _UNZIPPED)
                content = page.encode("utf-8")
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # the same on every machine
            entry.external_attr = 0o100644 << 16
            packed.writestr(entry, content)


def size(file: Path) -> str:
    """Return a file's size in words, rounded up to tenths of a megabyte."""
    tenths = -(-file.stat().st_size // 100_000)
    return f"{tenths / 10:.1f} MB"


def digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def note_pdf(site: Path) -> None:
    """Note beside the PDF which pages it shows."""
    mark = site.parent / PDF_OF
    mark.write_text(digest(site / ARCHIVE), encoding="utf-8")


def current_pdf(site: Path) -> Path | None:
    """Return the PDF that was printed from the present pages, or None."""
    pdf, mark = site.parent / PDF, site.parent / PDF_OF
    if not (pdf.is_file() and mark.is_file()):
        return None
    printed_from = mark.read_text(encoding="utf-8")
    return pdf if printed_from == digest(site / ARCHIVE) else None


def offer(site: Path) -> None:
    """Link to the archive on *Reading offline*, and to the PDF if it shows the present pages."""
    links = [_link(site / ARCHIVE, "The whole site as one archive")]
    published = site / PDF
    pdf = current_pdf(site)
    if pdf:
        _write(published, pdf.read_bytes())
        links.append(_link(published, "The whole book as PDF"))
    else:
        published.unlink(missing_ok=True)
    page = site / PAGE
    if page.is_file():
        said = f"<ul>{''.join(links)}</ul>"
        changed = with_downloads(page.read_text(encoding="utf-8"), said)
        _write(page, changed.encode("utf-8"))


def _link(file: Path, said: str) -> str:
    name = html.escape(file.name)
    return f'<li><a href="../{name}" download>{said}</a> ({size(file)})</li>'


def _write(target: Path, content: bytes) -> None:
    """Write a file unless it has that content already: its time then stays, too."""
    if not target.is_file() or target.read_bytes() != content:
        target.write_bytes(content)


def main(site: Path) -> None:
    """Make the archive anew and link to it."""
    draft = site.parent / f".{ARCHIVE}"
    pack(site, draft)
    _write(site / ARCHIVE, draft.read_bytes())
    draft.unlink()
    offer(site)
    print(f"The archive is {site / ARCHIVE} ({size(site / ARCHIVE)})")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if sys.argv[1:] else SITE)
