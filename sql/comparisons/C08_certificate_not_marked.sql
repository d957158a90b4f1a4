/*
id: C08
title: 持证未标注
subject: person
sentence: "{name}持有{other_value}残疾人证，监测系统健康状况为“{value}”，没有标注残疾"
outcome: FIX
verifies: rural_revitalization
sources: [disability_certificates]
parameters: []
basis: 目录第4节
since: 2021-01
population: 监测系统内的户
missing: 健康状况为空，按没有标注残疾列出。
cells: [monitoring_register.health, disability_certificates.grade]
about: >
  A living certificate holder with a row of monitoring_register whose 健康状况 does not contain 残疾.
  A person with several rows is listed for any one that does not.
*/
with eligible as (
    select
        monitoring_register.person_id,
        monitoring_register.name,
        monitoring_register.health,
        monitoring_register.source_file,
        monitoring_register.source_sheet,
        monitoring_register.source_row,
        disability_certificates.grade,
        disability_certificates.source_file as certificate_file,
        disability_certificates.source_sheet as certificate_sheet,
        disability_certificates.source_row as certificate_row
    from disability_certificates
    inner join monitoring_register
        on disability_certificates.person_id = monitoring_register.person_id
    left join deceased on disability_certificates.person_id = deceased.person_id
    where deceased.person_id is null
)

select
    persons.household_id,
    eligible.person_id,
    eligible.name,
    cast(null as varchar) as dataset,
    '' as detail,
    coalesce(eligible.health, '空白') as value,
    'monitoring_register' as source_dataset,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row,
    eligible.grade as other_value,
    'disability_certificates' as other_dataset,
    eligible.certificate_file as other_file,
    eligible.certificate_sheet as other_sheet,
    eligible.certificate_row as other_row
from eligible
left join persons on eligible.person_id = persons.person_id
where coalesce(eligible.health, '') not like '%残疾%'
