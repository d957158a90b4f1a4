/*
id: C14
title: 名下有车辆
subject: household
sentence: "{name}名下有{detail}，该户列入“{other_value}”"
outcome: ASSET
verifies: public_security
sources: [vehicles, social_assistance]
parameters: []
basis: 目录第4节
since: 2021-01
population: 所有农村户
missing: 没有机动车登记的成员不列。
cells: [vehicles.vehicle_type]
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
    vehicles.vehicle_type || coalesce('（' || vehicles.plate || '）', '') as detail,
    vehicles.vehicle_type as value,
    'vehicles' as source_dataset,
    vehicles.source_file,
    vehicles.source_sheet,
    vehicles.source_row,
    eligible.grounds as other_value,
    eligible.source_dataset as other_dataset,
    eligible.source_file as other_file,
    eligible.source_sheet as other_sheet,
    eligible.source_row as other_row
from eligible
inner join vehicles on eligible.person_id = vehicles.person_id
where
    vehicles.vehicle_type in (
        '小型轿车', '小型普通客车', '小型越野客车', '大型汽车', '大型客车', '重型货车'
    )
