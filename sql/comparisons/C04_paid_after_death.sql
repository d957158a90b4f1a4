/*
id: C04
title: 死亡后仍享受
subject: person
sentence: "{name}已于{detail}"
outcome: STOP
verifies: civil_affairs
sources: [social_assistance, public_posts, employment]
one_by_one: true
parameters: []
basis: 目录第4节
since: 2021-01
about: >
  Who died before the first day of the month and still has an accepted row of the month, dataset by
  dataset. Rows count, so the person need not be in a register.
*/
with eligible as (
    select
        'social_assistance' as dataset,
        person_id,
        name,
        '仍在社会救助名单（' || category || '）' as standing,
        source_file,
        source_sheet,
        source_row
    from social_assistance

    union all

    select
        'public_posts' as dataset,
        person_id,
        name,
        '仍在公益岗名单（' || coalesce(post, '岗位未填') || '）' as standing,
        source_file,
        source_sheet,
        source_row
    from public_posts

    union all

    select
        'employment' as dataset,
        person_id,
        name,
        '仍登记为务工在岗' as standing,
        source_file,
        source_sheet,
        source_row
    from employment
    where status = '在岗'
),

dead_before as (
    select
        person_id,
        died_on
    from deceased
    where died_on < $month_start
)

select
    persons.household_id,
    eligible.person_id,
    eligible.name,
    eligible.dataset,
    cast(dead_before.died_on as varchar) || '死亡，' || eligible.standing as detail,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row
from eligible
inner join dead_before on eligible.person_id = dead_before.person_id
left join persons on eligible.person_id = persons.person_id
