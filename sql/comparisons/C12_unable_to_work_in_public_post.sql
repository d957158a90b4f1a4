/*
id: C12
title: 无劳动力任公益岗
subject: person
sentence: "{name}在公益岗名单中（{value}），监测系统劳动技能为“{other_value}”"
outcome: STOP
verifies: human_resources
sources: [public_posts]
parameters: []
basis: 目录第4节
since: 2021-01
population: 监测系统内的户
missing: 劳动技能为空的不列。
cells: [public_posts.post, monitoring_register.labour]
about: >
  A living person with a row of public_posts and a row of monitoring_register with 劳动技能
  丧失劳动力 or 无劳动力.
*/
with eligible as (
    select
        public_posts.person_id,
        public_posts.name,
        public_posts.post,
        public_posts.source_file,
        public_posts.source_sheet,
        public_posts.source_row,
        monitoring_register.labour,
        monitoring_register.source_file as register_file,
        monitoring_register.source_sheet as register_sheet,
        monitoring_register.source_row as register_row
    from public_posts
    inner join monitoring_register on public_posts.person_id = monitoring_register.person_id
    left join deceased on public_posts.person_id = deceased.person_id
    where deceased.person_id is null
)

select
    persons.household_id,
    eligible.person_id,
    eligible.name,
    cast(null as varchar) as dataset,
    '' as detail,
    coalesce(eligible.post, '岗位未填') as value,
    'public_posts' as source_dataset,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row,
    eligible.labour as other_value,
    'monitoring_register' as other_dataset,
    eligible.register_file as other_file,
    eligible.register_sheet as other_sheet,
    eligible.register_row as other_row
from eligible
left join persons on eligible.person_id = persons.person_id
where eligible.labour in ('丧失劳动力', '无劳动力')
