/*
id: C06
title: 重度残疾未救助
subject: person
sentence: "{name}持有{value}残疾人证（{detail}），社会救助名单中没有本人"
outcome: ENT
verifies: civil_affairs
sources: [disability_certificates, social_assistance]
parameters: []
basis: 目录第4节
since: 2021-01
population: 脱贫户或监测户
missing: 社会救助名单中没有本人的任何一行，即为未救助；被退回的行可能就是缺的那一行，核对时请查看。
cells: [disability_certificates.grade]
about: >
  A living member of a T household or an M-household with 等级 一级 or 二级 who is in no row of
  social_assistance, whatever its 救助类别.
*/
with eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        disability_certificates.category,
        disability_certificates.grade,
        disability_certificates.source_file,
        disability_certificates.source_sheet,
        disability_certificates.source_row
    from disability_certificates
    inner join members on disability_certificates.person_id = members.person_id
    inner join households on members.household_id = households.household_id
    where
        members.is_living
        and (households.is_poor or households.standing = 'M')
        and disability_certificates.grade in ('一级', '二级')
),

assisted_persons as (
    select distinct person_id from social_assistance
)

select
    eligible.household_id,
    eligible.person_id,
    eligible.name,
    cast(null as varchar) as dataset,
    coalesce(eligible.category, '类别未填') as detail,
    eligible.grade as value,
    'disability_certificates' as source_dataset,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row,
    cast(null as varchar) as other_value,
    'social_assistance' as other_dataset,
    cast(null as varchar) as other_file,
    cast(null as varchar) as other_sheet,
    cast(null as integer) as other_row
from eligible
left join assisted_persons on eligible.person_id = assisted_persons.person_id
where assisted_persons.person_id is null
