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


PLACE = [
    Col("类别", "类别", "类别|合并|分页", 5.2, "turned"),
    Col("乡镇", "乡镇", "乡镇", 19.5, "text"),
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
    Col("乡镇", "乡镇", "乡镇", 20, "text"),
    *(
        column
        for item in ("部门推送", "信访热线", "自主申报", "干部排查")
        for column in _counts(item, item, 7.6)
    ),
    *_counts("线索合计", "线索合计", 7.6),
    *_counts("已核实", "已核实", 7.6),
    Col("按时核实率", "按时核实率", "按时核实率", 10, "rate"),
    *_counts("排除", "排除", 7.6),
    *_counts("转认定", "转认定", 7.6),
    *_counts("在办", "在办", 7.6),
]
HELP = [
    Col("乡镇", "乡镇", "乡镇", 19.5, "text"),
    *_counts("本月新落实", "本月新落实", 6.6),
    *(Col("其中按帮扶措施类别（户）", kind, f"类户.{kind}", 7) for kind in KINDS),
    Col("其中按帮扶措施类别（户）", "其他或未列明", "类户.*", 7),
    *_counts("超30天未落实", "超期未落实", 6.6),
]
DELIVERIES = [
    Col("报送部门", "报送部门", "部门|合并", 14, "middle"),
    Col("数据", "数据", "数据", 20, "text"),
    Col("报送方式", "报送方式", "报送方式", 11, "middle"),
    Col("应报", "应报", "应报", 6, "middle"),
    Col("已报", "已报", "已报", 6, "middle"),
    Col("迟报天数", "迟报天数", "迟报天数", 9),
    Col("状态", "状态", "状态", 15, "middle"),
    Col("版本", "版本", "版本", 6, "middle"),
    Col("行数", "行数", "行数", 10),
    Col("接收行数", "接收行数", "接收行", 10),
    Col("退回行数", "退回行数", "退回行", 9),
    Col("线索数（户）", "线索数（户）", "线索数", 12),
    Col("已核实（户）", "已核实（户）", "已核实数", 12),
    Col("核实属实（户）", "核实属实（户）", "核实属实数", 14),
    Col("命中率", "命中率", "命中率", 9, "rate"),
    Col("无法判断户数", "无法判断户数", "无法判断户", 13),
    Col("退回原因", "退回原因", "退回原因", 36, "text"),
    Col("说明", "说明", "说明", 42, "text"),
]
FINDINGS = [
    Col("编号", "编号", "编号", 8, "middle"),
    Col("比对", "比对", "名称", 30, "text"),
    Col("处理方式", "处理方式", "处理", 18, "middle"),
    Col("乡镇", "乡镇", "乡镇", 26, "text"),
    Col("本月问题（个）", "新发现", "新发现", 14),
    Col("本月问题（个）", "已整改", "已整改", 14),
    Col("本月问题（个）", "未整改", "未整改", 14),
]
NAMES = [
    Col("序号", "序号", "序号", 6, "middle"),
    Col("乡镇", "乡镇", "乡镇", 16, "text"),
    Col("村", "村", "村", 18, "text"),
    Col("户主", "户主", "户主", 9, "middle"),
    Col("户编号", "户编号", "户编号", 15, "middle"),
    Col("类别", "类别", "类别", 14, "middle"),
    Col("致贫返贫风险", "致贫返贫风险", "风险", 20, "text"),
    Col("识别月", "识别月", "识别月", 9, "middle"),
    Col("帮扶措施", "帮扶措施", "措施", 26, "text"),
    Col("责任部门", "责任部门", "责任部门", 24, "text"),
    Col("状态", "状态", "状态", 16, "middle"),
]
CHANGES = [
    Col("序号", "序号", "序号", 6, "middle"),
    Col("位置", "位置", "位置", 26, "text"),
    Col("内容", "内容", "内容", 34, "text"),
    Col("原值", "原值", "原值", 16, "middle"),
    Col("现值", "现值", "现值", 16, "middle"),
    Col("涉及的户（户编号或户号）", "涉及的户（户编号或户号）", "涉及户", 70, "text"),
]
CORRECTIONS = [
    Col("序号", "序号", "序号", 8, "middle"),
    Col("乡镇", "乡镇", "乡镇", 26, "text"),
    Col("类别", "类别", "类别", 20, "middle"),
    Col("户编号", "户编号", "户编号", 24, "middle"),
    Col("户（±）", "户（±）", "户", 10, "signed"),
    Col("人（±）", "人（±）", "人", 10, "signed"),
    Col("说明", "说明", "说明", 60, "text"),
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
