"""Two months of a small county, in whichever shape, as they would go: late, broken, mended, signed."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from scripts.drill.office import DESK, MONTHLY, WATCH, Person, RefusedError
from scripts.drill.parts import DrillError, Parts
from scripts.drill.places import Places

from poverty_watch.contracts import load_catalogue
from poverty_watch.months import Month
from poverty_watch.sample import generate
from poverty_watch.settings import Settings

LATE = "housing"  # delivers late
BROKEN = "health"  # one of its files arrives damaged
OFFICE, MEETING = "office@sample.example", "meeting@sample.example"
_HOUSEHOLDS = 500
_SEED = 7
_MONTH_WITHIN = 420  # seconds
_FINISHED = {"success", "failed"}
_SIGN, _RETURN = "同意签发", "退回"


@dataclass
class Drill:
    """One drill: its parts, its people, and what it has seen so far."""

    parts: Parts
    seen: list[tuple[str, bool]] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    samples: Path = Path()

    @property
    def office(self) -> Person:
        """The county office's own account."""
        return self.people["office"]

    @property
    def places(self) -> Places:
        """Where the drill's things are."""
        return self.parts.places

    @property
    def settings(self) -> Settings:
        """The installation, for looking into its ledger."""
        return Settings(self.places.state, self.places.inbox, self.parts.ledger_url)

    def say(self, text: str) -> None:
        """Tell whoever watches."""
        self.parts.say(text)

    def check(self, what: str, is_so: bool) -> None:
        """Note whether something is as it should be."""
        self.seen.append((what, is_so))
        self.say(f"  {'✓' if is_so else '✗'} {what}")

    def turn_to(self, day: date) -> None:
        """The county's calendar now shows this day."""
        beside = self.places.clock.with_suffix(".new")
        beside.write_text(day.isoformat(), encoding="utf-8")
        beside.replace(self.places.clock)
        self.say(f"日历翻到 {day:%Y年%-m月%-d日}")

    def deliver(self, month: Month, department: str, file: Path, content: bytes) -> None:
        """Put a file into a department's folder, whole."""
        folder = self.places.inbox / str(month) / department
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f".{file.name}.part"
        beside.write_bytes(content)
        beside.replace(folder / file.name)

    def wait_for_run(self, run: str, dag: str = MONTHLY, within: float = _MONTH_WITHIN) -> str:
        """The state in which a run ended."""
        self.parts.wait(
            f"{run} ends",
            lambda: self.office.run(dag, run)["state"] in _FINISHED,
            within,
        )
        return str(self.office.run(dag, run)["state"])

    def wait_for_task(self, run: str, task: str, states: set[str], dag: str = MONTHLY) -> None:
        """Wait until a task of a run is in one of these states."""

        def is_there() -> bool:
            found = self.office.states(dag, run)
            if found.get(task) in states:
                return True
            if found.get(task) in {"failed", "upstream_failed"}:
                raise DrillError(f"{task} of {run} is {found[task]}")
            return False

        self.parts.wait(f"{task} of {run} is {states}", is_there, _MONTH_WITHIN)


def prepare(drill: Drill, first: Month, last: Month) -> None:
    """Deliveries, addresses and the parts themselves."""
    drill.samples = drill.places.root / "samples"
    generate(drill.samples, first, last, _HOUSEHOLDS, _SEED, tidy=True)
    _write_addresses(drill.places)
    drill.turn_to((first + 1).first_day)
    drill.parts.start_mail()
    drill.parts.start()
    drill.parts.check_health(drill.check)
    drill.people = {**drill.parts.people(), "nobody": Person(drill.places.page)}
    drill.parts.wait(
        "the DAGs are there", lambda: _knows(drill.people["admin"], MONTHLY, DESK, WATCH)
    )


def _write_addresses(places: Places) -> None:
    path = places.project / "include" / "reference" / "recipients.yaml"
    known = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    townships = _townships(places)
    known["townships"] = {n: f"township{i}@sample.example" for i, n in enumerate(townships)}
    known["county"] = {"县专班": OFFICE}
    known["joint_meeting"] = {"联席会议办公室": MEETING}
    path.write_text(yaml.safe_dump(known, allow_unicode=True), encoding="utf-8")


def _townships(places: Places) -> list[str]:
    import csv

    (path,) = (places.project / "include" / "reference").glob("divisions_*.csv")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [row["name"] for row in csv.DictReader(stream) if row["level"] == "township"]


def _knows(person: Person, *dags: str) -> bool:
    try:
        return all(person.call("GET", f"/api/v2/dags/{dag}") for dag in dags)
    except RefusedError:
        return False


def first_month(drill: Drill, month: Month) -> None:
    """Triggered by the office: a department is late, a file is damaged, sent back and mended."""
    drill.say(f"— {month.chinese}：由专班在网页上触发")
    start = (month + 1).first_day
    departments = {path.name for path in (drill.samples / str(month)).iterdir()}
    for department in departments - {LATE}:
        _deliver_all(drill, month, department, damaged=department == BROKEN)
    trigger = {"logical_date": None, "partition_key": str(month)}
    path = f"/api/v2/dags/{MONTHLY}/dagRuns"
    drill.check(
        "没有登录的人不能触发", drill.people["nobody"].is_refused("POST", path, trigger) == 401
    )
    _check_looker(drill, "查看人员不能触发", "POST", path, trigger)
    drill.people["admin"].unpause(MONTHLY)
    run = drill.office.start_month(str(month))
    drill.check("触发的运行以月份开头", run.startswith(f"{month}__"))
    drill.wait_for_task(run, f"{LATE}.await_delivery", {"up_for_reschedule"})
    drill.wait_for_task(run, f"{BROKEN}.settle", {"success"})
    states = drill.office.states(MONTHLY, run)
    drill.check("没有报送的部门让本月等着，别的部门照常往下走", states["stage"] == "None")
    note = drill.office.run(MONTHLY, run)["note"] or ""
    drill.check("运行的备注写明月份", note.startswith(month.chinese))

    drill.turn_to(start + timedelta(days=3))
    _deliver_all(drill, month, LATE)
    drill.check("迟到的部门还没有登记结果", _late_dataset() not in _fates(drill, month))
    drill.wait_for_task(run, f"{LATE}.settle", {"success"})
    drill.check("迟到的部门一到就收下", _fates(drill, month)[_late_dataset()] == "accepted")
    _to_the_report(drill, month, run)
    fates = _fates(drill, month)
    drill.check("损坏的文件没有采用，写明原因", _broken_dataset() in _not_taken(fates))
    asked = f"{path}/{run}/taskInstances/approve/-1/hitlDetails"
    signature = {"chosen_options": [_SIGN], "params_input": {}}
    _check_looker(drill, "查看人员不能签发", "PATCH", asked, signature)
    drill.people["leader"].answer(run, "approve", _RETURN)
    _say_no_to_the_rest(drill, run)
    drill.check("退回的月报没有签发，运行显示失败", drill.wait_for_run(run) == "failed")
    drill.check("台账里没有签发的月报", "signed" not in _kinds(drill, month))
    told = [mail for mail in drill.parts.mails if OFFICE in str(mail["To"])]
    drill.check("未签发的通知邮件到了县专班", any("未签发" in str(m["Subject"]) for m in told))

    drill.say("部门把损坏的文件重新报来，专班重跑本月")
    _deliver_all(drill, month, BROKEN)
    run = drill.office.start_month(str(month))
    _to_the_report(drill, month, run)
    drill.check("改正的文件已采用", _broken_dataset() not in _not_taken(_fates(drill, month)))
    _sign(drill, month, run)


def _check_looker(drill: Drill, what: str, method: str, path: str, body: dict[str, Any]) -> None:
    """Who only looks is refused; the embedded shape has one account, and nobody who only looks."""
    if "looker" in drill.people:
        drill.check(what, drill.people["looker"].is_refused(method, path, body) == 403)


def second_month(drill: Drill, month: Month) -> None:
    """Started by the timetable: a department delivers after the cut-off, and is not waited for."""
    drill.say(f"— {month.chinese}：重启调度，由日程自动开始")
    start = (month + 1).first_day
    drill.turn_to(start)
    departments = {path.name for path in (drill.samples / str(month)).iterdir()}
    for department in departments - {LATE}:
        _deliver_all(drill, month, department)
    drill.people["admin"].unpause(MONTHLY)
    drill.parts.start_timetable()
    drill.parts.wait(
        "the timetable starts the month",
        lambda: any(each["run_type"] == "scheduled" for each in drill.office.runs(MONTHLY)),
    )
    (run,) = [
        str(each["dag_run_id"])
        for each in drill.office.runs(MONTHLY)
        if each["run_type"] == "scheduled"
    ]
    drill.check("自动开始的运行以月份开头", run.startswith(f"{month}__"))
    drill.wait_for_task(run, f"{LATE}.await_delivery", {"up_for_reschedule"})
    drill.turn_to(start + timedelta(days=5))
    drill.wait_for_task(run, f"{LATE}.settle", {"success"})
    _to_the_report(drill, month, run)
    fate = _fates(drill, month).get(_late_dataset())
    drill.check("过了截止日不再等，记为未报送", fate == "missing")
    _sign(drill, month, run)


def desk_and_mails(drill: Drill, month: Month) -> None:
    """Workdays later: reminders for the tasks that nobody has answered, by mail."""
    from poverty_watch.months import Workdays
    from poverty_watch.settings import REFERENCE

    calendar = Workdays.from_file(REFERENCE / "workdays.yaml")
    drill.turn_to(calendar.after((month + 1).first_day + timedelta(days=7), 10))
    drill.people["admin"].unpause(DESK)
    body: dict[str, Any] = {"logical_date": None}
    run = drill.office.call("POST", f"/api/v2/dags/{DESK}/dagRuns", body)["dag_run_id"]
    drill.check("核实办理台运行成功", drill.wait_for_run(run, DESK) == "success")
    sent = list(drill.parts.mails)
    reminders = [mail for mail in sent if "township" in str(mail["To"]) and "任务" in _text(mail)]
    drill.check(f"催办邮件到达：{len(reminders)} 封", bool(reminders))
    drill.people["admin"].unpause(WATCH)
    body = {"logical_date": None, "conf": {"month": str(month)}}
    run = drill.office.call("POST", f"/api/v2/dags/{WATCH}/dagRuns", body)["dag_run_id"]
    drill.check("期限看守运行成功", drill.wait_for_run(run, WATCH) == "success")
    drill.check("期限看守的邮件到了县专班", len(drill.parts.mails) > len(sent))
    sent = list(drill.parts.mails)
    told = "".join(_text(mail) for mail in sent)
    drill.check("邮件里没有完整的身份证号", not _full_numbers(told))


def _text(mail: Any) -> str:
    texts = (part for part in mail.walk() if part.get_content_maintype() == "text")
    return str(mail["Subject"]) + "".join(str(part.get_content()) for part in texts)


def aftermath(drill: Drill, months: list[Month]) -> None:
    """What must be true of the whole: ledger, journal, logs, a backup that comes back."""
    from poverty_watch.ledger.audit import verify
    from poverty_watch.ledger.store import open_ledger
    from poverty_watch.upkeep import back_up, restore

    ledger = open_ledger(drill.settings)
    for month in months:
        drill.check(f"{month.chinese}月报已签发", "signed" in _kinds(drill, month))
    drill.check("流水账完好", verify(ledger, drill.settings).is_sound)
    logs = "".join(path.read_text("utf-8", "replace") for path in drill.parts.logs.rglob("*.log"))
    drill.check("日志里没有完整的身份证号", not _full_numbers(logs))
    drill.check("日志里没有密码", not any(s in logs for s in drill.parts.passwords()))
    made = back_up(drill.settings, ledger, drill.places.root / "backup", "样本管理员")
    again = drill.places.root / "again"
    place = Settings(again, drill.places.inbox, f"sqlite:///{again / 'ledger.sqlite'}")
    restore(made.data, made.keys, place, "样本管理员")
    drill.check("备份恢复到另一处，流水账完好", verify(open_ledger(place), place).is_sound)


def _full_numbers(text: str) -> list[str]:
    import re

    from poverty_watch.identity import mask_numbers

    found = re.findall(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])", text)
    return [number for number in found if mask_numbers(number) != number]


def _deliver_all(drill: Drill, month: Month, department: str, *, damaged: bool = False) -> None:
    folder = drill.samples / str(month) / department
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for number, file in enumerate(files):
        content = file.read_bytes()
        if damaged and number == 0:
            content = content[: len(content) // 2]
        drill.deliver(month, department, file, content)


def _late_dataset() -> str:
    return next(iter(load_catalogue().departments[LATE].contracts))


def _broken_dataset() -> str:
    return next(iter(load_catalogue().departments[BROKEN].contracts))


def _to_the_report(drill: Drill, month: Month, run: str) -> None:
    """Answer what is asked on the way, turn to the day of the draft, and wait for it."""
    drill.turn_to((month + 1).first_day + timedelta(days=7))

    def is_asked() -> bool:
        asked = drill.office.asked(run)
        for task in asked:
            if task.endswith(".decide"):
                drill.office.answer(run, task, "都不接收")
        state = drill.office.states(MONTHLY, run)
        for task in ("build_report", "approve"):
            if state.get(task) in {"failed", "upstream_failed"}:
                raise DrillError(f"{task} of {run} is {state[task]}")
        return "approve" in asked

    drill.parts.wait(f"{run} asks for a signature", is_asked, _MONTH_WITHIN)
    subject = drill.office.asked(run)["approve"]["subject"]
    drill.check(f"请签的标题以月份开头：{subject}", subject.startswith(str(month)))


def _say_no_to_the_rest(drill: Drill, run: str) -> None:
    time.sleep(2)
    for task in drill.office.asked(run):
        if task.endswith(".decide"):
            drill.office.answer(run, task, "都不接收")


def _sign(drill: Drill, month: Month, run: str) -> None:
    drill.people["leader"].answer(run, "approve", _SIGN)
    _say_no_to_the_rest(drill, run)
    drill.check(f"{month.chinese}签发后运行成功", drill.wait_for_run(run) == "success")
    drill.check(f"{month.chinese}月报是签发版", _kinds(drill, month)[-1] == "signed")
    reports = list((drill.places.state / "outbox" / str(month)).glob("*签发*.xlsx"))
    drill.check(f"签发的工作簿在发件夹：{len(reports)} 份", bool(reports))
    sent = [mail for mail in drill.parts.mails if month.chinese in str(mail["Subject"])]
    reports_sent = [mail for mail in sent if any(mail.iter_attachments())]
    to = [str(mail["To"]) for mail in reports_sent]
    drill.check(f"月报邮件到达：{len(to)} 封，每个收件人一封", len(to) == len(set(to)) > 0)
    drill.check("联席会议收到月报", MEETING in to)


def _fates(drill: Drill, month: Month) -> dict[str, str]:
    from poverty_watch.ledger.deliveries import fates
    from poverty_watch.ledger.store import open_ledger

    with open_ledger(drill.settings).transaction() as session:
        return {fate.dataset: fate.status for fate in fates(session, month)}


def _not_taken(fates: dict[str, str]) -> set[str]:
    return {dataset for dataset, status in fates.items() if status in ("rejected", "error")}


def _kinds(drill: Drill, month: Month) -> list[str]:
    from sqlalchemy import select

    from poverty_watch.ledger.models import ReportVersion
    from poverty_watch.ledger.store import open_ledger

    with open_ledger(drill.settings).transaction() as session:
        return list(
            session.scalars(
                select(ReportVersion.kind)
                .where(ReportVersion.month == str(month))
                .order_by(ReportVersion.number)
            )
        )


def clean_up(root: Path) -> None:
    """Remove everything that the drill wrote."""
    shutil.rmtree(root, ignore_errors=True)
