/*
id: W08
title: 疑似辍学
question: 孩子多久没有到校，因为什么？家里和学校做过哪些工作，什么时候能返校？
sentence: "{name}被教体局列为疑似辍学（{detail}）"
severity: 红色
risk: 因学
population: 所有农村户
verifies: education
sources: [dropout_suspects]
parameters: []
basis: 云南峨山防止返贫动态监测数据比对工作方案（脱贫户、监测户新增疑似辍学）；目录第3节
since: 2021-01
missing: 疑似辍学数据中没有的人，视为没有辍学迹象；学校、原因空白不影响判断。
cells: [dropout_suspects.reason, dropout_suspects.school, dropout_suspects.found_on]
about: >
  A living member with an accepted row of the month, rows marked late included.
*/
with eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        dropout_suspects.school,
        dropout_suspects.stage,
        dropout_suspects.reason,
        dropout_suspects.found_on,
        dropout_suspects.source_file,
        dropout_suspects.source_sheet,
        dropout_suspects.source_row
    from dropout_suspects
    inner join members on dropout_suspects.person_id = members.person_id
    where members.is_living
)

select
    household_id,
    person_id,
    name,
    'red' as severity,
    coalesce(reason, '原因未填') as value,
    cast(null as varchar) as threshold,
    coalesce(school, '学校未填') || coalesce(stage, '') || '，'
    || strftime(found_on, '%Y年%-m月%-d日') || '发现，' || coalesce(reason, '原因未填') as detail,
    source_file,
    source_sheet,
    source_row
from eligible
