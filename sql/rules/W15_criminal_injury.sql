/*
id: W15
title: 刑事案件伤残亡
question: 伤到什么程度，治疗花了多少？有没有申请司法救助、得到赔偿？家里少了劳动力没有，谁在照料？
sentence: "{name}于{detail}在刑事案件中受害，后果：{value}"
severity: 伤为橙色，残、亡为红色
risk: 意外事故
population: 所有农村户
verifies: public_security
sources: [criminal_injuries]
parameters: []
basis: 云南峨山防止返贫动态监测数据比对工作方案（刑事案件致家庭重要劳动力伤、残、亡）；目录第3节
since: 2021-01
missing: 刑事案件数据中没有的人，视为本月没有这类情况。
cells: [criminal_injuries.outcome, criminal_injuries.occurred_on]
about: >
  The household that the person belongs or belonged to: the dead count, and who is in no register
  any more is looked up in earlier snapshots.
*/
with eligible as (
    select
        persons.household_id,
        persons.person_id,
        persons.name,
        criminal_injuries.occurred_on,
        criminal_injuries.outcome,
        criminal_injuries.source_file,
        criminal_injuries.source_sheet,
        criminal_injuries.source_row
    from criminal_injuries
    inner join persons on criminal_injuries.person_id = persons.person_id
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
