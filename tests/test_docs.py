"""What the pages of the documentation point at is there, and every picture is shown somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from poverty_watch.settings import PROJECT

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def pointed_at(page: Path) -> Iterator[Path]:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            yield (page.parent / unquote(target)).resolve()


def test_every_link_leads_somewhere() -> None:
    lost = {
        f"{page.relative_to(PROJECT)}: {target}"
        for page in PAGES
        for target in pointed_at(page)
        if not target.exists()
    }
    assert not lost


def test_every_picture_is_shown_on_a_page() -> None:
    pictures = set((PROJECT / "docs" / "images").glob("*.png"))
    assert pictures
    assert pictures <= {target for page in PAGES for target in pointed_at(page)}
