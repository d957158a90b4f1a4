/*
id: C17
title: 家庭有财政供养人员
subject: household
sentence: "{name}由财政供养{detail}，该户列入“{other_value}”"
outcome: ASSET
verifies: finance
sources: [payroll, social_assistance]
parameters: []
basis: 目录第4节
since: 2021-01
population: 所有农村户
missing: 不在财政供养名单中的成员不列。
cells: [payroll.employer]
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
    coalesce('（' || payroll.employer || coalesce('，' || payroll.position, '') || '）', '') as detail,
    coalesce(payroll.employer, '单位未填') as value,
    'payroll' as source_dataset,
    payroll.source_file,
    payroll.source_sheet,
    payroll.source_row,
    eligible.grounds as other_value,
    eligible.source_dataset as other_dataset,
    eligible.source_file as other_file,
    eligible.source_sheet as other_sheet,
    eligible.source_row as other_row
from eligible
inner join payroll on eligible.person_id = payroll.person_id
