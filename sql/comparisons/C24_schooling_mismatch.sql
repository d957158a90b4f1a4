/*
id: C24
title: 在校信息不一致
subject: person
sentence: "{name}在监测系统中的在校生状况为“{value}”，{detail}"
outcome: FIX
verifies: rural_revitalization
sources: [school_enrolment]
parameters: []
basis: 目录第4节
since: 2021-01
population: 监测系统内的户
missing: 在校生状况为空的不列；学籍中没有此人在读小学、初中的行，即为没有学籍。
cells: [monitoring_register.schooling, school_enrolment.stage]
about: >
  A living person of monitoring_register who is 在读 in 小学 or 初中 while 在校生状况 is 非在校生; or whose
  在校生状况 is 小学, 七年级, 八年级 or 九年级 without any such row.
*/
with eligible as (
    select
        monitoring_register.person_id,
        monitoring_register.name,
        monitoring_register.schooling,
        monitoring_register.source_file,
        monitoring_register.source_sheet,
        monitoring_register.source_row
    from monitoring_register
    left join deceased on monitoring_register.person_id = deceased.person_id
    where
        deceased.person_id is null
        and monitoring_register.schooling in ('非在校生', '小学', '七年级', '八年级', '九年级')
),

pupil_rows as (
    select
        person_id,
        school,
        stage,
        source_file,
        source_sheet,
        source_row,
        row_number() over (
            partition by person_id
            order by source_file, source_sheet, source_row
        ) as place
    from school_enrolment
    where status = '在读' and stage in ('小学', '初中')
),

pupils as (
    select * from pupil_rows
    where place = 1
)

select
    persons.household_id,
    eligible.person_id,
    eligible.name,
    cast(null as varchar) as dataset,
    case
        when pupils.person_id is null then '学籍中没有在读小学、初中的记录'
        else
            '学籍为' || pupils.stage || '在读' || coalesce('（' || pupils.school || '）', '')
    end as detail,
    eligible.schooling as value,
    'monitoring_register' as source_dataset,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row,
    pupils.stage as other_value,
    'school_enrolment' as other_dataset,
    pupils.source_file as other_file,
    pupils.source_sheet as other_sheet,
    pupils.source_row as other_row
from eligible
left join pupils on eligible.person_id = pupils.person_id
left join persons on eligible.person_id = persons.person_id
where
    (eligible.schooling = '非在校生' and pupils.person_id is not null)
    or (eligible.schooling <> '非在校生' and pupils.person_id is null)
