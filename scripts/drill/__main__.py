"""Run two months of a sample county on a real scheduler, and look at what comes of them.

    .venv/bin/python -m scripts.drill [--shape embedded] [--keep] [--only first]

production: the parts of docker-compose.yaml, natively: PostgreSQL, Redis, Airflow with
CeleryExecutor, two workers, signed-in people by role. embedded: what `poverty-watch up` starts.
Both with a mail server; all on the loopback address at free ports, below one temporary folder that
is removed at the end. Exit code 1 if anything was not as it should be. Takes some ten minutes on two
processors.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from scripts.drill.places import PROJECT

sys.path.insert(0, str(PROJECT / "plugins"))

from rich.console import Console
from scripts.drill import story
from scripts.drill.compose import Composed
from scripts.drill.embedded import EmbeddedParts, Home
from scripts.drill.parts import Parts, Say
from scripts.drill.production import ProductionParts

from poverty_watch.cli.inbox_choice import last_full_month


def main() -> int:
    """Run the drill and say what was seen; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", choices=("production", "embedded"), default="production")
    parser.add_argument("--keep", action="store_true", help="leave the folder for looking into it")
    parser.add_argument(
        "--only", choices=("first", "second"), help="one of the two months, with what follows it"
    )
    options = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    begun = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[{time.monotonic() - begun:4.0f} 秒] {text}", markup=False)

    # Whoever ends the drill early still leaves nothing running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    root = Path(tempfile.mkdtemp(prefix=f"drill-{options.shape}-"))
    parts = _parts(options.shape, root, say)
    drill = story.Drill(parts)
    last = last_full_month()
    broke_off = ""
    try:
        parts.places.prepare()
        story.prepare(drill, last - 1, last)
        if options.only != "second":
            story.first_month(drill, last - 1)
        if options.only != "first":
            story.second_month(drill, last)
            story.desk_and_mails(drill, last)
        months = {"first": [last - 1], "second": [last]}
        story.aftermath(drill, months.get(options.only, [last - 1, last]))
    except Exception as error:
        broke_off = f"{type(error).__name__}: {error}"
    finally:
        parts.stop_all()
        if options.keep:
            say(f"演练的文件夹留在 {root}")
        else:
            story.clean_up(root)
    wrong = [what for what, is_so in drill.seen if not is_so]
    say(f"核对 {len(drill.seen)} 项，不符 {len(wrong)} 项")
    for what in wrong:
        say(f"✗ {what}")
    if broke_off:
        say(f"演练中断：{broke_off}")
    return 1 if wrong or broke_off else 0


def _parts(shape: str, root: Path, say: Say) -> Parts:
    if shape == "embedded":
        return EmbeddedParts(Home(root), say)
    return ProductionParts(Composed(root), say)


if __name__ == "__main__":
    sys.exit(main())
