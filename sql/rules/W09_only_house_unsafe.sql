/*
id: W09
title: 唯一住房为危房
question: 现在住在哪里，房子是否安全？有没有别的住房？改造到了哪一步，缺多少钱？
sentence: "唯一住房鉴定为{value}级（户主{name}，{detail}）"
severity: C级橙色，D级红色
risk: 住房安全
population: 所有农村户
verifies: housing
sources: [housing_safety]
parameters: []
basis: 目录第3节；云南元谋监测范围与风险判据（唯一住房出现安全问题）
since: 2021-01
missing: 住房安全数据中没有的户，不判断，也不视为住房安全。
cells: [housing_safety.grade, housing_safety.is_only_house, housing_safety.renovation]
about: >
  The house belongs to the household of the 户主 named; this resolves also when that person is dead.
*/
with eligible as (
    select
        persons.household_id,
        persons.person_id,
        persons.name,
        housing_safety.grade,
        housing_safety.is_only_house,
        housing_safety.renovation,
        housing_safety.source_file,
        housing_safety.source_sheet,
        housing_safety.source_row
    from housing_safety
    inner join persons on housing_safety.person_id = persons.person_id
)

select
    household_id,
    person_id,
    name,
    case when grade = 'D' then 'red' else 'orange' end as severity,
    grade as value,
    'C、D级' as threshold,
    renovation as detail,
    source_file,
    source_sheet,
    source_row
from eligible
where grade in ('C', 'D') and is_only_house = '是' and renovation is distinct from '已竣工'
