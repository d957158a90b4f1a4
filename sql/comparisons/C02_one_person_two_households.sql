/*
id: C02
title: 一人多户
subject: person
sentence: "{name}在监测系统中同时登记在户编号{value}和户编号{other_value}"
outcome: FIX
verifies: rural_revitalization
sources: []
parameters: []
basis: 目录第4节
since: 2021-01
population: 监测系统内的户
missing: 户编号为空的行不比对。
cells: [monitoring_register.household_no]
about: >
  Rows count, so the dead are compared too. The smallest 户编号, to which the person is counted,
  stands against each of the others.
*/
with eligible as (
    select distinct
        person_id,
        household_no
    from monitoring_register
    where household_no is not null
),

doubled as (
    select person_id
    from eligible
    group by person_id
    having count(*) >= 2
),

doubled_rows as (
    select
        monitoring_register.person_id,
        monitoring_register.name,
        monitoring_register.household_no,
        monitoring_register.source_file,
        monitoring_register.source_sheet,
        monitoring_register.source_row,
        row_number() over (
            partition by monitoring_register.person_id, monitoring_register.household_no
            order by
                monitoring_register.source_file,
                monitoring_register.source_sheet,
                monitoring_register.source_row
        ) as place
    from doubled
    inner join monitoring_register on doubled.person_id = monitoring_register.person_id
    where monitoring_register.household_no is not null
),

places as (
    select
        *,
        row_number() over (
            partition by person_id
            order by length(household_no), household_no
        ) as household_place
    from doubled_rows
    where place = 1
)

select
    persons.household_id,
    counted.person_id,
    counted.name,
    cast(null as varchar) as dataset,
    '' as detail,
    counted.household_no as value,
    'monitoring_register' as source_dataset,
    counted.source_file,
    counted.source_sheet,
    counted.source_row,
    others.household_no as other_value,
    'monitoring_register' as other_dataset,
    others.source_file as other_file,
    others.source_sheet as other_sheet,
    others.source_row as other_row
from places as counted
inner join places as others on counted.person_id = others.person_id
left join persons on counted.person_id = persons.person_id
where counted.household_place = 1 and others.household_place > 1
