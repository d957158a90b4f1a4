/*
id: C13
title: 重复参保
subject: person
sentence: "{name}同时正常参加{value}和{other_value}医保"
outcome: STOP
verifies: medical_insurance
sources: [medical_enrolment]
parameters: []
basis: 目录第4节
since: 2021-01
population: 所有农村户
missing: 参保类别、参保状态必填，缺的行已退回，不比对。
cells: [medical_enrolment.category]
about: >
  A living person with a row 正常参保 in 城乡居民 and one in 城镇职工. The data cover townspeople too:
  the person need not be in a register.
*/
with eligible as not materialized (
    select
        medical_enrolment.person_id,
        medical_enrolment.name,
        medical_enrolment.category,
        medical_enrolment.source_file,
        medical_enrolment.source_sheet,
        medical_enrolment.source_row
    from medical_enrolment
    left join deceased on medical_enrolment.person_id = deceased.person_id
    where medical_enrolment.status = '正常参保' and deceased.person_id is null
),

insured_as_employees as (
    select * from eligible
    where category = '城镇职工'
),

insured_twice as (
    select
        insured_as_residents.*,
        insured_as_employees.category as other_category,
        insured_as_employees.source_file as other_file,
        insured_as_employees.source_sheet as other_sheet,
        insured_as_employees.source_row as other_row
    from insured_as_employees
    inner join eligible as insured_as_residents
        on insured_as_employees.person_id = insured_as_residents.person_id
    where insured_as_residents.category = '城乡居民'
)

select
    persons.household_id,
    insured_twice.person_id,
    insured_twice.name,
    cast(null as varchar) as dataset,
    '' as detail,
    insured_twice.category as value,
    'medical_enrolment' as source_dataset,
    insured_twice.source_file,
    insured_twice.source_sheet,
    insured_twice.source_row,
    insured_twice.other_category as other_value,
    'medical_enrolment' as other_dataset,
    insured_twice.other_file,
    insured_twice.other_sheet,
    insured_twice.other_row
from insured_twice
left join persons on insured_twice.person_id = persons.person_id
