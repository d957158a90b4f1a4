"""What is over is listed, then erased and written down; what is not stays."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from poverty_watch.identity import Keyring
from poverty_watch.intake.remaining import LostError, check_remaining
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.audit import verify
from poverty_watch.ledger.models import (
    DatasetMonth,
    Delivery,
    Finding,
    JournalEntry,
    Purge,
    SeenFile,
)
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.upkeep import Retention, UpkeepError, due, purge

CAR = "甲名下有小型轿车（样A00001）。"
APRIL, MAY = Month(2021, 4), Month(2021, 5)
POLICY = Retention.model_validate(
    {"raw": 24, "sheets": 12, "logs": 6, "assets": {"months": 6, "datasets": ["vehicles"]}}
)


def _file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("内容", encoding="utf-8")
    return path


def _seen(sha256: str, month: Month) -> SeenFile:
    return SeenFile(
        month=str(month),
        department="public_security",
        path=f"{month}/车.xlsx",
        sha256=sha256,
        bytes=1,
        modified_at=datetime(2021, 5, 1, tzinfo=UTC),
        arrival=1,
        dataset="vehicles",
        fate="settled",
        kind="whole",
    )


@pytest.fixture
def april(settings: Settings, ledger: Ledger, keys: Keyring) -> dict[str, Path]:
    """A month's things, and the next month's of the same kind."""
    things = {
        "raw": _file(settings.raw / "aa" / ("aa" + "0" * 62 + ".xlsx")),
        "raw_of_both": _file(settings.raw / "bb" / ("bb" + "0" * 62 + ".xlsx")),
        "rows": _file(settings.lake / "vehicles" / "2021-04" / "v0001" / "accepted.parquet"),
        "rows_of_may": _file(settings.lake / "vehicles" / "2021-05" / "v0001" / "accepted.parquet"),
        "others": _file(settings.lake / "deaths" / "2021-04" / "v0001" / "accepted.parquet"),
        "sheet": _file(settings.outbox / "2021-04" / "核实任务" / "甸阳镇.xlsx"),
        "report": _file(settings.outbox / "2021-04" / "月报表_2021年4月_第1版_签发.xlsx"),
    }
    with ledger.transaction() as session:
        session.add_all([_seen("aa" + "0" * 62, APRIL), _seen("bb" + "0" * 62, APRIL)])
        session.add(_seen("bb" + "0" * 62, MAY))
        delivery = Delivery(
            month="2021-04",
            dataset="vehicles",
            department="public_security",
            content_sha256="c" * 64,
            policy_sha256="p" * 64,
            status="accepted",
            version=1,
            faults={},
            open_queries=0,
            files=[],
            messages=[],
        )
        session.add(delivery)
        session.flush()
        session.add(
            DatasetMonth(
                month="2021-04",
                dataset="vehicles",
                department="public_security",
                status="accepted",
                delivery_id=delivery.id,
                messages=[],
            )
        )
        for number, closed in enumerate((None, "2021-04")):
            session.add(
                Finding(
                    comparison_id="C14",
                    subject="household",
                    subject_id=f"R:{number}",
                    dataset="",
                    round=1,
                    outcome="ASSET",
                    opened_month="2021-03",
                    seen_month="2021-04",
                    closed_month=closed,
                    evidence={"sentence": "名下有小型轿车"},
                    owner_kind="township",
                    owner="甸阳镇",
                    household_id=f"R:{number}",
                    township="甸阳镇",
                    village="",
                )
            )
    return things


def _json(told: object) -> str:
    return json.dumps(told, ensure_ascii=False)


def _computed(settings: Settings, month: Month, *households: str) -> Path:
    """A month's findings: a car each, and one fault that is about no property."""
    told = {
        "title": "名下有车辆",
        "outcome": "ASSET",
        "verifies": "public_security",
        "basis": "目录",
    }
    rows = [
        {
            "comparison_id": "C14",
            "subject": "household",
            "subject_id": household,
            "household_id": household,
            "evidence": _json(told | {"sentence": CAR, "rows_total": 1, "rows": [{"name": "甲"}]}),
        }
        for household in households
    ]
    rows.append(
        rows[0]
        | {"comparison_id": "C09", "evidence": _json({"outcome": "FIX", "sentence": "低保"})}
    )
    names = ("comparison_id", "subject", "subject_id", "household_id", "dataset", "evidence")
    table = pa.table({name: [row.get(name) for row in rows] for name in names})
    Screenings(settings.lake).write(month, "f" * 8, {"findings": table}, part="comparisons")
    return Screenings(settings.lake).path(month, "f" * 8, "findings")


def test_what_a_computed_month_says_of_property_goes_and_its_counts_stay(
    settings: Settings, ledger: Ledger, april: dict[str, Path]
) -> None:
    # R:0 is still asked about, in the words of April; R:1 is settled; of May nothing is over.
    path, of_may = _computed(settings, APRIL, "R:0", "R:1"), _computed(settings, MAY, "R:1")
    day = date(2021, 11, 1)
    assert ("computed", "2021-04") in _kinds(settings, ledger, day)
    purge(settings, ledger, due(settings, ledger, day, POLICY), "样本管理员")
    rows = pq.read_table(path).to_pylist()
    assert [row["subject_id"] for row in rows] == ["R:0", "R:1", "R:0"]
    texts = [json.loads(row["evidence"]) for row in rows]
    assert [text["sentence"] for text in texts] == [CAR, "资产内容已按保存期限清除。", "低保"]
    assert (texts[1]["outcome"], texts[1]["rows"]) == ("ASSET", [])
    assert CAR in pq.read_table(of_may).to_pylist()[0]["evidence"]
    assert due(settings, ledger, day, POLICY) == []
    with ledger.transaction() as session:
        for finding in session.scalars(select(Finding)):
            finding.closed_month = "2021-04"
    assert ("computed", "2021-04") in _kinds(settings, ledger, day)


def _kinds(settings: Settings, ledger: Ledger, today: date) -> list[tuple[str, str]]:
    return [(one.kind, str(one.month)) for one in due(settings, ledger, today, POLICY)]


def test_nothing_is_over_before_its_last_month_is(
    settings: Settings, ledger: Ledger, april: dict[str, Path]
) -> None:
    assert _kinds(settings, ledger, date(2021, 10, 31)) == []
    assert _kinds(settings, ledger, date(2021, 11, 1)) == [
        ("evidence", "2021-04"),
        ("rows", "2021-04"),
    ]
    assert ("sheets", "2021-04") not in _kinds(settings, ledger, date(2022, 4, 30))
    assert ("sheets", "2021-04") in _kinds(settings, ledger, date(2022, 5, 1))
    assert ("raw", "2021-04") in _kinds(settings, ledger, date(2023, 5, 1))


def test_what_is_over_goes_and_the_rest_stays(
    settings: Settings, ledger: Ledger, april: dict[str, Path]
) -> None:
    day = date(2023, 5, 1)
    things = [one for one in due(settings, ledger, day, POLICY) if one.month == APRIL]
    assert purge(settings, ledger, things, "样本管理员") == 4
    gone = {name for name, path in april.items() if not path.exists()}
    # A file that May delivered as well is May's still.
    assert gone == {"raw", "rows", "sheet"}
    with ledger.transaction() as session:
        texts = {
            finding.subject_id: finding.evidence["sentence"]
            for finding in session.scalars(select(Finding))
        }
        kinds = {entry.kind for entry in session.scalars(select(Purge))}
        told = session.scalars(select(JournalEntry.actor).where(JournalEntry.action == "到期清除"))
        assert set(told) == {"样本管理员"}
    assert texts == {"R:0": "名下有小型轿车", "R:1": "资产内容已按保存期限清除。"}
    assert kinds == {"raw", "rows", "evidence", "sheets"}
    assert verify(ledger, settings).is_sound
    assert all(one.month != APRIL for one in due(settings, ledger, day, POLICY))


def test_a_month_that_was_erased_says_what_is_gone(
    settings: Settings, ledger: Ledger, april: dict[str, Path]
) -> None:
    check_remaining(APRIL, settings, ledger)
    purge(settings, ledger, due(settings, ledger, date(2021, 11, 1), POLICY), "样本管理员")
    with pytest.raises(LostError, match=r"2021年4月公安局“.*车.*”：\d{4}-\d\d-\d\d按保存期限清除"):
        check_remaining(APRIL, settings, ledger)
    with pytest.raises(LostError, match="2020年1月没有可以补算的报送"):
        check_remaining(Month(2020, 1), settings, ledger)


def test_nobody_erases_namelessly(
    settings: Settings, ledger: Ledger, april: dict[str, Path]
) -> None:
    things = due(settings, ledger, date(2021, 11, 1), POLICY)
    with pytest.raises(UpkeepError, match="写明经手人"):
        purge(settings, ledger, things, " ")
    assert april["rows"].exists()


def test_the_countys_policy_can_be_read_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    assert Retention.from_file().assets.datasets
    wrong = tmp_path / "retention.yaml"
    wrong.write_text(
        "raw: 1\nsheets: 1\nlogs: 1\nassets: {months: 6, datasets: [deaths, 车, hukou_register]}\n"
    )
    with pytest.raises(UpkeepError, match="deaths、车、hukou_register"):
        Retention.from_file(wrong)
    wrong.write_text("raw: -1\n")
    with pytest.raises(UpkeepError, match="写得不对"):
        Retention.from_file(wrong)


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_the_command_erases_only_when_it_is_told_to(
    settings: Settings, ledger: Ledger, april: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from poverty_watch.cli import app

    monkeypatch.setenv("POVERTY_WATCH_HOME", str(settings.home))
    monkeypatch.setenv("POVERTY_WATCH_LEDGER_URL", settings.ledger_url)
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-11-01")
    listed = CliRunner().invoke(app, ["purge"])
    assert "还没有清除" in listed.output
    assert april["rows"].exists()
    done = CliRunner().invoke(app, ["purge", "--really", "--by", "样本管理员"])
    assert done.exit_code == 0, done.output
    assert not april["rows"].exists()
