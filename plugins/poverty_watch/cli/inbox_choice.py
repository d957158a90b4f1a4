"""Which deliveries and which month a command works on; the sample county where there is nothing."""

from __future__ import annotations

from pathlib import Path

from poverty_watch.cli.console import CommandError, say
from poverty_watch.months import Month, MonthError
from poverty_watch.settings import Settings, today

SAMPLE_HOUSEHOLDS = 2000
SAMPLE_MONTHS = 3
SAMPLE_SEED = 1


def last_full_month() -> Month:
    """The latest month that is over."""
    return Month.of(today()) - 1


def months_in(inbox: Path) -> list[Month]:
    """Months for which the inbox has a folder, in order."""
    found = []
    for folder in inbox.iterdir() if inbox.is_dir() else ():
        try:
            month = Month.parse(folder.name)
        except MonthError:
            continue
        if folder.is_dir():
            found.append(month)
    return sorted(found)


def require_inbox(inbox: Path) -> None:
    """Make sure that there is an inbox.

    Raises:
        CommandError: there is none, or it is no folder.
    """
    if not inbox.exists():
        raise CommandError(
            f"没有收件夹 {inbox}。请检查路径，或先建立该文件夹并放入“年-月/部门/文件”。"
        )
    if not inbox.is_dir():
        raise CommandError(f"{inbox} 不是文件夹。")


def choose_month(wanted: Month | None, inbox: Path) -> Month:
    """The month asked for, else the latest one in the inbox that is over.

    Raises:
        CommandError: the inbox has no folder for it, or the month is not over yet.
    """
    require_inbox(inbox)
    months = months_in(inbox)
    if wanted is None:
        over = [month for month in months if month <= last_full_month()]
        if not over:
            raise CommandError(
                f"收件夹 {inbox} 里没有已过完的月份的文件夹（应命名为 2021-04 的形式）。"
            )
        return over[-1]
    if wanted not in months:
        there = (
            f"现有：{'、'.join(str(m) for m in months)}。"
            if months
            else "其中没有任何月份的文件夹。"
        )
        raise CommandError(f"收件夹 {inbox} 里没有 {wanted} 的文件夹。{there}")
    if wanted > last_full_month():
        raise CommandError(f"{wanted.chinese}还没有过完，请在次月运行。")
    return wanted


def with_sample_if_empty(settings: Settings) -> None:
    """Generate the sample county into the home's own inbox if that has no month yet."""
    if settings.inbox != settings.home / "inbox" or months_in(settings.inbox):
        return
    last = last_full_month()
    say("收件夹是空的，先生成样例县的报送文件（虚构数据）……")
    first = last - (SAMPLE_MONTHS - 1)
    say(generate_sample(settings.inbox, first, last, SAMPLE_HOUSEHOLDS, SAMPLE_SEED))


def generate_sample(folder: Path, first: Month, last: Month, households: int, seed: int) -> str:
    """Write a sample county; says what was written."""
    from poverty_watch.sample import SampleError, generate

    try:
        made = generate(folder, first, last, households, seed)
    except SampleError as error:
        raise CommandError(str(error)) from None
    return (
        f"样例县已生成：{made.households}户、{made.persons}人，{first}至{last}，"
        f"{made.files}个文件，在 {made.folder}"
    )
