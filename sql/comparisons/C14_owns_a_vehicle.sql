/*
id: C14
title: 名下有车辆
subject: household
sentence: "{name}名下有{detail}"
outcome: ASSET
verifies: public_security
sources: [vehicles, social_assistance]
parameters: []
basis: 目录第4节
since: 2021-01
about: >
  To be explained at verification, never an exclusion. Looked for in M-households and in households
  with a living member in 农村低保.
*/
with dibao_households as (
    select distinct members.household_id
    from social_assistance
    inner join members on social_assistance.person_id = members.person_id
    where members.is_living and social_assistance.category = '农村低保'
),

eligible as (
    select
        members.household_id,
        members.person_id,
        members.name
    from members
    inner join households on members.household_id = households.household_id
    left join dibao_households on members.household_id = dibao_households.household_id
    where
        members.is_living
        and (households.standing = 'M' or dibao_households.household_id is not null)
)

select
    eligible.household_id,
    eligible.person_id,
    eligible.name,
    cast(null as varchar) as dataset,
    vehicles.vehicle_type || coalesce('（' || vehicles.plate || '）', '') as detail,
    vehicles.source_file,
    vehicles.source_sheet,
    vehicles.source_row
from eligible
inner join vehicles on eligible.person_id = vehicles.person_id
where
    vehicles.vehicle_type in (
        '小型轿车', '小型普通客车', '小型越野客车', '大型汽车', '大型客车', '重型货车'
    )
