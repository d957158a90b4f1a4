"""Take the manual's pictures again: Airflow's own pages and the board, from a running `poverty-watch up`.

POVERTY_WATCH_HOME=... python scripts/screenshots.py [--folder docs/images] [--only 本月]

It signs in as the administrator of that home, in a Chromium without a window, and saves small PNG
files. Run it over the sample county, after `sample_cases.py`: what is on the pictures is shown to
everybody.
"""

from __future__ import annotations

import argparse
import base64
import io
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

DESKTOP, PHONE = (1280, 860), (390, 780)
MOST_BYTES = 150_000
_COLOURS = (128, 64, 32)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
# What a person would choose in the user menu: language and time zone.
_CHOSEN = "localStorage.setItem('i18nextLng', 'zh-CN'); localStorage.setItem('timezone', JSON.stringify('Asia/Shanghai'));"
_OPENER = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Shot:
    """One picture: its file's name, what is opened, how large the window is, how long it settles."""

    name: str
    path: str
    size: tuple[int, int] = DESKTOP
    wait: float = 0.6


def shots(month: str, household: str, dataset: str, rule: str, comparison: str) -> list[Shot]:
    """All pictures of the manual."""
    board = "/poverty-watch"
    return [
        Shot("airflow-流程列表", "/dags", wait=4),
        Shot("airflow-月度运行", "/dags/monthly_monitoring", (1280, 1000), 12),
        Shot("airflow-防贫守望", "/plugin/poverty-watch-board", wait=10),
        Shot("本月", f"{board}/month?month={month}"),
        Shot("本月-手机", f"{board}/month?month={month}", PHONE),
        Shot("部门报送", f"{board}/deliveries?month={month}", (1280, 1180)),
        Shot("部门报送-一份", f"{board}/deliveries/{month}/{dataset}", (1280, 1180)),
        Shot("数据质量", f"{board}/quality?month={month}"),
        Shot("预警", f"{board}/warnings?month={month}"),
        Shot("预警-户", f"{board}/warnings/{month}/{rule}"),
        Shot("比对", f"{board}/comparisons?month={month}"),
        Shot("比对-逐条", f"{board}/comparisons/{month}/{comparison}"),
        Shot("核实进度", f"{board}/verification"),
        Shot("核实进度-手机", f"{board}/verification", PHONE),
        Shot("一户", f"{board}/households/{month}/{household}", (1280, 1180)),
        Shot("案件", f"{board}/cases"),
        Shot("帮扶", f"{board}/measures"),
        Shot("报告", f"{board}/reports"),
        Shot("规则", f"{board}/rules"),
        Shot("规则-一条", f"{board}/rules/{rule}"),
        Shot("试校验", f"{board}/try"),
    ]


class Browser:
    """A page of a browser, driven over its debugging protocol."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    def tell(self, method: str, **given: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": given}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def picture(self, address: str, shot: Shot) -> bytes:
        """What stands on a page, as PNG."""
        wide, high = shot.size
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=wide,
            height=high,
            deviceScaleFactor=1,
            mobile=shot.size == PHONE,
        )
        self.tell("Page.navigate", url=address + shot.path)
        self._wait_until_loaded()
        time.sleep(shot.wait)
        data = self.tell("Page.captureScreenshot", format="png")["data"]
        return base64.b64decode(data)

    def problems(self) -> dict[str, Any]:
        """How wide the page is beside its window, and its title."""
        asked = "JSON.stringify({wide: document.documentElement.scrollWidth, window: innerWidth, title: document.title})"
        value = self.tell("Runtime.evaluate", expression=asked)["result"]["value"]
        found: dict[str, Any] = json.loads(value)
        return found

    def _wait_until_loaded(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            state = self.tell("Runtime.evaluate", expression="document.readyState")
            if state["result"].get("value") == "complete":
                return
            time.sleep(0.1)
        raise RuntimeError("the page does not end to load")


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a profile of its own, ended with the block."""
    from websockets.sync.client import connect

    program = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if program is None:
        raise SystemExit("没有找到 Chromium，请先安装。")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(_page_of(Path(profile)), max_size=None, proxy=None) as socket:
                yield Browser(socket)
        finally:
            process.terminate()
            process.wait(20)


def _page_of(profile: Path) -> str:
    told = profile / "DevToolsActivePort"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if told.is_file() and len(lines := told.read_text().split()) == 2:
            with _OPENER.open(f"http://127.0.0.1:{lines[0]}/json", timeout=30) as answer:
                pages = [one for one in json.load(answer) if one["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.2)
    raise RuntimeError("the browser does not start")


def small(png: bytes) -> bytes:
    """The picture in few colours, so that it stays below ``MOST_BYTES``."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    content = png
    for colours in _COLOURS:
        out = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        content = out.getvalue()
        if len(content) <= MOST_BYTES:
            break
    return content


def _examples() -> list[Shot]:
    """Pictures of the newest month, of things that it has."""
    from sqlalchemy import func, select

    from poverty_watch.ledger.findings import open_after
    from poverty_watch.ledger.models import Case, Delivery, Finding, HitFate, Lead
    from poverty_watch.ledger.store import open_ledger
    from poverty_watch.months import Month
    from poverty_watch.settings import Settings

    with open_ledger(Settings.from_environment()).transaction() as session:
        month = session.scalar(select(func.max(Lead.month)))
        if month is None:
            raise SystemExit("还没有线索，请先运行一个月。")
        of_month = (Lead.month == month, Lead.status == "raised")
        with_case = select(Case.household_id)
        households = select(Lead.household_id).where(*of_month).order_by(Lead.household_id)
        household = session.scalar(
            households.where(Lead.household_id.in_(with_case)).limit(1)
        ) or session.scalar(households.limit(1))
        rule = session.scalar(
            select(HitFate.rule_id)
            .where(HitFate.month == month)
            .group_by(HitFate.rule_id)
            .order_by(func.count().desc(), HitFate.rule_id)
            .limit(1)
        )
        comparison = session.scalar(
            select(Finding.comparison_id)
            .where(open_after(Month.parse(month)), Finding.household_id.is_not(None))
            .group_by(Finding.comparison_id)
            .order_by(func.count().desc(), Finding.comparison_id)
            .limit(1)
        )
        dataset = session.scalar(
            select(Delivery.dataset)
            .where(Delivery.month == month, Delivery.rejected_rows > 0)
            .order_by(Delivery.rejected_rows.desc(), Delivery.dataset)
            .limit(1)
        )
    return shots(
        month, str(household), str(dataset or "social_assistance"), str(rule), str(comparison)
    )


def main() -> int:
    """Take all pictures, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    folder = Path(__file__).resolve().parents[1] / "docs" / "images"
    parser.add_argument("--folder", type=Path, default=folder)
    parser.add_argument("--only", action="append", default=[])
    given = parser.parse_args()
    from poverty_watch.cli.services import address, login, running
    from poverty_watch.settings import Settings

    settings = Settings.from_environment()
    if not running(settings):
        raise SystemExit("网页没有启动，请先执行 make up。")
    where = address(settings)
    token = login(settings).token
    given.folder.mkdir(parents=True, exist_ok=True)
    with browser() as page:
        page.tell("Page.enable")
        page.tell("Page.addScriptToEvaluateOnNewDocument", source=_CHOSEN)
        page.tell("Network.setCookie", name="_token", value=token, url=where)
        for shot in _examples():
            if given.only and shot.name not in given.only:
                continue
            content = small(page.picture(where, shot))
            seen = page.problems()
            (given.folder / f"{shot.name}.png").write_bytes(content)
            wider = seen["wide"] > seen["window"]
            sys.stdout.write(
                f"{shot.name}.png {len(content) // 1024} kB {seen['title']}"
                f"{'，页面比窗口宽' if wider else ''}\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
