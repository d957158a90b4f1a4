/*
id: C11
title: 学生务工
subject: person
sentence: "{name}（{other_value}）{detail}"
outcome: FIX
verifies: sender
sources: [employment, public_posts, school_enrolment]
one_by_one: true
parameters: [working_age]
basis: 禁止使用童工规定（国务院令第364号）第二条；目录第4节
since: 2021-01
population: 所有农村户
missing: 学籍没有接收的，只比对未满法定年龄的；务工或公益岗没有接收的，不比对那一种。
cells: [employment.status, public_posts.post, school_enrolment.stage]
about: >
  A living person 在岗 in employment who is 在读 in 小学, 初中, 普通高中 or 中职, or not yet of working
  age at month end; and one not yet of working age in public_posts. Dataset by dataset; the person
  need not be in a register.
*/
with employed as (
    select
        'employment' as dataset,
        person_id,
        name,
        birth_date,
        status as value,
        '在务工监测中登记为在岗' as detail,
        source_file,
        source_sheet,
        source_row
    from employment
    where status = '在岗'

    union all

    select
        'public_posts' as dataset,
        person_id,
        name,
        birth_date,
        post as value,
        '在公益岗名单中（' || coalesce(post, '岗位未填') || '）' as detail,
        source_file,
        source_sheet,
        source_row
    from public_posts
),

eligible as (
    select
        employed.*,
        extract(year from employed.birth_date) * 10000
        + extract(month from employed.birth_date) * 100
        + extract(day from employed.birth_date)
        > (extract(year from $month_end) - $working_age) * 10000
        + extract(month from $month_end) * 100
        + extract(day from $month_end) as is_child
    from employed
    left join deceased on employed.person_id = deceased.person_id
    where deceased.person_id is null
),

pupil_rows as (
    select
        person_id,
        stage,
        source_file,
        source_sheet,
        source_row,
        row_number() over (
            partition by person_id
            order by source_file, source_sheet, source_row
        ) as place
    from school_enrolment
    where status = '在读' and stage in ('小学', '初中', '普通高中', '中职')
),

pupils as (
    select * from pupil_rows
    where place = 1
)

select
    persons.household_id,
    eligible.person_id,
    eligible.name,
    eligible.dataset,
    eligible.detail,
    eligible.value,
    eligible.dataset as source_dataset,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row,
    coalesce(
        pupils.stage || '在读',
        strftime(eligible.birth_date, '%Y年%-m月%-d日') || '出生，未满'
        || cast($working_age as varchar) || '周岁'
    ) as other_value,
    'school_enrolment' as other_dataset,
    pupils.source_file as other_file,
    pupils.source_sheet as other_sheet,
    pupils.source_row as other_row
from eligible
left join pupils on eligible.person_id = pupils.person_id
left join persons on eligible.person_id = persons.person_id
where
    eligible.is_child
    or (eligible.dataset = 'employment' and pupils.person_id is not null)
