"""Officials edit the files in ``sql/``: whatever is wrong is told at once, in Chinese, file by file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.screening.definitions import load_definitions
from poverty_watch.screening.errors import DefinitionError
from poverty_watch.screening.fitting import check_together
from poverty_watch.screening.parameters import load_parameters
from poverty_watch.settings import PROJECT, SQL


@pytest.fixture
def sql(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SQL, tmp_path / "sql"))


def _rule(sql: Path, check_id: str) -> Path:
    (path,) = sql.glob(f"*/{check_id}_*.sql")
    return path


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _told(sql: Path) -> list[str]:
    """The lines of the error that the files give."""
    with pytest.raises(DefinitionError) as error:
        check_together(
            load_definitions(sql), load_parameters(sql / "parameters.yaml"), load_catalogue()
        )
    return str(error.value).splitlines()


def test_mistakes_of_all_headers_are_told_at_once(sql: Path) -> None:
    _change(_rule(sql, "W01"), "question:", "qestion:")
    _change(_rule(sql, "W02"), "event: true", "event: 也许")
    _change(_rule(sql, "W04"), "since: 2021-01", "since: 今年")
    _change(_rule(sql, "W06"), "population: 所有农村户", "population: 所有人")
    _change(_rule(sql, "C02"), "outcome: FIX", "outcome: MEND")
    _change(_rule(sql, "C05"), "title: 户主数", "title: 户主: 数")
    _change(_rule(sql, "W08"), "select", "selekt")

    told = _told(sql)

    assert told[0] == "SQL 文件有误，请逐条改正："
    text = "\n".join(told)
    for where, what in [
        ("rules/W01_inpatient_own_payment.sql：question", "没有写这一项"),
        ("rules/W01_inpatient_own_payment.sql：qestion", "没有叫这个名称的项"),
        ("rules/W02_outpatient_own_payment.sql：event", "true 或 false，现在写的是“也许”"),
        ("rules/W04_new_major_illness.sql：since", "今年"),
        ("rules/W06_education_burden.sql：population", "没有“所有人”"),
        ("comparisons/C02_one_person_two_households.sql：outcome", "只能写 FIX"),
        ("comparisons/C05_number_of_heads.sql：文件头不是正确的 YAML", "行"),
        ("rules/W08_dropout_suspect.sql", "SQL 写法有误"),
    ]:
        assert any(where in line and what in line for line in told), (where, text)
    for english in ("Field required", "Extra inputs", "Input should", "mapping values"):
        assert english not in text


def test_what_one_file_names_and_no_other_knows_is_told_at_once(sql: Path) -> None:
    _change(_rule(sql, "W01"), "[inpatient_own_line,", "[inpatient_line,")
    _change(_rule(sql, "W02"), "{value}元", "{amount}元")
    _change(_rule(sql, "W04"), "sources: [major_illness]", "sources: [大病]")
    _change(_rule(sql, "W05"), "verifies: medical_insurance", "verifies: 医保")
    _change(_rule(sql, "W06"), "education_burden.own_paid]", "education_burden.paid]")
    _change(_rule(sql, "C08"), "with eligible as", "with able as")
    _change(sql / "parameters.yaml", "used_by: [W03, W11]", "used_by: [W03, W99]")

    told = _told(sql)

    for where, what in [
        ("W01_inpatient_own_payment.sql：parameters", "没有参数“inpatient_line”"),
        ("W01_inpatient_own_payment.sql：SQL", "“$inpatient_own_line_t”"),
        ("W02_outpatient_own_payment.sql：sentence", "不认识“{amount}”，可以写 {name}"),
        ("W04_new_major_illness.sql：sources", "没有数据集“大病”"),
        ("W05_not_insured.sql：verifies", "没有部门“医保”"),
        ("W06_education_burden.sql：cells", "没有叫“paid”的列"),
        ("C08_certificate_not_marked.sql", "要有一段叫 eligible"),
        ("parameters.yaml：income_line → used_by", "W99"),
    ]:
        assert any(where in line and what in line for line in told), (where, told)


def test_a_table_that_is_not_there_is_told(sql: Path) -> None:
    path = _rule(sql, "W25")
    _change(path, "from households", "from homes")
    assert any("W25" in line and "没有这样的表" in line for line in _told(sql))


def test_mistakes_in_the_parameters_are_told_by_item(sql: Path) -> None:
    path = sql / "parameters.yaml"
    _change(path, "value: 6000", "value: 六千")
    _change(path, "    unit: 倍\n", "")
    with pytest.raises(DefinitionError) as error:
        load_parameters(path)
    told = str(error.value)
    assert "parameters → 第1个 → values → 第1个 → value：应当写数，现在写的是“六千”" in told
    assert "parameters → 第3个 → unit：没有写这一项" in told

    path.write_text("parameters: [", encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"不是正确的 YAML（第\d+行第\d+列附近）"):
        load_parameters(path)


def test_a_command_tells_it_without_a_traceback(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for folder in ("sql", "include", "expectations", "plugins"):
        shutil.copytree(
            PROJECT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    _change(_rule(project / "sql", "W01"), "question:", "qestion:")
    done = subprocess.run(
        [sys.executable, "-m", "poverty_watch.cli", "card", "W02"],
        env=os.environ
        | {
            "PYTHONPATH": str(project / "plugins"),
            "POVERTY_WATCH_HOME": str(tmp_path / "home"),
        },
        capture_output=True,
        text=True,
        cwd=project,
    )
    assert done.returncode == 2, done.stdout
    assert "无法进行：SQL 文件有误，请逐条改正：" in done.stderr
    assert "question：没有写这一项" in done.stderr
    assert "Traceback" not in done.stderr
