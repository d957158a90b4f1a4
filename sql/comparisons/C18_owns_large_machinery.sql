/*
id: C18
title: 名下有大型农机
subject: household
sentence: "{name}名下有{detail}，销售总价{value}元，该户列入“{other_value}”"
outcome: ASSET
verifies: agriculture
sources: [machinery, social_assistance]
parameters: [machinery_price_line]
basis: 目录第4节
since: 2021-01
population: 所有农村户
missing: 没有农机登记的成员不列；销售总价缺的行已退回。
cells: [machinery.price]
about: >
  To be explained at verification, never an exclusion. Looked for in M-households and in households
  with a living member in 农村低保.
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
    coalesce(machinery.item, '农机') as detail,
    machinery.price as value,
    'machinery' as source_dataset,
    machinery.source_file,
    machinery.source_sheet,
    machinery.source_row,
    eligible.grounds as other_value,
    eligible.source_dataset as other_dataset,
    eligible.source_file as other_file,
    eligible.source_sheet as other_sheet,
    eligible.source_row as other_row
from eligible
inner join machinery on eligible.person_id = machinery.person_id
where machinery.price >= $machinery_price_line
