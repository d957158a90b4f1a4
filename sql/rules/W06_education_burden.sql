/*
id: W06
title: 教育支出过大
question: 在哪里上学，学费、住宿费一年多少？办了哪些资助、助学贷款？这笔钱家里怎么凑的？
sentence: "{name}教育自付{value}元，超过{threshold}元的预警线"
severity: 黄色
risk: 因学
population: 所有农村户
verifies: education
sources: [education_burden]
parameters: [education_burden_line]
basis: 某县《关于建立防止新发生返贫致贫风险机制的实施办法》；目录第3节
since: 2021-01
missing: 教育支出数据中没有的人，视为没有大额自付；同一人有几行的，相加。
cells: [education_burden.own_paid]
about: >
  Per living member, the sum of the month's rows; the line itself is no hit.
*/
with burdens as (
    select
        person_id,
        sum(own_paid) as own_payment
    from education_burden
    group by person_id
),

eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        burdens.own_payment
    from members
    inner join burdens on members.person_id = burdens.person_id
    where members.is_living
),

heavy_burdens as (
    select * from eligible
    where own_payment > $education_burden_line
)

select
    heavy_burdens.household_id,
    heavy_burdens.person_id,
    heavy_burdens.name,
    'yellow' as severity,
    heavy_burdens.own_payment as value,
    $education_burden_line as threshold,
    '' as detail,
    education_burden.source_file,
    education_burden.source_sheet,
    education_burden.source_row
from heavy_burdens
inner join education_burden on heavy_burdens.person_id = education_burden.person_id
