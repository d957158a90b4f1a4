/*
id: C16
title: 名下有商品房
subject: household
sentence: "{name}名下有{detail}，该户列入“{other_value}”"
outcome: ASSET
verifies: natural_resources
sources: [property, social_assistance]
parameters: []
basis: 目录第4节
since: 2021-01
population: 所有农村户
missing: 没有不动产登记的成员不列；用途缺的行已退回。
cells: [property.purpose]
about: >
  To be explained at verification, never an exclusion. Looked for in M-households and in households
  with a living member in 农村低保. 农村宅基地 does not count.
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
    property.purpose || '不动产' || coalesce('（' || property.location || '）', '') as detail,
    property.purpose as value,
    'property' as source_dataset,
    property.source_file,
    property.source_sheet,
    property.source_row,
    eligible.grounds as other_value,
    eligible.source_dataset as other_dataset,
    eligible.source_file as other_file,
    eligible.source_sheet as other_sheet,
    eligible.source_row as other_row
from eligible
inner join property on eligible.person_id = property.person_id
where property.purpose in ('住宅', '商业')
