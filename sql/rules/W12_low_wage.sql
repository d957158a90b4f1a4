/*
id: W12
title: 务工收入过低
question: 实际每月拿到多少工资，做几天？是不是零工、欠薪，或者登记有误？想不想换岗、参加培训？
sentence: "{name}在岗，月收入{value}元，低于{threshold}元（{detail}）"
severity: 黄色
risk: 务工就业不稳
population: 脱贫户或监测户
verifies: human_resources
sources: [employment]
parameters: [wage_line]
basis: 全国防返贫监测信息系统数据核查规则（务工月收入）；目录第3节
since: 2021-01
worse: lower
missing: 务工监测中没有的人，不判断，也不视为有收入；务工地空白不影响判断。
cells: [employment.monthly_income, employment.status]
about: >
  A living member with a row 在岗 below the line; exactly the line is no hit.
*/
with eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        employment.workplace,
        employment.employer,
        employment.monthly_income,
        employment.source_file,
        employment.source_sheet,
        employment.source_row
    from employment
    inner join members on employment.person_id = members.person_id
    inner join households on members.household_id = households.household_id
    where
        members.is_living
        and (households.is_poor or households.standing = 'M')
        and employment.status = '在岗'
)

select
    household_id,
    person_id,
    name,
    'yellow' as severity,
    monthly_income as value,
    $wage_line as threshold,
    '务工地' || coalesce(workplace, '未填') || coalesce('，' || employer, '') as detail,
    source_file,
    source_sheet,
    source_row
from eligible
where monthly_income < $wage_line
