/*
id: W17
title: 新纳入救助
question: 是因为什么纳入的，家里出了什么变故？除了救助，还缺什么帮扶，要不要纳入监测？
sentence: "{name}新纳入{value}（{detail}）"
severity: 黄色
risk: 其他
population: 监测户以外的农户
verifies: civil_affairs
sources: [social_assistance]
parameters: [late_event_months]
event: true
basis: 云南峨山防止返贫动态监测数据比对工作方案（新纳入低保、特困、各类救助）；目录第3节
since: 2021-01
missing: 没有救助数据的人不判断；上月没有采用的社会救助数据时，只看本月纳入的。
cells: [social_assistance.category, social_assistance.admitted_on]
about: >
  农村低保, 特困供养 or 临时救助 with 纳入日期 in the month, or in the months before when the person
  was not listed in that category in the last month's own accepted delivery; without such a delivery
  the older dates say nothing.
*/
with eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        social_assistance.category,
        social_assistance.admitted_on,
        social_assistance.source_file,
        social_assistance.source_sheet,
        social_assistance.source_row
    from social_assistance
    inner join members on social_assistance.person_id = members.person_id
    inner join households on members.household_id = households.household_id
    where members.is_living and households.standing is distinct from 'M'
),

listed_before as (
    select distinct
        person_id,
        category
    from social_assistance_previous
),

admissions as (
    select
        eligible.*,
        listed_before.person_id is not null as was_listed,
        date_diff('month', date_trunc('month', eligible.admitted_on), $month_start) as months_ago
    from eligible
    left join listed_before
        on
            eligible.person_id = listed_before.person_id
            and eligible.category = listed_before.category
    where eligible.category in ('农村低保', '特困供养', '临时救助')
)

select
    household_id,
    person_id,
    name,
    'yellow' as severity,
    category as value,
    cast(null as varchar) as threshold,
    strftime(admitted_on, '%Y年%-m月%-d日') || '纳入' as detail,
    source_file,
    source_sheet,
    source_row
from admissions
where
    months_ago = 0
    or (
        $has_social_assistance_previous
        and months_ago between 1 and $late_event_months
        and not was_listed
    )
