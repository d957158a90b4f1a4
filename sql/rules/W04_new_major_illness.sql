/*
id: W04
title: 新增大病
question: 得的是什么病，在哪里治？已经花了多少、报销了多少，后面还要花多少？家里谁照料，还能不能劳动？
sentence: "{name}新增大病：{value}（{detail}）"
severity: 橙色
risk: 因病
population: 所有农村户
verifies: health
sources: [major_illness]
parameters: []
basis: 某县《关于建立防止新发生返贫致贫风险机制的实施办法》（上月新增大病专项救治人员）；目录第3节
since: 2021-01
missing: 大病数据中没有的人，视为本月没有新增大病；病种空白不影响判断。
cells: [major_illness.illness, major_illness.diagnosed_on]
about: >
  A living member with an accepted row of the month, rows marked late included.
*/
with eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        major_illness.illness,
        major_illness.diagnosed_on,
        major_illness.source_file,
        major_illness.source_sheet,
        major_illness.source_row
    from major_illness
    inner join members on major_illness.person_id = members.person_id
    where members.is_living
)

select
    household_id,
    person_id,
    name,
    'orange' as severity,
    coalesce(illness, '病种未填') as value,
    cast(null as varchar) as threshold,
    strftime(diagnosed_on, '%Y年%-m月%-d日') || '确诊' as detail,
    source_file,
    source_sheet,
    source_row
from eligible
