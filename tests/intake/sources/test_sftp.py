from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poverty_watch.intake import SourceError, delivered
from poverty_watch.intake.sources import SftpSource
from tests.intake.conftest import APRIL, csv_bytes, number
from tests.intake.sources.conftest import CONNECTION, IMPATIENT, Clinic
from tests.intake.sources.servers import PASSWORD, SftpServer, unused_port

HEADER = ["姓名", "身份证号", "病种", "确诊日期"]
ROWS = [HEADER, ["样例甲", number(serial=1), "尿毒症", "2021-04-03"]]
MORE = [*ROWS, ["样例乙", number(serial=2), "白血病", "2021-04-09"]]


@pytest.fixture
def source(sftp: SftpServer, clinic: Clinic) -> SftpSource:
    clinic.arrives(way="sftp", connection=CONNECTION, folder="/{month}/{department}")
    return SftpSource(CONNECTION, sftp.client, IMPATIENT, steady_for=0.01)


def put(sftp: SftpServer, name: str, content: bytes, at: int = 1_620_000_000) -> Path:
    path = sftp.root / "2021-04" / "clinic" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


def test_files_on_the_server_are_taken_in_like_files_in_the_inbox(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    put(sftp, "大病2021-04.csv", csv_bytes(MORE))
    put(sftp, "乡镇/死亡注销_零报告.csv", csv_bytes([["姓名", "身份证号", "死亡日期", "注销日期"]]))
    clinic.take_in(source)
    verdict = clinic.verdict()
    assert verdict.status == "accepted"
    assert verdict.accepted is not None
    assert verdict.accepted["name"].to_pylist() == ["样例甲", "样例乙"]
    assert verdict.accepted["source_file"].to_pylist() == ["大病2021-04.csv"] * 2
    assert clinic.verdict("deaths").status == "nil"
    assert oct((clinic.spool / "大病2021-04.csv").stat().st_mode & 0o777) == "0o600"


def test_what_has_been_taken_is_not_taken_again(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    put(sftp, "大病.csv", csv_bytes(ROWS))
    clinic.take_in(source)
    assert "新到0个" in clinic.take_in(source)
    assert sftp.reads == ["大病.csv"]
    before = clinic.marks()
    assert list(before) == ["大病.csv"]
    put(sftp, "大病.csv", csv_bytes(MORE), at=1_620_000_999)
    assert "新到1个" in clinic.take_in(source)
    verdict = clinic.verdict()
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.data_rows) == (2, 2)
    assert clinic.marks()["大病.csv"] != before["大病.csv"]


def test_the_same_file_under_another_name_makes_no_new_version(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    put(sftp, "大病.csv", csv_bytes(ROWS))
    clinic.take_in(source)
    put(sftp, "大病(1).csv", csv_bytes(ROWS))
    clinic.take_in(source)
    delivery = clinic.verdict().delivery
    assert delivery is not None
    assert delivery.version == 1


@pytest.mark.parametrize(
    "name", ["大病.csv.part", "大病.xlsx.filepart", "大病.csv.tmp", ".大病.csv", "~$大病.xlsx"]
)
def test_names_of_unfinished_files_are_passed_over(
    name: str, sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    put(sftp, name, csv_bytes(ROWS))
    clinic.take_in(source)
    assert sftp.reads == []
    assert clinic.verdict().status == "missing"


def test_a_file_that_grows_while_one_looks_is_left_for_later(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    path = put(sftp, "大病.csv", csv_bytes(ROWS)[:40])

    def grow() -> None:
        with path.open("ab") as stream:
            stream.write(b"x")

    sftp.while_listing = grow
    assert "大病.csv 还在上传" in clinic.take_in(source)
    assert sftp.reads == []
    assert clinic.verdict().status == "missing"
    sftp.while_listing = lambda: None
    path.write_bytes(csv_bytes(ROWS))
    clinic.take_in(source)
    assert clinic.verdict().status == "accepted"


def test_a_file_that_changes_while_it_is_copied_is_left_for_later(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    path = put(sftp, "大病.csv", csv_bytes(ROWS))
    sftp.while_reading = lambda: os.utime(path, (1, 1))
    assert "大病.csv 还在上传" in clinic.take_in(source)
    assert not list(clinic.spool.rglob("*"))


def test_a_transfer_that_breaks_off_is_done_again_and_leaves_no_half(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    large = [
        HEADER,
        *(["样例甲", number(serial=n % 900), "尿毒症" * 30, "2021-04-03"] for n in range(4000)),
    ]
    put(sftp, "大病.csv", csv_bytes(large))
    sftp.cut_reads = 1
    clinic.take_in(source)
    assert sftp.reads == ["大病.csv", "大病.csv"]
    assert (clinic.spool / "大病.csv").read_bytes() == csv_bytes(large)


def test_a_transfer_that_always_breaks_off_is_an_error_and_leaves_nothing(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    put(sftp, "大病.csv", b"x" * 900_000)
    sftp.cut_reads = 99
    with pytest.raises(SourceError, match="恢复后重新运行"):
        clinic.take_in(source)
    assert not list(clinic.spool.rglob("*"))


def test_an_empty_file_arrives_and_is_told_as_one(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    put(sftp, "大病.csv", b"")
    clinic.take_in(source)
    verdict = clinic.verdict()
    assert verdict.status == "rejected"
    assert any("0字节" in message for message in verdict.messages)


def test_a_server_that_comes_back_is_asked_again(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    put(sftp, "大病.csv", csv_bytes(ROWS))
    sftp.drop_connections = 2
    clinic.take_in(source)
    assert clinic.verdict().status == "accepted"


def test_a_server_that_says_nothing_is_not_waited_for_without_end(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    put(sftp, "大病.csv", csv_bytes(ROWS))
    sftp.slow_reads = 2.0
    patience = replace(IMPATIENT, attempts=2, silence=0.2)
    with pytest.raises(SourceError, match="超时"):
        clinic.take_in(replace(source, patience=patience))
    assert not list(clinic.spool.rglob("*"))


def test_a_server_that_is_down_is_named_with_what_to_do(
    sftp: SftpServer, clinic: Clinic, source: SftpSource, caplog: pytest.LogCaptureFixture
) -> None:
    sftp.port = unused_port()
    with pytest.raises(SourceError) as caught:
        clinic.take_in(source)
    told = str(caught.value)
    for part in ("样例卫生院", "SFTP", CONNECTION, "请检查网络"):
        assert part in told
    assert caplog.text.count("没有成功") == IMPATIENT.attempts - 1
    assert PASSWORD not in told + caplog.text + repr(source)


def test_a_wrong_password_is_told_at_once_and_not_tried_again(
    sftp: SftpServer, clinic: Clinic, source: SftpSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.intake.sources.servers._Login.check_auth_password", lambda *_: 2)
    with pytest.raises(SourceError, match="用户名、密码"):
        clinic.take_in(source)
    assert sftp.connections == 1


def test_a_server_with_another_key_is_not_trusted(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    import paramiko

    stranger = paramiko.RSAKey.generate(2048)

    @contextmanager
    def client() -> Iterator[Any]:
        with paramiko.SSHClient() as ssh:
            ssh.get_host_keys().add(f"[127.0.0.1]:{sftp.port}", "ssh-rsa", stranger)
            ssh.connect("127.0.0.1", sftp.port, "county", PASSWORD)
            yield ssh.open_sftp()

    with pytest.raises(SourceError, match="主机密钥"):
        clinic.take_in(replace(source, connect=client))


def test_a_folder_that_is_not_there_yet_is_a_department_that_has_not_delivered(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    (sftp.root / "2021-04" / "clinic").rmdir()
    assert "还没有目录 /2021-04/clinic" in clinic.take_in(source)
    assert clinic.verdict().status == "missing"


def test_links_and_names_that_lead_elsewhere_are_never_followed(
    sftp: SftpServer, clinic: Clinic, source: SftpSource, tmp_path: Path
) -> None:
    (tmp_path / "secret.csv").write_bytes(csv_bytes(ROWS))
    (sftp.root / "2021-04" / "clinic" / "大病.csv").symlink_to(tmp_path / "secret.csv")
    put(sftp, "夹\\..\\大病.csv", csv_bytes(ROWS))
    assert "名称不合规" in clinic.take_in(source)
    assert sftp.reads == []


def test_waiting_ends_when_all_datasets_lie_on_the_server(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    settings = clinic.office.settings
    put(sftp, "大病.csv", csv_bytes(ROWS))
    assert not delivered("clinic", APRIL, settings, source)
    put(sftp, "死亡注销_零报告.csv", csv_bytes([["姓名"]]))
    assert delivered("clinic", APRIL, settings, source)


def test_a_file_by_hand_counts_beside_the_server(
    sftp: SftpServer, clinic: Clinic, source: SftpSource
) -> None:
    put(sftp, "大病.csv", csv_bytes(ROWS))
    clinic.take_in(source)
    by_hand = clinic.office.settings.inbox / "2021-04" / "clinic" / "大病（更正）.csv"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_bytes(csv_bytes(MORE))
    clinic.take_in(source)
    delivery = clinic.verdict().delivery
    assert delivery is not None
    assert (delivery.version, delivery.data_rows) == (2, 2)
