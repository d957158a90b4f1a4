"""What a row of each dataset may say, seen from a month: short lists around each boundary.

Equal to a threshold, one cent or one day less, one more: these decide, so these come up often. The
first value of a list is the plainest: it is what a shrunk counterexample shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from poverty_watch.months import Month
from tests.reference.county import parameter

Choices = Mapping[str, list[Any]]

VILLAGES = ["大寨村", "大寨", "大寨村村民委员会", "城关社区", "城关社区居委会", "城关"]
TOWNSHIPS = ["甸阳镇", "由旺镇"]
RISKS = [None, "因病", "因病", "因残", "因大病", "残疾", "因学", "从未听过"]
RELATIONS = ["户主", "配偶", "之子", "之女", "其他"]
FAULTS = [
    *("id_check_digit", "id_missing", "id_lost_digits", "id_length", "id_characters", "id_date"),
    *("name", "date", "amount", "duplicate"),
]
SAYS_NOTHING: dict[str, Any] = {
    "sex": "女",
    "township": "甸阳镇",
    "village_code": "530521101201",
    "has_safe_water": "是",
    "deregistered_on": date(2020, 1, 1),
    **dict.fromkeys(("total", "basic_paid", "serious_paid", "aid_paid"), Decimal(0)),
    **dict.fromkeys(("monthly_amount", "monthly_subsidy", "overdue_days"), Decimal(0)),
    **dict.fromkeys(("amount", "loss", "capital", "area"), Decimal(0)),
}


def money(*amounts: str) -> list[Decimal]:
    """Amounts in yuan (or another unit), exact."""
    return [Decimal(amount) for amount in amounts]


def days_around(*days: date) -> list[date]:
    """Days, each with the day after it."""
    return [d for day in days for d in (day, day + timedelta(days=1))]


def births(month: Month) -> list[date]:
    """Days of birth around the ages that a rule asks for."""
    start, end = month.first_day, month.last_day
    school = date(month.year if date(month.year, 8, 31) < start else month.year - 1, 8, 31)
    return [
        date(1980, 5, 17),
        *days_around(end - timedelta(days=90)),
        *days_around(school.replace(year=school.year - 6)),
        *days_around(Month(month.year - 16, month.number).last_day),
        *days_around(date(start.year - 16, start.month, 1)),
        *days_around(date(start.year - 61, start.month, 1)),
        date(start.year - 60, start.month, 1),
        date(start.year - 12, 6, 1),
        *(date(2004, 2, 29), date(2008, 2, 29), date(1960, 2, 29)),
    ]


def datasets(month: Month) -> dict[str, Choices]:
    """What the rows of each dataset say, registers left out; other columns say nothing."""
    start, end = month.first_day, month.last_day
    before, half_a_year = start - timedelta(days=1), (month - 6).first_day
    events = [start, end, before, half_a_year]
    issues = [start, end, before, half_a_year, half_a_year - timedelta(days=1)]
    injuries = {"outcome": ["伤", "残", "亡"], "occurred_on": events}
    new_year = date(month.year, 1, 1)
    deaths = [
        *(start, end, before, new_year, new_year, new_year - timedelta(days=1)),
        *(day for day in (date(month.year, 2, 28), date(month.year, 3, 1)) if day <= end),
    ]
    return {
        "deaths": {"died_on": deaths},
        "vehicles": {
            "vehicle_type": [
                *("小型轿车", "小型普通客车", "小型越野客车", "大型汽车", "大型客车", "重型货车"),
                *("摩托车", "轻型货车"),
            ]
        },
        "traffic_accidents": injuries,
        "criminal_injuries": injuries,
        "medical_expenses": {
            "inpatient_own_ytd": money(
                *(
                    "0",
                    "1000",
                    "1000",
                    "1000.01",
                    "2000",
                    "2000",
                    "2000.01",
                    "999.995",
                    "1000.0049",
                ),
                *("4999.99", "5000", "9999.99", "10000", "19999.99", "20000", "40000", "0.01"),
            ),
            "outpatient_own_month": money("0", "250", "249.99", "499.99", "500", "500.01"),
        },
        "medical_enrolment": {
            "category": ["城乡居民", "城镇职工"],
            "status": ["正常参保", "正常参保", "暂停参保", "未参保"],
        },
        "major_illness": {"diagnosed_on": events},
        "school_enrolment": {
            "stage": ["小学", "初中", "学前", "普通高中", "中职", "高职", "本科及以上"],
            "status": ["在读", "休学", "毕业", "毕业"],
        },
        "dropout_suspects": {"found_on": events},
        "education_burden": {"own_paid": money("10000", "10000.01", "5000", "5000.01", "0")},
        "social_assistance": {
            "category": ["农村低保", "农村低保", "特困供养", "临时救助", "城市低保"],
            "admitted_on": issues,
        },
        "disability_certificates": {
            "grade": ["一级", "二级", "三级", "四级"],
            "issued_on": issues,
        },
        "housing_safety": {
            "grade": ["D", "C", "B", "A"],
            "is_only_house": ["是", "是", "否"],
            "renovation": ["未改造", "改造中", "已竣工", "无需改造"],
        },
        "water_supply": {
            "litres_per_day": money("35", "35", "35", "34.99"),
            "fetch_minutes": money("20", "20", "20", "20.01"),
            "outage_days": money("36", "36", "36", "36.5", "37"),
            "quality_ok": ["是", "是", "是", "否"],
        },
        "employment": {
            "monthly_income": money("400", "399.99", "0", "3000"),
            "status": ["在岗", "失业", "返乡"],
        },
        "public_posts": {},
        "disaster_losses": {
            "collapsed_rooms": money("0", "0", "0", "1", "0.5"),
            "damaged_rooms": money("0", "0", "0", "1", "0.5"),
            "affected_mu": money("0", "10", "1"),
            "lost_mu": money("0", "3", "2.99", "0.3", "0.2999"),
            "loss": money("0", "0", "4999.99", "5000"),
            "occurred_on": events,
        },
        "industry_failures": {"failed_on": events},
        "machinery": {"price": money("50000", "49999.99")},
        "business_registrations": {
            "entity_type": ["企业", "企业", "个体工商户", "农民专业合作社"],
            "status": ["存续", "存续", "注销", "吊销"],
        },
        "property": {"purpose": ["住宅", "商业", "农村宅基地"]},
        "payroll": {},
        "microcredit": {
            "due_on": [end + timedelta(days=days) for days in (0, 1, 30, 31, -1)],
            "overdue": money("0", "0", "0.01"),
        },
        "petitions": {"village": VILLAGES, "received_on": events},
    }


def incomes(month: Month) -> list[Decimal]:
    """Incomes per head around the line, and as much above it as some bills are."""
    line = parameter("income_line", month) or Decimal(6000)
    apart = money(
        "1000", "1000", "1000", "0", "-0.01", "2000", "999.995", "-0.005", "333.33", "5000"
    )
    return [line + difference for difference in apart] + money("0", "-100")


def household(month: Month) -> Choices:
    """What the rows of one 户编号 have in common."""
    months = [(month - back).first_day for back in (0, 1, 2, 3, 5, 6, 7, 12)]
    classes = [None, "脱贫不稳定户", "边缘易致贫户"]
    if month >= Month(2021, 5):
        classes.append("突发严重困难户")
    return {
        "township": TOWNSHIPS,
        "village": VILLAGES,
        "household_type": ["脱贫户", "一般农户", "脱贫不享受政策户"],
        "monitored_class": classes,
        "risk_1": RISKS,
        "risk_2": [None] * 12 + RISKS,
        "risk_5": [None] * 12 + RISKS,
        "identified_month": [None, *months],
        "is_eliminated": [None, "否", "是", "是"],
        "eliminated_month": [None, month.first_day, month.first_day, *months],
        "elimination_mode": [None, "帮扶消除", "自然消除", "帮扶消除"],
        "has_unsafe_house": ["否", "是"],
        "receives_dibao": ["否", "是"],
        "income_per_head": incomes(month),
        "measures": [None, "低保兜底", "产业帮扶", "低保兜底、公益岗", "务工就业", "金融扶持"],
    }


OWN_WORDS: Choices = {
    "health": [*["健康"] * 6, "残疾", "长期慢性病", "患有大病", "患有大病、残疾", None],
    "labour": ["无劳动力", "丧失劳动力", "普通劳动力", "无劳动力", "技能劳动力", None],
    "schooling": ["非在校生", "小学", "九年级", "普通高中", None],
    "person_no": ["1", "2", "10", "9"],
}
