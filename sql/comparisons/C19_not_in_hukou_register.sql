/*
id: C19
title: 监测有户籍无
subject: person
sentence: "{name}在监测系统户编号{value}中，农村户籍人口中没有此人"
outcome: FIX
verifies: rural_revitalization
sources: []
parameters: []
basis: 目录第4节
since: 2021-01
population: 监测系统内的户
missing: 农村户籍人口中没有此人的任何一行，即为无；被退回的行可能就是缺的那一行。
cells: [monitoring_register.household_no]
about: >
  A living person of monitoring_register without a row in hukou_register, in the snapshots that
  serve.
*/
with eligible as (
    select
        monitoring_register.person_id,
        monitoring_register.name,
        monitoring_register.household_no,
        monitoring_register.source_file,
        monitoring_register.source_sheet,
        monitoring_register.source_row
    from monitoring_register
    left join deceased on monitoring_register.person_id = deceased.person_id
    where deceased.person_id is null
)

select
    persons.household_id,
    eligible.person_id,
    eligible.name,
    cast(null as varchar) as dataset,
    '' as detail,
    coalesce(eligible.household_no, '空白') as value,
    'monitoring_register' as source_dataset,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row,
    cast(null as varchar) as other_value,
    'hukou_register' as other_dataset,
    cast(null as varchar) as other_file,
    cast(null as varchar) as other_sheet,
    cast(null as integer) as other_row
from eligible
left join hukou_register on eligible.person_id = hukou_register.person_id
left join persons on eligible.person_id = persons.person_id
where hukou_register.person_id is null
