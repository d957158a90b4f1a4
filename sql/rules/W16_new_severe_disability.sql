/*
id: W16
title: 新增重度残疾
question: 残疾是怎么造成的，谁在照料？两项补贴、低保是否已经办理？对家里的劳动和收入有多大影响？
sentence: "{name}新办{value}残疾人证（{detail}）"
severity: 橙色
risk: 因残
population: 所有农村户
verifies: disabled_federation
sources: [disability_certificates]
parameters: [late_event_months]
event: true
basis: 目录第3节；某县数据比对工作方案（新增重度残疾）
since: 2021-01
missing: 没有持证数据的人不判断；上月没有采用的持证数据时，只看本月发证的。
cells: [disability_certificates.grade, disability_certificates.issued_on]
about: >
  等级 一级 or 二级 issued in the month, or in the months before when the person was not listed with
  such a grade in the last month's own accepted delivery; without such a delivery the older dates
  say nothing.
*/
with eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        disability_certificates.category,
        disability_certificates.grade,
        disability_certificates.issued_on,
        disability_certificates.source_file,
        disability_certificates.source_sheet,
        disability_certificates.source_row
    from disability_certificates
    inner join members on disability_certificates.person_id = members.person_id
    where members.is_living
),

listed_before as (
    select distinct person_id
    from disability_certificates_previous
    where grade in ('一级', '二级')
),

severe_certificates as (
    select
        eligible.*,
        listed_before.person_id is not null as was_listed,
        date_diff('month', date_trunc('month', eligible.issued_on), $month_start) as months_ago
    from eligible
    left join listed_before on eligible.person_id = listed_before.person_id
    where eligible.grade in ('一级', '二级')
)

select
    household_id,
    person_id,
    name,
    'orange' as severity,
    grade as value,
    '一级、二级' as threshold,
    coalesce(category || '，', '') || strftime(issued_on, '%Y年%-m月%-d日') || '发证' as detail,
    source_file,
    source_sheet,
    source_row
from severe_certificates
where
    months_ago = 0
    or (
        $has_disability_certificates_previous
        and months_ago between 1 and $late_event_months
        and not was_listed
    )
