"""Where returned sheets come in: a folder in the inbox, or a maildir that a mail client fills."""

from __future__ import annotations

import mailbox
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from poverty_watch.files import sha256_of
from poverty_watch.identity import mask_numbers
from poverty_watch.months import Month
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.returns.reading import LIMITS
from poverty_watch.verification.returns.taking import (
    ReturnOutcome,
    answer_again,
    answers_of_all,
    take_return,
)
from poverty_watch.workbooks.sheet import UnreadableError

FOLDER = "核实回表"
MAILDIR = "核实回表邮箱"
_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".et")
_LOCKS = ("~$", ".~", ".")


@dataclass(frozen=True)
class Returns:
    """Workbooks that were new, answers that were written late, and what could not be read.

    ``unreadable`` are Chinese sentences; ``answered`` the answers to workbooks that had been taken
    in when the process died before it had answered them.
    """

    taken: list[ReturnOutcome]
    unreadable: list[str]
    answered: list[Path]

    @property
    def summary(self) -> str:
        """Chinese lines for the log and the grid."""
        told = [*(one.summary for one in self.taken), *self.unreadable]
        if self.answered:
            told.append(f"补写以前收过的表的答复{len(self.answered)}份")
        return "；".join(told) or "没有新的核实回表"


def take_returns(desk: Desk) -> Returns:
    """Take in whatever lies in ``<inbox>/<YYYY-MM>/核实回表/[乡镇/]`` and in ``<inbox>/核实回表邮箱/``.

    A file that cannot be read stops no other. What was taken in before is left alone, but for an
    answer that is missing.
    """
    found, known = Returns([], [], []), answers_of_all(desk)
    for month, township, path in _files(desk.settings.inbox):
        _take(path, desk, month, township, known, found)
    with tempfile.TemporaryDirectory(prefix="returns-") as scratch:
        for path in _attachments(desk.settings.inbox / MAILDIR, Path(scratch)):
            _take(path, desk, Month.of(desk.today), "", known, found)
    return found


def _take(
    path: Path,
    desk: Desk,
    month: Month,
    township: str,
    known: dict[tuple[str, str], Path],
    found: Returns,
) -> None:
    try:
        key = sha256_of(path), township
        if key not in known:
            found.taken.append(take_return(path, desk, month, township))
            known[key] = found.taken[-1].answer
        elif not known[key].exists():
            found.answered.append(answer_again(desk, *key))
    except (UnreadableError, CaseError) as error:
        found.unreadable.append(mask_numbers(str(error)))
    except OSError as error:
        found.unreadable.append(f"文件“{mask_numbers(path.name)}”读不出来（{error.strerror}）。")


def _files(inbox: Path) -> Iterator[tuple[Month, str, Path]]:
    for folder in sorted(inbox.glob(f"[0-9][0-9][0-9][0-9]-[01][0-9]/{FOLDER}")):
        month = Month.parse(folder.parent.name)
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder).parts
            is_sheet = path.suffix.lower() in _SUFFIXES and not path.name.startswith(_LOCKS)
            if path.is_symlink() or not path.is_file() or not is_sheet or len(inside) > 2:
                continue
            yield month, inside[0] if len(inside) == 2 else "", path


def _attachments(folder: Path, scratch: Path) -> Iterator[Path]:
    """Workbooks in the maildir's mails; a mail's own word on who sent it is not believed."""
    if not (folder / "new").is_dir() and not (folder / "cur").is_dir():
        return
    for number, message in enumerate(mailbox.Maildir(folder, create=False)):
        for part_number, part in enumerate(message.walk()):
            name = Path(part.get_filename() or "").name
            content = part.get_payload(decode=True)
            if Path(name).suffix.lower() not in _SUFFIXES or not isinstance(content, bytes):
                continue
            if len(content) > LIMITS.file_bytes:
                continue
            own = scratch / f"{number}-{part_number}"
            own.mkdir()
            path = own / name
            path.write_bytes(content)
            yield path
