"""W01 to W26, each over the rows: which households are hit, and how severely."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.reference.county import Person, Row, age
from tests.reference.names import person_name, village_name
from tests.reference.people import View

RED, ORANGE, YELLOW = "red", "orange", "yellow"
_SEVERITIES = (RED, ORANGE, YELLOW)
Found = Iterable[tuple[str | None, str]]

WITH_LABOUR = ("普通劳动力", "技能劳动力")
SEVERE = ("一级", "二级")


@dataclass(frozen=True)
class Outcome:
    """What became of a rule: the severity by household (None: it did not run), what it lacked."""

    hits: dict[str, str] | None
    lacks: frozenset[str] = frozenset()


def run_rules(view: View) -> dict[str, Outcome]:
    """All rules by id."""
    found = {}
    for rule, (sources, parameters, run) in _RULES.items():
        lacks = frozenset(s for s in sources if not _is_there(view, s))
        if lacks or any(view.parameter(n, k) is None for n, k in parameters):
            found[rule] = Outcome(None, lacks)
        else:
            found[rule] = Outcome(_highest(run(view)))
    found["W22"] = _w22(view)
    return found


def _is_there(view: View, source: str) -> bool:
    if source.endswith("_previous"):
        return view.county.has(source.removesuffix("_previous"), view.month - 1)
    return view.county.has(source)


def _highest(found: Found) -> dict[str, str]:
    hits: dict[str, str] = {}
    for household, severity in found:
        if household is not None:
            before = hits.get(household, severity)
            hits[household] = min(before, severity, key=_SEVERITIES.index)
    return hits


def _sums(rows: Iterable[Row], column: str) -> dict[Person, Decimal]:
    sums: dict[Person, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["person_id"]] += row[column]
    return sums


def _cents(amount: Any) -> int:
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))


def _whose_bills(view: View, person: Person) -> str | None:
    """The household that owes a person's bills: those who died this year left them behind."""
    died = view.died_on.get(person)
    if died is None:
        return view.home(person)
    return view.belonged_to(person) if died.year == view.month.year else None


def _w01(view: View) -> Found:
    for person, paid in _sums(view.rows("medical_expenses"), "inpatient_own_ytd").items():
        household = _whose_bills(view, person)
        if household is not None:
            line = view.parameter("inpatient_own_line", "t" if view.is_t(household) else "g")
            if paid >= line * view.parameter("inpatient_own_red_factor"):
                yield household, RED
            elif paid >= line:
                yield household, ORANGE


def _w02(view: View) -> Found:
    for person, paid in _sums(view.rows("medical_expenses"), "outpatient_own_month").items():
        if paid >= view.parameter("outpatient_own_line"):
            yield view.home(person), YELLOW


def _w03(view: View) -> Found:
    line = view.parameter("income_line")
    bills: dict[str, Decimal] = defaultdict(Decimal)
    for person, paid in _sums(view.rows("medical_expenses"), "inpatient_own_ytd").items():
        household = _whose_bills(view, person)
        if household is not None:
            bills[household] += paid
    for household, row in view.r_households.items():
        n = len(view.living_r_members(household))
        income = row["income_per_head"]
        if view.is_m(household) or n == 0 or income < line:
            continue
        if _cents(income * n) - _cents(bills[household]) < _cents(line * n):
            yield household, ORANGE


def _w04(view: View) -> Found:
    for row in view.rows("major_illness"):
        yield view.home(row["person_id"]), ORANGE


def _uninsured(view: View) -> Iterator[str]:
    """Households with a member who should be insured and is not."""
    insured = {r["person_id"] for r in view.rows("medical_enrolment") if r["status"] == "正常参保"}
    days = int(view.parameter("enrolment_grace_days"))
    for household, members in view.members.items():
        for person in members - insured:
            if (view.end - view.born_on[person]).days >= days:
                yield household


def _w05(view: View) -> Found:
    for household in _uninsured(view):
        if view.is_t_or_m(household):
            yield household, YELLOW


def _w06(view: View) -> Found:
    for person, paid in _sums(view.rows("education_burden"), "own_paid").items():
        if paid > view.parameter("education_burden_line"):
            yield view.home(person), YELLOW


def _not_in_school(view: View) -> Iterator[str]:
    """Households with a member of compulsory school age who is in no school."""
    year = view.month.year
    last = date(year, 8, 31)
    if last >= view.start:
        last = date(year - 1, 8, 31)
    fine: set[Person] = set()
    for row in view.rows("school_enrolment"):
        finished = row["stage"] in ("初中", "普通高中", "中职", "高职", "本科及以上")
        if row["status"] in ("在读", "休学") or (row["status"] == "毕业" and finished):
            fine.add(row["person_id"])
    for household, members in view.members.items():
        for person in members - fine:
            if age(view.born_on[person], last) >= 6 and view.age(person) < 16:
                yield household


def _w07(view: View) -> Found:
    for household in _not_in_school(view):
        if view.is_t_or_m(household):
            yield household, RED


def _w08(view: View) -> Found:
    for row in view.rows("dropout_suspects"):
        yield view.home(row["person_id"]), RED


def _w09(view: View) -> Found:
    for row in view.rows("housing_safety"):
        only = row["is_only_house"] == "是" and row["renovation"] != "已竣工"
        if only and row["grade"] in ("C", "D"):
            yield view.belonged_to(row["person_id"]), RED if row["grade"] == "D" else ORANGE


def _w10(view: View) -> Found:
    for row in view.rows("water_supply"):
        if (
            row["litres_per_day"] < view.parameter("water_litres_line")
            or row["fetch_minutes"] > view.parameter("water_minutes_line")
            or row["outage_days"] > view.parameter("water_outage_days_line")
            or row["quality_ok"] == "否"
        ):
            yield view.belonged_to(row["person_id"]), ORANGE


def _w11(view: View) -> Found:
    for household, row in view.r_households.items():
        if not view.is_m(household) and row["income_per_head"] < view.parameter("income_line"):
            yield household, RED


def _w12(view: View) -> Found:
    for row in view.rows("employment"):
        household = view.home(row["person_id"])
        low = row["status"] == "在岗" and row["monthly_income"] < view.parameter("wage_line")
        if low and household is not None and view.is_t_or_m(household):
            yield household, YELLOW


def _w13(view: View) -> Found:
    before = view.county.rows("employment", view.month - 1)
    was_at_work = {row["person_id"] for row in before if row["status"] == "在岗"}
    at_work = {row["person_id"] for row in view.rows("employment") if row["status"] == "在岗"}
    for row in view.rows("employment"):
        person = row["person_id"]
        household = view.home(person)
        if household is None or not view.is_t_or_m(household):
            continue
        others_at_work = (view.members[household] - {person}) & at_work
        if row["status"] in ("失业", "返乡") and person in was_at_work and not others_at_work:
            yield household, ORANGE


def _injured(view: View, dataset: str) -> Found:
    for row in view.rows(dataset):
        severity = RED if row["outcome"] in ("残", "亡") else ORANGE
        yield view.belonged_to(row["person_id"]), severity


def _w14(view: View) -> Found:
    return _injured(view, "traffic_accidents")


def _w15(view: View) -> Found:
    return _injured(view, "criminal_injuries")


def _is_new(view: View, dataset: str, day: date, is_listed_before: bool) -> bool:
    """Dated in the month, or up to six months before and not in last month's snapshot."""
    if view.start <= day <= view.end:
        return True
    earliest = (view.month - int(view.parameter("late_event_months"))).first_day
    has_snapshot = view.county.has(dataset, view.month - 1)
    return has_snapshot and earliest <= day < view.start and not is_listed_before


def _w16(view: View) -> Found:
    dataset = "disability_certificates"
    before = {
        row["person_id"]
        for row in view.county.rows(dataset, view.month - 1)
        if row["grade"] in SEVERE
    }
    for row in view.rows(dataset):
        listed = row["person_id"] in before
        if row["grade"] in SEVERE and _is_new(view, dataset, row["issued_on"], listed):
            yield view.home(row["person_id"]), ORANGE


def _w17(view: View) -> Found:
    dataset = "social_assistance"
    before = {(r["person_id"], r["category"]) for r in view.county.rows(dataset, view.month - 1)}
    for row in view.rows(dataset):
        household = view.home(row["person_id"])
        if household is None or view.is_m(household):
            continue
        listed = (row["person_id"], row["category"]) in before
        counts = row["category"] in ("农村低保", "特困供养", "临时救助")
        if counts and _is_new(view, dataset, row["admitted_on"], listed):
            yield household, YELLOW


def _w18(view: View) -> Found:
    for row in view.rows("disaster_losses"):
        household = view.belonged_to(row["person_id"])
        affected, share = row["affected_mu"], view.parameter("disaster_crop_share_line")
        rooms = row["collapsed_rooms"] + row["damaged_rooms"]
        if rooms >= view.parameter("disaster_rooms_line"):
            yield household, RED
        elif (affected > 0 and row["lost_mu"] >= share * affected) or row["loss"] >= view.parameter(
            "disaster_loss_line"
        ):
            yield household, ORANGE


def _w19(view: View) -> Found:
    for row in view.rows("industry_failures"):
        household = view.belonged_to(row["person_id"])
        if household is not None and view.is_t_or_m(household):
            yield household, ORANGE


def _w20(view: View) -> Found:
    soon = view.end + timedelta(days=int(view.parameter("loan_due_soon_days")))
    for row in view.rows("microcredit"):
        household = view.home(row["person_id"])
        if household is None or not view.is_t_or_m(household):
            continue
        if row["overdue"] > 0:
            yield household, RED
        elif view.end < row["due_on"] <= soon:
            yield household, YELLOW


def _w21(view: View) -> Found:
    kept = {
        row["person_id"]
        for row in view.rows("social_assistance")
        if row["category"] in ("农村低保", "特困供养")
    }
    for household, members in view.members_in(view.r_households).items():
        if view.all_without_labour(household) and not members & kept:
            yield household, RED


def _w22(view: View) -> Outcome:
    causes: dict[str, Callable[[], Found]] = {
        "medical_enrolment": lambda: ((h, YELLOW) for h in _uninsured(view)),
        "school_enrolment": lambda: ((h, RED) for h in _not_in_school(view)),
        "dropout_suspects": lambda: _w08(view),
        "housing_safety": lambda: _w09(view),
        "water_supply": lambda: _w10(view),
    }
    there = {source: run for source, run in causes.items() if view.county.has(source)}
    lacks = frozenset(causes.keys() - there.keys())
    if not there:
        return Outcome(None, lacks)
    found = [household for run in there.values() for household, _ in run()]
    hits = {household: RED for household in found if household and view.is_x(household)}
    return Outcome(hits, lacks)


def _w23(view: View) -> Found:
    for row in view.rows("deaths"):
        years = view.age(row["person_id"], row["died_on"])
        if view.parameter("labour_age_from") <= years <= view.parameter("labour_age_to"):
            yield view.belonged_to(row["person_id"]), RED


def _w24(view: View) -> Found:
    bearers: dict[tuple[str, str], set[Person]] = defaultdict(set)
    for row in (*view.monitoring, *view.hukou):
        if not view.is_dead(row["person_id"]) and row["village"]:
            key = (person_name(row["name"]), village_name(row["village"]))
            bearers[key].add(row["person_id"])
    for row in view.rows("petitions"):
        if row["person_id"] is not None:
            yield view.home(row["person_id"]), YELLOW
        else:
            found = bearers[(person_name(row["name"]), village_name(row["village"]))]
            if len(found) == 1:
                yield view.home(next(iter(found))), YELLOW


def _identified_by(view: View, row: Row, parameter: str) -> bool:
    latest = (view.month - int(view.parameter(parameter))).first_day
    return row["identified_month"] is not None and row["identified_month"] <= latest


def _w25(view: View) -> Found:
    for household, row in view.r_households.items():
        late = _identified_by(view, row, "measures_due_months")
        if view.is_m(household) and not row["measures"] and late:
            yield household, ORANGE


def _w26(view: View) -> Found:
    for household, row in view.r_households.items():
        measures = row["measures"] or ""
        developed = any(word in measures for word in ("产业", "就业", "金融", "公益岗"))
        able = any(r["labour"] in WITH_LABOUR for r in view.living_rows(household))
        late = _identified_by(view, row, "development_due_months")
        if view.is_m(household) and able and not developed and late:
            yield household, YELLOW


_Parameters = tuple[tuple[str, str], ...]
_RULES: dict[str, tuple[tuple[str, ...], _Parameters, Callable[[View], Found]]] = {
    "W01": (("medical_expenses",), (("inpatient_own_line", "t"),), _w01),
    "W02": (("medical_expenses",), (("outpatient_own_line", "value"),), _w02),
    "W03": (("medical_expenses",), (("income_line", "value"),), _w03),
    "W04": (("major_illness",), (), _w04),
    "W05": (("medical_enrolment",), (("enrolment_grace_days", "value"),), _w05),
    "W06": (("education_burden",), (("education_burden_line", "value"),), _w06),
    "W07": (("school_enrolment",), (), _w07),
    "W08": (("dropout_suspects",), (), _w08),
    "W09": (("housing_safety",), (), _w09),
    "W10": (("water_supply",), (("water_litres_line", "value"),), _w10),
    "W11": ((), (("income_line", "value"),), _w11),
    "W12": (("employment",), (("wage_line", "value"),), _w12),
    "W13": (("employment", "employment_previous"), (), _w13),
    "W14": (("traffic_accidents",), (), _w14),
    "W15": (("criminal_injuries",), (), _w15),
    "W16": (("disability_certificates",), (("late_event_months", "value"),), _w16),
    "W17": (("social_assistance",), (("late_event_months", "value"),), _w17),
    "W18": (("disaster_losses",), (("disaster_loss_line", "value"),), _w18),
    "W19": (("industry_failures",), (), _w19),
    "W20": (("microcredit",), (("loan_due_soon_days", "value"),), _w20),
    "W21": (("social_assistance",), (), _w21),
    "W23": (("deaths",), (("labour_age_from", "value"),), _w23),
    "W24": (("petitions",), (), _w24),
    "W25": ((), (("measures_due_months", "value"),), _w25),
    "W26": ((), (("development_due_months", "value"),), _w26),
}
