/*
id: W14
title: 交通事故伤残亡
question: 伤到什么程度，治疗花了多少？对方赔了多少、保险赔了多少？家里少了劳动力没有，谁在照料？
sentence: "{name}于{detail}发生交通事故，后果：{value}"
severity: 伤为橙色，残、亡为红色
risk: 意外事故
population: 所有农村户
verifies: public_security
sources: [traffic_accidents]
parameters: []
basis: 云南峨山防止返贫动态监测数据比对工作方案（交通事故致伤、致残、致亡的农户）；目录第3节
since: 2021-01
missing: 交通事故数据中没有的人，视为本月没有这类情况。
cells: [traffic_accidents.outcome, traffic_accidents.occurred_on]
about: >
  The household that the person belongs or belonged to: the dead count, and who is in no register
  any more is looked up in earlier snapshots.
*/
with eligible as (
    select
        persons.household_id,
        persons.person_id,
        persons.name,
        traffic_accidents.occurred_on,
        traffic_accidents.outcome,
        traffic_accidents.source_file,
        traffic_accidents.source_sheet,
        traffic_accidents.source_row
    from traffic_accidents
    inner join persons on traffic_accidents.person_id = persons.person_id
)

select
    household_id,
    person_id,
    name,
    case when outcome in ('残', '亡') then 'red' else 'orange' end as severity,
    outcome as value,
    cast(null as varchar) as threshold,
    strftime(occurred_on, '%Y年%-m月%-d日') as detail,
    source_file,
    source_sheet,
    source_row
from eligible
