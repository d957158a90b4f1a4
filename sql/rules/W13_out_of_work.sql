/*
id: W13
title: 失业返乡
question: 什么时候、因为什么没有做了？家里还有谁能出去做工？愿意做什么，要不要介绍岗位或公益岗？
sentence: "{name}上月在岗，本月{value}，家中没有其他人在岗（{detail}）"
severity: 橙色
risk: 务工就业不稳
population: 脱贫户或监测户
verifies: human_resources
sources: [employment, employment_previous]
parameters: []
event: true
basis: 目录第3节
since: 2021-01
missing: 上月或本月务工监测中没有的人，不判断；上月没有采用的务工监测，本规则不运行。
cells: [employment.status]
about: >
  A living member with a row 失业 or 返乡 who had a row 在岗 in the last month, and no other living
  member of the household has a row 在岗 in this one.
*/
with eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        employment.status,
        employment.workplace,
        employment.source_file,
        employment.source_sheet,
        employment.source_row
    from employment
    inner join members on employment.person_id = members.person_id
    inner join households on members.household_id = households.household_id
    where members.is_living and (households.is_poor or households.standing = 'M')
),

at_work_before as (
    select
        person_id,
        min(workplace) as workplace
    from employment_previous
    where status = '在岗'
    group by person_id
),

at_work as (
    select
        household_id,
        count(distinct person_id) as persons,
        min(person_id) as only_person_id
    from eligible
    where status = '在岗'
    group by household_id
)

select
    eligible.household_id,
    eligible.person_id,
    eligible.name,
    'orange' as severity,
    eligible.status as value,
    '在岗' as threshold,
    '上月务工地' || coalesce(at_work_before.workplace, '未填') as detail,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row
from eligible
inner join at_work_before on eligible.person_id = at_work_before.person_id
left join at_work on eligible.household_id = at_work.household_id
where
    eligible.status in ('失业', '返乡')
    and (
        at_work.household_id is null
        or (at_work.persons = 1 and at_work.only_person_id = eligible.person_id)
    )
