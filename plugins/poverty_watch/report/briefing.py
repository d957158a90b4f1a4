"""The one-page briefing (简报): what its template can say, from the figures of the workbook."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError, UndefinedError

from poverty_watch.ledger.deliveries import STATUS_TITLES
from poverty_watch.report.clockless import clockless
from poverty_watch.report.comparing import shown
from poverty_watch.report.errors import TemplateError as BrokenTemplate
from poverty_watch.report.lead_table import ITEMS
from poverty_watch.report.values import NOT_KNOWN_MARK, Row, Value
from poverty_watch.settings import TEMPLATES

TEMPLATE = TEMPLATES / "简报.docx"
_FLOWS = (
    "期初未消除", "本月新增", "回退", "本月消除", "整户减少", "更正补录", "期末未消除",
    "累计识别", "累计消除",
)  # fmt: skip
_MOST_NOTES = 4
_MOST_NAMED = 6
_LONGEST_NOTE = 120
NONE = "无"


def briefing_context(singles: Mapping[str, str], tables: Mapping[str, list[Row]]) -> dict[str, Any]:
    """Everything that the template can say, as text: 81户287人, —, 无法判断.

    ``各类`` and ``各乡镇`` are lists of rows, ``注意`` a list of sentences.
    """
    stocks = tables["存量增减"]
    county = next(row for row in stocks if row["类别"] == "各类合计" and row["是否合计"])
    leads = next(row for row in tables["线索"] if row["是否合计"])
    helped = next(row for row in tables["帮扶"] if row["是否合计"])
    found: dict[str, Any] = {
        name: singles[name]
        for name in ("填报单位", "统计月份", "口径日期", "报表版本", "签发状态", "名册快照")
    }
    found |= {item: _both(county, item) for item in _FLOWS}
    found["自然变动"] = _count(county["自然变动人"], "人", signed=True)
    found["其他变动"] = _other_changes(county)
    found["消除率"] = shown(county["消除率"])
    found |= {item: _count(leads[f"{item}户"], "户") for item in ITEMS}
    found["按时核实率"] = shown(leads["按时核实率"])
    found["本月新落实"] = _both(helped, "本月新落实")
    found["超期未落实"] = _both(helped, "超期未落实")
    found["新增风险"] = _named(
        [f"{row['风险']}{row['户']}户" for row in tables["主要风险"]], "、", NONE
    )
    found |= _deliveries(tables["部门报送"])
    found |= _findings(tables["比对问题"], tables["未运行"])
    found["未运行"] = _named(
        [f"{row['编号']}{row['名称']}" for row in tables["未运行"]], "、", NONE
    )
    found["注意"] = [_short(str(row["事项"])) for row in _worth_saying(tables["注意事项"])]
    found["各类"] = [_class_row(row) for row in tables["主要数据"]]
    found["各乡镇"] = _township_rows(stocks, tables["线索"], tables["帮扶"])
    return found


def briefing_docx(
    template: Path, context: Mapping[str, Any], as_of: datetime, identifier: str = ""
) -> bytes:
    """The briefing as a Word document; the same values give the same bytes.

    Raises:
        BrokenTemplate: the template is missing, broken, or asks for a name that there is not.
    """
    from docxtpl import DocxTemplate

    if not template.is_file():
        raise BrokenTemplate(
            f"找不到简报模板 {template.name}，请把模板放回 include/templates 文件夹。"
        )
    document = DocxTemplate(template)
    try:
        # Without escaping a name could break the document, or write into it.
        document.render(
            dict(context),
            jinja_env=Environment(undefined=StrictUndefined, autoescape=True),
            autoescape=True,
        )
    except UndefinedError as error:
        name = str(error).split("'")[1] if "'" in str(error) else str(error)
        raise BrokenTemplate(
            f"简报模板 {template.name} 里的“{name}”不是可填的名称，请改正后重试。可填的名称："
            f"{'、'.join(context)}。"
        ) from None
    except (TemplateError, KeyError, ValueError) as error:
        raise BrokenTemplate(
            f"简报模板 {template.name} 有误（{error}），请核对花括号是否成对。"
        ) from error
    core = document.docx.core_properties
    core.author = core.last_modified_by = str(context.get("填报单位", ""))
    core.identifier = core.keywords = identifier
    core.created = core.modified = as_of
    stream = io.BytesIO()
    document.save(stream)
    return clockless(stream.getvalue(), as_of)


def _count(value: Value, unit: str, *, signed: bool = False) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return shown(value)
    return f"{value:+,}{unit}" if signed and value else f"{value:,}{unit}"


def _both(row: Row, item: str) -> str:
    households, persons = row[f"{item}户"], row[f"{item}人"]
    if not isinstance(households, int):
        return shown(households)
    told = _count(households, "户")
    return told + (_count(persons, "人") if isinstance(persons, int) else "")


def _class_row(row: Row) -> dict[str, str]:
    found = {"类别": str(row["类别"])}
    for item in ("期初未消除", "本月新增", "本月消除", "期末未消除", "累计识别", "累计消除"):
        for unit in ("户", "人"):
            found[f"{item}{unit}"] = f"{row[f'{item}{unit}']:,}"
    found["消除率"] = shown(row["消除率"])
    return found


def _township_rows(
    stocks: Sequence[Row], leads: Sequence[Row], helped: Sequence[Row]
) -> list[dict[str, str]]:
    led = {row["乡镇"]: row for row in leads}
    help_ = {row["乡镇"]: row for row in helped}
    rows = []
    for row in stocks:
        if row["类别"] != "各类合计":
            continue
        lead, late = led.get(row["乡镇"], {}), help_.get(row["乡镇"], {})
        rows.append(
            {"乡镇": str(row["乡镇"])}
            | {
                item: f"{row[f'{item}户']:,}"
                for item in ("期初未消除", "本月新增", "本月消除", "期末未消除")
            }
            | {
                item: shown(lead.get(f"{item}户"))
                for item in ("线索合计", "已核实", "排除", "转认定", "在办")
            }
            | {
                "按时核实率": shown(lead.get("按时核实率")),
                "超期未落实": shown(late.get("超期未落实户")),
            }
        )
    return rows


def _deliveries(rows: Sequence[Row]) -> dict[str, str]:
    lost = {
        words: [f"{row['部门']}“{row['数据']}”" for row in rows if row["状态"] == words]
        for words in (STATUS_TITLES["missing"], STATUS_TITLES["rejected"], STATUS_TITLES["error"])
    }
    late = [
        f"{row['部门']}“{row['数据']}”迟{row['迟报天数']}天"
        for row in rows
        if isinstance(row["迟报天数"], int) and row["迟报天数"] > 0
    ]
    returned = [row["退回行"] for row in rows if isinstance(row["退回行"], int)]
    return {
        "应报": f"{len(rows)}项",
        "已报": f"{sum(row['已报'] == '是' for row in rows)}项",
        "迟报": _named(late, "、", NONE),
        "未报送": _named(lost["未报送"], "、", NONE),
        "整份退回": _named(lost["整份退回"], "、", NONE),
        "处理出错": _named(lost["处理出错"], "、", NONE),
        "退回行": f"{sum(returned):,}行" if returned else NOT_KNOWN_MARK,
    }


def _other_changes(county: Row) -> str:
    """What else moved the stock, so that a reader who adds up arrives at its end."""
    changes = [
        f"{item}{_count(county[f'{item}户'], '户', signed=is_signed)}"
        f"{_count(county[f'{item}人'], '人', signed=is_signed)}"
        for item, is_signed in (("整户减少", False), ("更正补录", True))
        if county[f"{item}户"] or county[f"{item}人"]
    ]
    if county["自然变动人"]:
        changes.append(f"自然变动{_count(county['自然变动人'], '人', signed=True)}")
    return f"另有{'、'.join(changes)}；" if changes else ""


def _findings(rows: Sequence[Row], not_run: Sequence[Row]) -> dict[str, str]:
    totals = [row for row in rows if row["是否合计"]]
    opened = [row["新发现"] for row in totals if isinstance(row["新发现"], int)]
    return {
        "新发现": f"{sum(opened):,}个",
        "已整改": f"{sum(row['已整改'] for row in totals):,}个",
        "未整改": f"{sum(row['未整改'] for row in totals):,}个",
        "未比对": f"{sum(str(row['编号']).startswith('C') for row in not_run)}项",
    }


def _named(names: Sequence[str], mark: str, otherwise: str) -> str:
    """Names in one sentence, how many more where there are many."""
    more = len(names) - _MOST_NAMED
    told = mark.join(names[:_MOST_NAMED])
    return (f"{told}等{len(names)}项" if more > 0 else told) or otherwise


def _worth_saying(rows: Sequence[Row]) -> list[Row]:
    """The first notes but the last, which lists what ran."""
    return list(rows[:-1][:_MOST_NOTES])


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_NOTE else f"{text[: _LONGEST_NOTE - 1]}…"
