"""The columns of the workbook template's tables."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from poverty_watch.contracts import load_catalogue
from poverty_watch.report.facts import help_policy
from poverty_watch.settings import REFERENCE


@dataclass(frozen=True)
class Col:
    """One column of a table: group caption, caption, field, width in characters, how it is shown."""

    group: str
    caption: str
    field: str
    width: float
    kind: str = "count"


def _counts(group: str, item: str, width: float = 5, kind: str = "count") -> list[Col]:
    return [Col(group, "户", f"{item}户", width, kind), Col(group, "人", f"{item}人", width, kind)]


def _single(caption: str, width: float, kind: str = "count", *, field: str = "") -> Col:
    """A column that stands in no group, and is usually called as its field is."""
    return Col(caption, caption, field or caption, width, kind)


PLACE = [
    _single("类别", 5.2, "turned", field="类别|合并|分页"),
    _single("乡镇", 19.5, "text"),
]
STOCKS = [
    *PLACE,
    *_counts("期初未消除", "期初未消除", 6),
    *_counts("本月新增", "本月新增"),
    *_counts("回退", "回退"),
    *_counts("类别转入", "转入"),
    *_counts("类别转出", "转出"),
    *_counts("本月消除", "本月消除"),
    *_counts("整户减少", "整户减少"),
    *_counts("更正补录（±）", "更正补录", 5.6, "signed"),
    Col("自然变动", "人（±）", "自然变动人", 7, "signed"),
    *_counts("期末未消除", "期末未消除", 6),
    *_counts("累计识别", "累计识别", 6.4),
    *_counts("累计消除", "累计消除", 6.4),
    Col("消除率", "（按人）", "消除率", 8.6, "rate"),
]


def _known_details() -> tuple[list[str], list[str], list[str]]:
    """Risks, ways of elimination and kinds of help that are known today."""
    labels = (REFERENCE / "risk_labels.yaml").read_text(encoding="utf-8")
    mode_column = load_catalogue().contract("monitoring_register").column("elimination_mode")
    return (
        list(yaml.safe_load(labels)),
        [choice.value for choice in mode_column.values],
        list(help_policy()["kinds"]),
    )


RISKS, MODES, KINDS = _known_details()
# What has no column of its own falls into the last one of its group.
NEWLY = [
    *PLACE,
    *_counts("合计", "本月新增", 5.6),
    *(Col(r, unit, f"风险{unit}.{r}", 4.6) for r in RISKS for unit in ("户", "人")),
    *(Col("未填或未列明", unit, f"风险{unit}.*", 4.6) for unit in ("户", "人")),
]
GONE = [
    *PLACE,
    *_counts("本月消除合计", "本月消除", 9),
    *(Col(mode, unit, f"方式{unit}.{mode}", 9) for mode in MODES for unit in ("户", "人")),
    *(Col("方式未填", unit, f"方式{unit}.*", 9) for unit in ("户", "人")),
    *_counts("回退", "回退", 9),
    *_counts("类别转入", "转入", 9),
    *_counts("类别转出", "转出", 9),
    *_counts("整户减少", "整户减少", 9),
    Col("自然变动", "人（±）", "自然变动人", 10, "signed"),
]
LEADS = [
    _single("乡镇", 20, "text"),
    *(
        column
        for item in ("部门推送", "信访热线", "自主申报", "干部排查")
        for column in _counts(item, item, 7.6)
    ),
    *_counts("线索合计", "线索合计", 7.6),
    *_counts("已核实", "已核实", 7.6),
    _single("按时核实率", 10, "rate"),
    *_counts("排除", "排除", 7.6),
    *_counts("转认定", "转认定", 7.6),
    *_counts("在办", "在办", 7.6),
]
HELP = [
    _single("乡镇", 19.5, "text"),
    *_counts("本月新落实", "本月新落实", 6.6),
    *(Col("其中按帮扶措施类别（户）", kind, f"类户.{kind}", 7) for kind in KINDS),
    Col("其中按帮扶措施类别（户）", "其他或未列明", "类户.*", 7),
    *_counts("超30天未落实", "超期未落实", 6.6),
]
DELIVERIES = [
    _single("报送部门", 14, "middle", field="部门|合并"),
    _single("数据", 20, "text"),
    _single("报送方式", 11, "middle"),
    _single("应报", 6, "middle"),
    _single("已报", 6, "middle"),
    _single("迟报天数", 9),
    _single("状态", 15, "middle"),
    _single("版本", 6, "middle"),
    _single("行数", 10),
    _single("接收行数", 10, field="接收行"),
    _single("退回行数", 9, field="退回行"),
    _single("线索数（户）", 12, field="线索数"),
    _single("已核实（户）", 12, field="已核实数"),
    _single("核实属实（户）", 14, field="核实属实数"),
    _single("命中率", 9, "rate"),
    _single("无法判断户数", 13, field="无法判断户"),
    _single("退回原因", 36, "text"),
    _single("说明", 42, "text"),
]
FINDINGS = [
    _single("编号", 8, "middle"),
    _single("比对", 30, "text", field="名称"),
    _single("处理方式", 18, "middle", field="处理"),
    _single("乡镇", 26, "text"),
    Col("本月问题（个）", "新发现", "新发现", 14),
    Col("本月问题（个）", "已整改", "已整改", 14),
    Col("本月问题（个）", "未整改", "未整改", 14),
]
NAMES = [
    _single("序号", 6, "middle"),
    _single("乡镇", 16, "text"),
    _single("村", 18, "text"),
    _single("户主", 9, "middle"),
    _single("户编号", 15, "middle"),
    _single("类别", 14, "middle"),
    _single("致贫返贫风险", 20, "text", field="风险"),
    _single("识别月", 9, "middle"),
    _single("帮扶措施", 26, "text", field="措施"),
    _single("责任部门", 24, "text"),
    _single("状态", 16, "middle"),
]
CHANGES = [
    _single("序号", 6, "middle"),
    _single("位置", 26, "text"),
    _single("内容", 34, "text"),
    _single("原值", 16, "middle"),
    _single("现值", 16, "middle"),
    _single("涉及的户（户编号或户号）", 70, "text", field="涉及户"),
]
CORRECTIONS = [
    _single("序号", 8, "middle"),
    _single("乡镇", 26, "text"),
    _single("类别", 20, "middle"),
    _single("户编号", 24, "middle"),
    _single("户（±）", 10, "signed", field="户"),
    _single("人（±）", 10, "signed", field="人"),
    _single("说明", 60, "text"),
]
KEY_FIGURES = [
    ("类别", "类别", "middle"),
    ("期初未消除户", "期初未消除（户）", "count"),
    ("期初未消除人", "期初未消除（人）", "count"),
    ("本月新增户", "本月新增（户）", "count"),
    ("本月新增人", "本月新增（人）", "count"),
    ("回退户", "回退（户）", "count"),
    ("本月消除户", "本月消除（户）", "count"),
    ("本月消除人", "本月消除（人）", "count"),
    ("期末未消除户", "期末未消除（户）", "count"),
    ("期末未消除人", "期末未消除（人）", "count"),
    ("累计识别人", "累计识别（人）", "count"),
    ("消除率", "消除率（按人）", "rate"),
]
