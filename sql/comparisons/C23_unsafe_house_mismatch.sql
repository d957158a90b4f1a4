/*
id: C23
title: 危房信息不一致
subject: household
sentence: "监测系统“是否危房户”为“{value}”，{name}的住房鉴定为{detail}"
outcome: FIX
verifies: rural_revitalization
sources: [housing_safety]
parameters: []
basis: 目录第4节
since: 2021-01
population: 监测系统内的户
missing: 没有鉴定记录的户不比对；鉴定等级、改造状态缺的行已退回。
cells: [monitoring_register.has_unsafe_house, housing_safety.grade]
about: >
  A house C or D that is not 已竣工 while 是否危房户 is 否, or a house A or B while it is 是. The house
  belongs to the R household of the 户主 named; this resolves also when that person is dead.
*/
with eligible as (
    select
        register_stock.household_id,
        register_stock.has_unsafe_house,
        register_stock.source_file as register_file,
        register_stock.source_sheet as register_sheet,
        register_stock.source_row as register_row,
        housing_safety.person_id,
        housing_safety.name,
        housing_safety.grade,
        housing_safety.renovation,
        housing_safety.source_file,
        housing_safety.source_sheet,
        housing_safety.source_row
    from housing_safety
    inner join persons on housing_safety.person_id = persons.person_id
    inner join register_stock on persons.household_id = register_stock.household_id
)

select
    household_id,
    person_id,
    name,
    cast(null as varchar) as dataset,
    grade || '级' || coalesce('（' || renovation || '）', '') as detail,
    has_unsafe_house as value,
    'monitoring_register' as source_dataset,
    register_file as source_file,
    register_sheet as source_sheet,
    register_row as source_row,
    grade as other_value,
    'housing_safety' as other_dataset,
    source_file as other_file,
    source_sheet as other_sheet,
    source_row as other_row
from eligible
where
    (
        grade in ('C', 'D')
        and renovation is distinct from '已竣工'
        and has_unsafe_house = '否'
    )
    or (grade in ('A', 'B') and has_unsafe_house = '是')
