"""The words of the office's mails: ``include/templates/邮件/<name>.txt`` and ``.html``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from poverty_watch.report.watch import chinese_day
from poverty_watch.settings import TEMPLATES

FOLDER = TEMPLATES / "邮件"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = chinese_day
    return environment


def worded(name: str, /, **given: Any) -> tuple[str, str]:
    """A mail's plain text and its HTML."""
    plain, rich = (
        _templates().get_template(f"{name}.{form}").render(given) for form in ("txt", "html")
    )
    return plain.strip() + "\n", rich
