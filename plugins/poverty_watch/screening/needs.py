"""What cannot be judged when a dataset is missing."""

from __future__ import annotations

from poverty_watch.screening.definitions import Definitions, load_definitions


def needing(definitions: Definitions | None = None) -> dict[str, tuple[str, ...]]:
    """By dataset the rules and comparisons in force that do not run without it, as W01住院自付累计超线.

    Those that run dataset by dataset are left out: they judge what is there.
    """
    found: dict[str, list[str]] = {}
    known = definitions or load_definitions()
    headers = [file.header for file in known.rules]
    for header in (*headers, *(file.header for file in known.comparisons)):
        if header.state != "in_force" or header.one_by_one:
            continue
        for source in header.sources:
            found.setdefault(source, []).append(f"{header.id}{header.title}")
    return {dataset: tuple(checks) for dataset, checks in found.items()}
