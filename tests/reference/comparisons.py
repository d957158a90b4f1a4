"""C01 to C26, each over the rows: which subjects (and datasets) they arise for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from poverty_watch.contracts import load_catalogue
from poverty_watch.months import Month
from tests.reference.county import HUKOU, REGISTERS, Person, risk_of
from tests.reference.names import person_name
from tests.reference.people import NO_LABOUR, RISKS, View
from tests.reference.rules import SEVERE

Subject = tuple[str | Person, str]
Found = Iterable[Subject | str | Person]

_VEHICLES = ("小型轿车", "小型普通客车", "小型越野客车", "大型汽车", "大型客车", "重型货车")
_SCHOOL_YEARS = ("小学", "七年级", "八年级", "九年级")
_STUDENTS = ("小学", "初中", "普通高中", "中职")
_IDENTITY_FAULTS = (
    "id_missing",
    "id_lost_digits",
    "id_length",
    "id_characters",
    "id_date",
    "id_check_digit",
)


@dataclass(frozen=True)
class Outcome:
    """What became of a comparison: its subjects and datasets (None: it did not run).

    ``counted``: persons per dataset that are a figure only.
    """

    findings: frozenset[Subject] | None
    lacks: frozenset[str] = frozenset()
    counted: Mapping[str, int] = field(default_factory=dict)


def run_comparisons(view: View) -> dict[str, Outcome]:
    """All comparisons by id."""
    found = {}
    for name, (sources, one_by_one, run) in _comparisons().items():
        lacks = frozenset(source for source in sources if not view.county.has(source))
        if lacks and (not one_by_one or len(lacks) == len(sources)):
            found[name] = Outcome(None, lacks)
        else:
            subjects = (s if isinstance(s, tuple) else (s, "") for s in run(view))
            found[name] = Outcome(frozenset(subjects), lacks)
    if found["C25"].findings is not None:
        found["C25"] = replace(found["C25"], counted=Counter(d for _, d in _unmatched(view, "all")))
    return found


def _datasets(scope: tuple[str, ...] = ("rural", "all"), *, but: Iterable[str] = ()) -> list[str]:
    contracts = load_catalogue().contracts
    return [name for name, c in contracts.items() if c.scope in scope and name not in but]


def _c01(view: View) -> Found:
    for dataset in _datasets():
        delivery = view.county.deliveries.get((dataset, view.month))
        for fault in delivery.faults if delivery else ():
            if fault in _IDENTITY_FAULTS:
                yield fault.removeprefix("id_"), dataset


def _c02(view: View) -> Found:
    numbers = Counter(
        p for rows in view.r_rows.values() for p in {row["person_id"] for row in rows}
    )
    return (person for person, count in numbers.items() if count >= 2)


def _c03(view: View) -> Found:
    name_of: dict[Person, set[str]] = defaultdict(set)
    for row in view.hukou:
        name_of[row["person_id"]].add(person_name(row["name"]))
    for dataset in _datasets(but=[HUKOU]):
        for row in view.rows(dataset):
            names = name_of.get(row["person_id"])
            if names and person_name(row["name"]) not in names:
                yield row["person_id"], dataset


def _c04(view: View) -> Found:
    for dataset in ("social_assistance", "public_posts", "employment"):
        for row in view.rows(dataset):
            died = view.died_on.get(row["person_id"])
            counts = dataset != "employment" or row["status"] == "在岗"
            if died is not None and died < view.start and counts:
                yield row["person_id"], dataset


def _c05(view: View) -> Found:
    for household in view.r_households:
        rows = view.living_rows(household)
        heads = {row["person_id"] for row in rows if row["relation"] == "户主"}
        if rows and len(heads) != 1:
            yield household


def _c06(view: View) -> Found:
    helped = {row["person_id"] for row in view.rows("social_assistance")}
    for row in view.rows("disability_certificates"):
        household = view.home(row["person_id"])
        severe = row["grade"] in SEVERE and row["person_id"] not in helped
        if severe and household is not None and view.is_t_or_m(household):
            yield row["person_id"]


def _c07(view: View) -> Found:
    holders = {row["person_id"] for row in view.rows("disability_certificates")}
    for household, members in view.members_in(view.r_households).items():
        if view.is_m(household) and view.has_risk(household, "因残") and not members & holders:
            yield household


def _c08(view: View) -> Found:
    holders = {row["person_id"] for row in view.rows("disability_certificates")}
    health: dict[Person, list[str]] = defaultdict(list)
    for row in view.living_monitoring():
        health[row["person_id"]].append(row["health"] or "")
    for person in holders & health.keys():
        if not all("残疾" in text for text in health[person]):
            yield person


def _in_dibao(view: View) -> set[Person]:
    rows = view.rows("social_assistance")
    return {row["person_id"] for row in rows if row["category"] == "农村低保"}


def _c09(view: View) -> Found:
    dibao = _in_dibao(view)
    for household, members in view.members_in(view.r_households).items():
        told = view.r_households[household]["receives_dibao"]
        if (told == "是" and not members & dibao) or (told == "否" and members & dibao):
            yield household


def _c10(view: View) -> Found:
    ill = {row["person_id"] for row in view.county.up_to_now("major_illness")}
    bills = list(view.rows("medical_expenses"))
    if view.month.number <= 3:
        bills += view.county.rows("medical_expenses", Month(view.month.year - 1, 12))
    paid: dict[Person, Decimal] = defaultdict(Decimal)
    for row in bills:
        paid[row["person_id"]] += row["inpatient_own_ytd"]
    for household, members in view.members_in(view.r_households).items():
        if not (view.is_m(household) and view.has_risk(household, "因病")):
            continue
        health = [row["health"] or "" for row in view.living_rows(household)]
        shown = any("大病" in text or "慢性病" in text for text in health)
        if not shown and not members & ill and sum(paid[p] for p in members) == 0:
            yield household


def _c11(view: View) -> Found:
    students = {
        row["person_id"]
        for row in view.rows("school_enrolment")
        if row["status"] == "在读" and row["stage"] in _STUDENTS
    }
    for row in view.rows("employment"):
        person = row["person_id"]
        at_work = row["status"] == "在岗" and not view.is_dead(person)
        if at_work and (person in students or view.age(person) < 16):
            yield person, "employment"
    for row in view.rows("public_posts"):
        if not view.is_dead(row["person_id"]) and view.age(row["person_id"]) < 16:
            yield row["person_id"], "public_posts"


def _c12(view: View) -> Found:
    posted = {row["person_id"] for row in view.rows("public_posts")}
    for row in view.living_monitoring():
        if row["labour"] in NO_LABOUR and row["person_id"] in posted:
            yield row["person_id"]


def _c13(view: View) -> Found:
    insured: dict[Person, set[str]] = defaultdict(set)
    for row in view.rows("medical_enrolment"):
        if row["status"] == "正常参保" and not view.is_dead(row["person_id"]):
            insured[row["person_id"]].add(row["category"])
    return (person for person, kinds in insured.items() if kinds >= {"城乡居民", "城镇职工"})


def _asset(view: View, owners: Iterable[Person]) -> Found:
    """M-households and households with a member in 农村低保 that have one of the owners."""
    dibao = _in_dibao(view)
    owners = set(owners)
    for household, members in view.members.items():
        if members & owners and (view.is_m(household) or members & dibao):
            yield household


def _c14(view: View) -> Found:
    rows = view.rows("vehicles")
    return _asset(view, (r["person_id"] for r in rows if r["vehicle_type"] in _VEHICLES))


def _c15(view: View) -> Found:
    rows = view.rows("business_registrations")
    return _asset(
        view,
        (
            row["person_id"]
            for row in rows
            if row["entity_type"] == "企业" and row["status"] == "存续"
        ),
    )


def _c16(view: View) -> Found:
    rows = view.rows("property")
    return _asset(view, (r["person_id"] for r in rows if r["purpose"] in ("住宅", "商业")))


def _c17(view: View) -> Found:
    return _asset(view, (row["person_id"] for row in view.rows("payroll")))


def _c18(view: View) -> Found:
    line = view.parameter("machinery_price_line")
    return _asset(view, (r["person_id"] for r in view.rows("machinery") if r["price"] >= line))


def _c19(view: View) -> Found:
    in_hukou = {row["person_id"] for row in view.hukou}
    return {row["person_id"] for row in view.living_monitoring()} - in_hukou


def _c20(view: View) -> Found:
    least = int(view.parameter("elimination_review_months"))
    for household, row in view.r_households.items():
        identified, eliminated = row["identified_month"], row["eliminated_month"]
        if eliminated != view.start or row["elimination_mode"] != "帮扶消除" or not identified:
            continue
        if Month.of(eliminated).months_since(Month.of(identified)) < least:
            yield household


def _c21(view: View) -> Found:
    for household, row in view.r_households.items():
        if row["eliminated_month"] == view.start and view.all_without_labour(household):
            yield household


def _c22(view: View) -> Found:
    dibao = _in_dibao(view)
    paid: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for household, members in view.members_in(view.r_households).items():
        row = view.r_households[household]
        paid[row["township"]] += len(members & dibao)
        if row["receives_dibao"] == "是":
            told[row["township"]] += len(view.living_r_members(household))
    return (town for town in paid.keys() | told.keys() if paid[town] != told[town])


def _c23(view: View) -> Found:
    for row in view.rows("housing_safety"):
        household = view.belonged_to(row["person_id"])
        if household not in view.r_households:
            continue
        told = view.r_households[household]["has_unsafe_house"]
        unsafe = row["grade"] in ("C", "D") and row["renovation"] != "已竣工"
        safe = row["grade"] in ("A", "B")
        if (unsafe and told == "否") or (safe and told == "是"):
            yield household


def _c24(view: View) -> Found:
    pupils = {
        row["person_id"]
        for row in view.rows("school_enrolment")
        if row["status"] == "在读" and row["stage"] in ("小学", "初中")
    }
    for row in view.living_monitoring():
        person, told = row["person_id"], row["schooling"]
        if person in pupils and told == "非在校生":
            yield person
        if person not in pupils and told in _SCHOOL_YEARS:
            yield person


def _unmatched(view: View, scope: str) -> set[tuple[Person, str]]:
    return {
        (row["person_id"], dataset)
        for dataset in _datasets((scope,), but=REGISTERS)
        for row in view.rows(dataset)
        if row["person_id"] is not None and row["person_id"] not in view.stands_in_a_register
    }


def _c25(view: View) -> Found:
    return _unmatched(view, "rural")


def _c26(view: View) -> Found:
    plain = (
        "household_type",
        "monitored_class",
        "identified_month",
        "is_eliminated",
        "eliminated_month",
        "elimination_mode",
        "receives_dibao",
        "income_per_head",
        "measures",
    )
    for number, rows in view.r_rows.items():
        told = {
            (*(row[c] for c in plain), *(risk_of(row[column]) for column in RISKS)) for row in rows
        }
        if len(told) > 1:
            yield f"R:{number}"


def _comparisons() -> dict[str, tuple[tuple[str, ...], bool, Callable[[View], Found]]]:
    asset = "social_assistance"
    return {
        "C01": (tuple(_datasets()), True, _c01),
        "C02": ((), False, _c02),
        "C03": (tuple(_datasets()), True, _c03),
        "C04": (("social_assistance", "public_posts", "employment"), True, _c04),
        "C05": ((), False, _c05),
        "C06": (("disability_certificates", "social_assistance"), False, _c06),
        "C07": (("disability_certificates",), False, _c07),
        "C08": (("disability_certificates",), False, _c08),
        "C09": (("social_assistance",), False, _c09),
        "C10": (("medical_expenses", "major_illness"), False, _c10),
        "C11": (("school_enrolment", "employment", "public_posts"), True, _c11),
        "C12": (("public_posts",), False, _c12),
        "C13": (("medical_enrolment",), False, _c13),
        "C14": (("vehicles", asset), False, _c14),
        "C15": (("business_registrations", asset), False, _c15),
        "C16": (("property", asset), False, _c16),
        "C17": (("payroll", asset), False, _c17),
        "C18": (("machinery", asset), False, _c18),
        "C19": ((), False, _c19),
        "C20": ((), False, _c20),
        "C21": ((), False, _c21),
        "C22": (("social_assistance",), False, _c22),
        "C23": (("housing_safety",), False, _c23),
        "C24": (("school_enrolment",), False, _c24),
        "C25": (tuple(_datasets(but=REGISTERS)), True, _c25),
        "C26": ((), False, _c26),
    }
