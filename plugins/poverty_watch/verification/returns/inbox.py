"""Where returned sheets come in: a folder in the inbox, or a maildir that a mail client fills."""

from __future__ import annotations

import mailbox
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from poverty_watch.identity import mask_numbers
from poverty_watch.months import Month
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.returns.reading import LIMITS
from poverty_watch.verification.returns.taking import ReturnOutcome, is_taken, take_return
from poverty_watch.workbooks.sheet import UnreadableError

FOLDER = "核实回表"
MAILDIR = "核实回表邮箱"
_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".et")
_LOCKS = ("~$", ".~", ".")


@dataclass(frozen=True)
class Returns:
    """Workbooks that were new, and Chinese sentences on those that could not be read."""

    taken: list[ReturnOutcome]
    unreadable: list[str]

    @property
    def summary(self) -> str:
        """Chinese lines for the log and the grid."""
        if not self.taken and not self.unreadable:
            return "没有新的核实回表"
        return "；".join([*(one.summary for one in self.taken), *self.unreadable])


def take_returns(desk: Desk) -> Returns:
    """Take in whatever lies in ``<inbox>/<YYYY-MM>/核实回表/[乡镇/]`` and in ``<inbox>/核实回表邮箱/``.

    A file that cannot be read stops no other. What was taken in before is left alone.
    """
    taken, unreadable = list[ReturnOutcome](), list[str]()
    for month, township, path in _files(desk.settings.inbox):
        _take(path, desk, month, township, taken, unreadable)
    with tempfile.TemporaryDirectory(prefix="returns-") as scratch:
        for path in _attachments(desk.settings.inbox / MAILDIR, Path(scratch)):
            _take(path, desk, Month.of(desk.today), "", taken, unreadable)
    return Returns(taken, unreadable)


def _take(
    path: Path,
    desk: Desk,
    month: Month,
    township: str,
    taken: list[ReturnOutcome],
    unreadable: list[str],
) -> None:
    try:
        if not is_taken(path, desk, township):
            taken.append(take_return(path, desk, month, township))
    except (UnreadableError, CaseError) as error:
        unreadable.append(mask_numbers(str(error)))
    except OSError as error:
        unreadable.append(f"文件“{mask_numbers(path.name)}”读不出来（{error.strerror}）。")


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
