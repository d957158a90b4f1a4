/*
id: C09
title: 低保信息不一致
subject: household
sentence: "监测系统“享受低保政策情况”为“{value}”，{detail}"
outcome: FIX
verifies: rural_revitalization
sources: [social_assistance]
parameters: []
basis: 目录第4节
since: 2021-01
population: 监测系统内的户
missing: 民政农村低保名单中没有该户任何在世成员，即为没有；没有在世成员的户也列出。
cells: [monitoring_register.receives_dibao, social_assistance.category]
about: >
  享受低保政策情况 of an R household against its living members (joined ones too) in 农村低保.
*/
with eligible as (
    select
        household_id,
        head_person_id,
        head_name,
        receives_dibao,
        source_file,
        source_sheet,
        source_row
    from register_stock
),

receiving_households as (
    select distinct household_id from dibao_members
)

select
    eligible.household_id,
    eligible.head_person_id as person_id,
    eligible.head_name as name,
    cast(null as varchar) as dataset,
    '民政农村低保名单中没有该户成员' as detail,
    eligible.receives_dibao as value,
    'monitoring_register' as source_dataset,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row,
    cast(null as varchar) as other_value,
    'social_assistance' as other_dataset,
    cast(null as varchar) as other_file,
    cast(null as varchar) as other_sheet,
    cast(null as integer) as other_row
from eligible
left join receiving_households on eligible.household_id = receiving_households.household_id
where eligible.receives_dibao = '是' and receiving_households.household_id is null

union all

select
    eligible.household_id,
    dibao_members.person_id,
    dibao_members.name,
    cast(null as varchar) as dataset,
    '民政名单中' || dibao_members.name || '享受农村低保' as detail,
    eligible.receives_dibao as value,
    'monitoring_register' as source_dataset,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row,
    dibao_members.category as other_value,
    'social_assistance' as other_dataset,
    dibao_members.source_file as other_file,
    dibao_members.source_sheet as other_sheet,
    dibao_members.source_row as other_row
from eligible
inner join dibao_members on eligible.household_id = dibao_members.household_id
where eligible.receives_dibao = '否'
