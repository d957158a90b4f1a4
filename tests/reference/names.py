"""Names of persons and villages, made comparable."""

from __future__ import annotations

import re
import unicodedata

_DOTS = "·•．.・‧∙"
_ENDINGS = ("村民委员会", "居民委员会", "村委会", "居委会", "社区", "村")


def person_name(name: str | None) -> str:
    """NFKC, without white space, every form of the dot the same."""
    even = re.sub(r"\s", "", unicodedata.normalize("NFKC", name or ""))
    return "".join("·" if character in _DOTS else character for character in even)


def village_name(village: str | None) -> str:
    """A village without what it ends in: 大寨村村民委员会 is 大寨."""
    even = re.sub(r"\s", "", unicodedata.normalize("NFKC", village or ""))
    while True:
        for ending in _ENDINGS:
            if even.endswith(ending):
                even = even.removesuffix(ending)
                break
        else:
            return even
