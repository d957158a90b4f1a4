"""The departments' rolls: who has or draws what at month end."""

from __future__ import annotations

import numpy as np

from poverty_watch.sample import county as c
from poverty_watch.sample.county import County
from poverty_watch.sample.frame import Array, Frame, Table
from poverty_watch.sample.life import (
    DROPPED_OUT,
    LEFT_AFTER_GRADE_9,
    ON_LEAVE,
    school_age,
    schooling,
)
from poverty_watch.sample.tables import delivers, of_persons, words, yes, yuan

WORKPLACES = (
    "本县甸阳镇 本县由旺镇 云南省昆明市 云南省德宏州瑞丽市 云南省保山市隆阳区 广东省东莞市 广东省深圳市 "
    "浙江省义乌市 江苏省苏州市 福建省泉州市"
)
FIRMS = (
    "丰源农产品加工厂(样例) 新雅家具厂(样例) 宏达制衣厂(样例) 永兴电子厂(样例) 福源建材厂(样例) "
    "顺达运输队(样例) 安康家政(样例) 美味餐饮店(样例) 灵活就业"
)


def _owned(county: County, frame: Frame, *columns: str) -> tuple[Array, dict[str, Array]]:
    rows = np.flatnonzero(c.valid(frame, county.now) & county.alive()[frame["owner"]])
    return frame["owner"][rows], {name: frame[name][rows] for name in columns}


@delivers("vehicles")
def vehicles(county: County, rng: np.random.Generator) -> Table:
    """Motor vehicles with their owners; 小型轿车 and the like among motorcycles and carts."""
    owner, of = _owned(county, county.vehicles, "serial", "kind", "usage", "day")
    plates = np.char.add("云MO", np.char.zfill(of["serial"].astype("U6"), 5)).astype(object)
    kinds = (
        "普通二轮摩托车 普通二轮摩托车 普通正三轮摩托车 轻型栏板货车 微型面包车 小型轿车 小型普通客车 "
        "小型越野客车 大型客车 重型货车"
    )
    return of_persons(
        county,
        owner,
        {
            "plate": plates,
            "vehicle_type": words(kinds, of["kind"]),
            "usage": words("非营运 货运", of["usage"].astype(int)),
            "registered_on": of["day"],
        },
    )


@delivers("business_registrations")
def business_registrations(county: County, rng: np.random.Generator) -> Table:
    """Firms, shops and cooperatives with their legal representatives."""
    owner, of = _owned(county, county.businesses, "serial", "kind", "capital", "status", "day")
    what = words("商贸有限公司 便民商店 种植专业合作社", of["kind"])
    number = of["serial"].astype("U6").astype(object)
    return of_persons(
        county,
        owner,
        {
            "company": "施甸样例" + what + "(样例" + number + ")",
            "entity_type": words("企业 个体工商户 农民专业合作社", of["kind"]),
            "capital": of["capital"] / 10,
            "status": words("存续 注销 吊销", of["status"]),
            "founded_on": of["day"],
        },
    )


@delivers("property")
def estates(county: County, rng: np.random.Generator) -> Table:
    """Homesteads, flats and shops with their holders."""
    owner, of = _owned(county, county.estates, "serial", "kind", "area", "day")
    place = county.divisions.townships[county.township(owner)]
    where = np.where(of["kind"] == 2, "样例村民小组", "样例小区").astype(object)
    return of_persons(
        county,
        owner,
        {
            "location": place + where + of["serial"].astype("U6").astype(object) + "号",
            "area": of["area"] / 100,
            "purpose": words("住宅 商业 农村宅基地", of["kind"]),
            "registered_on": of["day"],
        },
    )


@delivers("payroll")
def payroll(county: County, rng: np.random.Generator) -> Table:
    """Who is paid from the budget."""
    owner, of = _owned(county, county.payroll, "kind")
    offices = "乡镇人民政府(样例) 乡镇卫生院(样例) 县水务站(样例) 中心完小(样例) 初级中学(样例) 县林业站(样例)"
    return of_persons(
        county,
        owner,
        {
            "employer": words(offices, of["kind"]),
            "position": words("公务员 事业编 事业编 事业编 事业编 工勤", of["kind"]),
        },
    )


@delivers("machinery")
def machinery(county: County, rng: np.random.Generator) -> Table:
    """Subsidised farm machines."""
    owner, of = _owned(county, county.machines, "kind", "price", "day")
    return of_persons(
        county,
        owner,
        {
            "item": words("微耕机 插秧机 轮式拖拉机 谷物联合收割机 粉碎机", of["kind"]),
            "price": yuan(np.minimum(of["price"], 30_000_000)),
            "bought_on": of["day"],
        },
    )


@delivers("microcredit")
def microcredit(county: County, rng: np.random.Generator) -> Table:
    """Loans that run or are overdue."""
    owner, of = _owned(county, county.loans, "serial", "amount", "due", "overdue")
    end = np.datetime64(county.month.last_day)
    overdue_days = np.where(of["overdue"] > 0, (end - of["due"]).astype(int) + 1, 0)
    number = np.char.add("JJ", np.char.zfill(of["serial"].astype("U7"), 7)).astype(object)
    blank = (of["overdue"] == 0) & (of["serial"] % 2 == 0)
    return of_persons(
        county,
        owner,
        {
            "loan_no": number,
            "amount": yuan(of["amount"]),
            "due_on": of["due"],
            "overdue": np.where(blank, np.nan, yuan(of["overdue"])),
            "overdue_days": np.where(blank, np.nan, overdue_days),
        },
    )


@delivers("medical_expenses")
def medical_expenses(county: County, rng: np.random.Generator) -> Table:
    """Everybody who was treated since January, with the sums since then."""
    people = county.people
    persons = np.flatnonzero(people["treated"] & (people["house"] >= 0))
    of = {
        name: yuan(people[name][persons]) for name in ("total", "basic", "serious", "helped", "own")
    }
    outpatient = yuan(people["outpatient"][persons])
    return of_persons(
        county,
        persons,
        {
            "total": of["total"],
            "basic_paid": of["basic"],
            "serious_paid": np.where(of["serious"] == 0, np.nan, of["serious"]),
            "aid_paid": np.where(of["helped"] == 0, np.nan, of["helped"]),
            "inpatient_own_ytd": of["own"],
            "outpatient_own_month": np.where(outpatient == 0, np.nan, outpatient),
            "as_of": np.full(len(persons), np.datetime64(county.month.last_day)),
        },
    )


@delivers("medical_enrolment")
def medical_enrolment(county: County, rng: np.random.Generator) -> Table:
    """Insurance of all persons, some in two schemes, some in none."""
    people = county.people
    living = np.flatnonzero(
        county.alive() & ((people["house"] == c.NOBODY) | c.valid(people, county.now, "hukou_"))
    )
    insured = people["insured"][living]
    once = living[insured > 0]
    twice = living[insured == 3]
    persons = np.concatenate([once, twice])
    scheme = np.concatenate([(people["insured"][once] == 2).astype(int), np.ones(len(twice), int)])
    state = np.select([people["insured"][persons] == 4, people["insured"][persons] == 5], [1, 2], 0)
    return of_persons(
        county,
        persons,
        {
            "category": words("城乡居民 城镇职工", scheme),
            "status": words("正常参保 暂停参保 未参保", state),
        },
    )


@delivers("school_enrolment")
def school_enrolment(county: County, rng: np.random.Generator) -> Table:
    """Pupils and students of the county, those on leave and last summer's leavers included."""
    people = county.people
    stage = schooling(county)
    age = school_age(county)
    listed = (stage >= 2) | ((people["school"] == LEFT_AFTER_GRADE_9) & (age >= 15) & (age < 16))
    listed |= (people["school"] == ON_LEAVE) & (age >= 6) & (age < 18)
    listed &= (people["school"] != DROPPED_OUT) & county.alive() & (age < 23)
    pupils = np.flatnonzero(listed & (people["house"] >= 0))
    stage = stage[pupils]
    level = np.select(
        [stage <= 2, stage == 3, stage <= 6, stage <= 9, stage <= 12, stage == 13], range(6), 6
    )
    year = np.select(
        [stage == 3, (stage >= 4) & (stage <= 6), (stage >= 7) & (stage <= 12)],
        [age[pupils] - 5, stage + 3, (stage - 7) % 3 + 1],
        1,
    )
    left = people["school"][pupils] == LEFT_AFTER_GRADE_9
    left &= age[pupils] >= 15
    level = np.where(left, 2, level)
    status = np.select([left, people["school"][pupils] == ON_LEAVE], [2, 1], 0)
    schools = (
        "中心幼儿园(样例) 中心完小(样例) 初级中学(样例) 第一中学(样例) 职业技术学校(样例) "
        "职业学院(样例) 某大学(样例)"
    )
    return of_persons(
        county,
        pupils,
        {
            "school": words(schools, level),
            "stage": words("学前 小学 初中 普通高中 中职 高职 本科及以上", level),
            "grade": year.astype("U2").astype(object) + "年级",
            "status": words("在读 休学 毕业", status),
        },
    )


@delivers("social_assistance")
def social_assistance(county: County, rng: np.random.Generator) -> Table:
    """Who draws assistance; some of the dead among them."""
    people = county.people
    persons = np.flatnonzero(
        (people["aid"] > 0) & c.valid(people, county.now, "aid_") & (people["house"] >= 0)
    )
    heads = county.houses["head"][people["house"][persons]]
    return of_persons(
        county,
        persons,
        {
            "head_person_id": people["number"][heads],
            "category": words("无 农村低保 城市低保 特困供养 临时救助", people["aid"][persons]),
            "admitted_on": people["aid_from"][persons],
            "monthly_amount": yuan(people["aid_amount"][persons]),
        },
    )


@delivers("disability_certificates")
def disability_certificates(county: County, rng: np.random.Generator) -> Table:
    """Certificate holders; the certificate's number begins with the identity number."""
    people = county.people
    persons = np.flatnonzero(
        (people["grade"] > 0) & c.valid(people, county.now, "cert_") & (people["house"] >= 0)
    )
    grade = people["grade"][persons].astype(int)
    table = of_persons(
        county,
        persons,
        {
            "category": words("视力 听力 言语 肢体 智力 精神 多重", people["disability"][persons]),
            "grade": words("零 一级 二级 三级 四级", grade),
            "issued_on": people["certified"][persons],
        },
    )
    table["person_id"] = table["person_id"] + people["tail"][persons]
    return table


@delivers("housing_safety")
def housing_safety(county: County, rng: np.random.Generator) -> Table:
    """Houses that were assessed, under the name of the head."""
    houses = county.houses
    rows = np.flatnonzero(houses["judged"])
    rows = rows[c.valid(county.people, county.now, "hukou_")[houses["head"][rows]]]
    return of_persons(
        county,
        houses["head"][rows],
        {
            "grade": words("A B C D", houses["danger"][rows]),
            "is_only_house": yes(houses["only"][rows]),
            "assessed_on": houses["judged_on"][rows],
            "renovation": words("未改造 改造中 已竣工 无需改造", houses["repair"][rows]),
        },
    )


@delivers("water_supply")
def water_supply(county: County, rng: np.random.Generator) -> Table:
    """Water that was measured, under the name of the head."""
    houses = county.houses
    rows = np.flatnonzero(houses["measured"])
    rows = rows[c.valid(county.people, county.now, "hukou_")[houses["head"][rows]]]
    return of_persons(
        county,
        houses["head"][rows],
        {
            "litres_per_day": houses["litres"][rows] / 10,
            "fetch_minutes": houses["minutes"][rows].astype(float),
            "outage_days": houses["outage"][rows].astype(float),
            "quality_ok": yes(houses["clean"][rows]),
        },
    )


@delivers("employment")
def employment(county: County, rng: np.random.Generator) -> Table:
    """Who works where, and who lost work."""
    people = county.people
    persons = np.flatnonzero(
        (people["job"] > 0) & c.valid(people, county.now, "jobs_") & (people["house"] >= 0)
    )
    firm = words(FIRMS, people["employer"][persons])
    return of_persons(
        county,
        persons,
        {
            "workplace": words(WORKPLACES, people["workplace"][persons]),
            "employer": np.where(people["trait"][persons] * 23 % 1 < 0.08, "", firm).astype(object),
            "monthly_income": np.where(
                people["job"][persons] == 1, yuan(people["wage"][persons]), 0.0
            ),
            "status": words("无 在岗 失业 返乡", people["job"][persons]),
            "since_month": people["job_since"][persons],
        },
    )


@delivers("public_posts")
def public_posts(county: County, rng: np.random.Generator) -> Table:
    """Holders of public-welfare posts, some of the dead and unfit among them."""
    people = county.people
    persons = np.flatnonzero((people["post"] > 0) & c.valid(people, county.now, "post_"))
    persons = persons[people["house"][persons] >= 0]
    return of_persons(
        county,
        persons,
        {
            "post": words(
                "无 护林员 保洁员 河道管护员 护路员 水管员 地质灾害监测员", people["post"][persons]
            ),
            "monthly_subsidy": 500.0 + 100 * (people["post"][persons].astype(int) % 5),
        },
    )
