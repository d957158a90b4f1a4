/*
id: C15
title: 名下有企业
subject: household
sentence: "{name}是企业{detail}的法定代表人，该户列入“{other_value}”"
outcome: ASSET
verifies: market_regulation
sources: [business_registrations, social_assistance]
parameters: []
basis: 目录第4节
since: 2021-01
population: 所有农村户
missing: 没有企业登记的成员不列；主体类型、登记状态缺的行已退回。
cells: [business_registrations.company]
about: >
  To be explained at verification, never an exclusion. Looked for in M-households and in households
  with a living member in 农村低保. Only 企业 that are 存续.
*/
with eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        asset_households.grounds,
        asset_households.source_dataset,
        asset_households.source_file,
        asset_households.source_sheet,
        asset_households.source_row
    from asset_households
    inner join members on asset_households.household_id = members.household_id
    where members.is_living
)

select
    eligible.household_id,
    eligible.person_id,
    eligible.name,
    cast(null as varchar) as dataset,
    '“' || coalesce(business_registrations.company, '名称未填') || '”' as detail,
    business_registrations.company as value,
    'business_registrations' as source_dataset,
    business_registrations.source_file,
    business_registrations.source_sheet,
    business_registrations.source_row,
    eligible.grounds as other_value,
    eligible.source_dataset as other_dataset,
    eligible.source_file as other_file,
    eligible.source_sheet as other_sheet,
    eligible.source_row as other_row
from eligible
inner join business_registrations on eligible.person_id = business_registrations.person_id
where
    business_registrations.entity_type = '企业' and business_registrations.status = '存续'
