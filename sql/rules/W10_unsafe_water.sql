/*
id: W10
title: 饮水不安全
question: 现在吃的是什么水，够不够用，取水要走多久？停水是季节性的还是管网坏了，水务部门来看过没有？
sentence: "饮水不达标（户主{name}）：{value}，标准是{threshold}"
severity: 橙色
risk: 饮水安全
population: 所有农村户
verifies: water
sources: [water_supply]
parameters: [water_litres_line, water_minutes_line, water_outage_days_line]
basis: 农村饮水安全评价标准（水量、方便程度、供水保证率、水质）；目录第3节
since: 2021-01
missing: 饮水安全数据中没有的户，不判断，也不视为饮水安全。
cells:
  - water_supply.litres_per_day
  - water_supply.fetch_minutes
  - water_supply.outage_days
  - water_supply.quality_ok
about: >
  The row belongs to the household of the 户主 named; this resolves also when that person is dead.
  Exactly the standard is no hit.
*/
with eligible as (
    select
        persons.household_id,
        persons.person_id,
        persons.name,
        water_supply.quality_ok = '否' as is_foul,
        water_supply.litres_per_day < $water_litres_line as is_short,
        water_supply.fetch_minutes > $water_minutes_line as is_far,
        water_supply.outage_days > $water_outage_days_line as is_cut_off,
        water_supply.litres_per_day,
        water_supply.fetch_minutes,
        water_supply.outage_days,
        water_supply.source_file,
        water_supply.source_sheet,
        water_supply.source_row
    from water_supply
    inner join persons on water_supply.person_id = persons.person_id
),

unsafe as (
    select
        *,
        rtrim(rtrim(cast(litres_per_day as varchar), '0'), '.') as litres,
        rtrim(rtrim(cast(fetch_minutes as varchar), '0'), '.') as minutes,
        rtrim(rtrim(cast(outage_days as varchar), '0'), '.') as days
    from eligible
    where is_short or is_far or is_cut_off or is_foul
)

select
    household_id,
    person_id,
    name,
    'orange' as severity,
    concat_ws(
        '、',
        case when is_short then '人均日水量' || litres || '升' end,
        case when is_far then '取水' || minutes || '分钟' end,
        case when is_cut_off then '近一年停水' || days || '天' end,
        case when is_foul then '水质不达标' end
    ) as value,
    concat_ws(
        '、',
        case when is_short then '不少于' || cast($water_litres_line as varchar) || '升' end,
        case when is_far then '不超过' || cast($water_minutes_line as varchar) || '分钟' end,
        case when is_cut_off then '不超过' || cast($water_outage_days_line as varchar) || '天' end,
        case when is_foul then '水质达标' end
    ) as threshold,
    '' as detail,
    source_file,
    source_sheet,
    source_row
from unsafe
