/*
id: C02
title: 一人多户
subject: person
sentence: "{name}登记在户编号{detail}"
outcome: FIX
verifies: rural_revitalization
sources: []
parameters: []
basis: 目录第4节
since: 2021-01
about: >
  Rows count, so the dead are compared too. One row per 户编号 in which the person stands.
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
)

select
    persons.household_id,
    doubled.person_id,
    monitoring_register.name,
    cast(null as varchar) as dataset,
    monitoring_register.household_no as detail,
    'monitoring_register' as source_dataset,
    monitoring_register.source_file,
    monitoring_register.source_sheet,
    monitoring_register.source_row
from doubled
inner join monitoring_register on doubled.person_id = monitoring_register.person_id
left join persons on doubled.person_id = persons.person_id
where monitoring_register.household_no is not null
