/*
id: C22
title: 部门与系统总数不符
subject: township
sentence: "{name}：民政农村低保名单中属于监测系统户的有{value}人，监测系统登记享受低保的户有{other_value}人"
outcome: INFO
verifies: rural_revitalization
sources: [social_assistance]
parameters: []
basis: 目录第4节
since: 2021-01
population: 监测系统内的户
missing: 名册中乡镇为空的户另作一组。
cells: [social_assistance.category, monitoring_register.receives_dibao]
about: >
  Per township of the register: living members of R households (joined ones too) in 农村低保 against
  living register members of the households with 享受低保政策情况 是. A person in two 户编号 counts in
  both on the register's side.
*/
with eligible as (
    select distinct coalesce(township, '') as township
    from register_stock
),

receiving_members as (
    select
        coalesce(register_stock.township, '') as township,
        count(distinct dibao_members.person_id) as persons
    from dibao_members
    inner join register_stock on dibao_members.household_id = register_stock.household_id
    group by coalesce(register_stock.township, '')
),

marked_members as (
    select
        coalesce(township, '') as township,
        sum(living_register_members) as persons
    from register_stock
    where receives_dibao = '是'
    group by coalesce(township, '')
),

totals as (
    select
        eligible.township,
        coalesce(receiving_members.persons, 0) as receiving,
        coalesce(marked_members.persons, 0) as marked
    from eligible
    left join receiving_members on eligible.township = receiving_members.township
    left join marked_members on eligible.township = marked_members.township
)

select
    cast(null as varchar) as household_id,
    cast(null as bigint) as person_id,
    township as name,
    cast(null as varchar) as dataset,
    '' as detail,
    cast(receiving as varchar) as value,
    'social_assistance' as source_dataset,
    cast(null as varchar) as source_file,
    cast(null as varchar) as source_sheet,
    cast(null as integer) as source_row,
    cast(marked as varchar) as other_value,
    'monitoring_register' as other_dataset,
    cast(null as varchar) as other_file,
    cast(null as varchar) as other_sheet,
    cast(null as integer) as other_row
from totals
where receiving <> marked
