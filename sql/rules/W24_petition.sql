/*
id: W24
title: 生活困难诉求
question: 反映的困难是什么，属实不属实？部门答复了没有，还差哪一步？家里其他情况怎么样？
sentence: "{name}于{detail}反映：{value}"
severity: 黄色
risk: 其他
population: 所有农村户
verifies: petitions
sources: [petitions]
parameters: []
basis: 四川旺苍风险信息推送机制（信访、舆情线索）；目录第3节
since: 2021-01
missing: 没有身份证号的，按姓名和村找人，正好找到一位在世的人才算；找不到或有同名的，不归到任何一户。
cells: [petitions.matter, petitions.received_on, petitions.channel]
about: >
  By the identity number of a living member; where it is blank, by name and village, if exactly one
  living person bears them in either register, in a household or not. Points in names are one and
  the same; 村委会 and the like are dropped from the end of a village's name as often as they stand
  there.
*/
with plain_petitions as (
    select
        *,
        translate(name, '•．.・‧∙', '······') as plain_name,
        regexp_replace(
            replace(village, ' ', ''), '(村民委员会|居民委员会|村委会|居委会|社区|村)+$', ''
        ) as plain_village
    from petitions
),

nameless as (
    select distinct plain_name from plain_petitions
    where person_id is null
),

register_names as not materialized (
    select person_id, name, village from monitoring_register

    union all

    select person_id, name, village from hukou_register
),

-- Names alone first: the villages of a whole county's people need not be evened out. Nor need the
-- dots of names that have none: a dot stays one character, so that names are as long as before.
names_as_long as (
    select * from register_names
    where
        length(name) in (
            select length(plain_name) from nameless
            where plain_name like '%·%'
        )
),

namesakes as (
    select
        person_id,
        village,
        name as plain_name
    from register_names
    where name in (select plain_name from nameless)

    union

    select
        person_id,
        village,
        translate(name, '•．.・‧∙', '······') as plain_name
    from names_as_long
    where translate(name, '•．.・‧∙', '······') in (select plain_name from nameless)
),

living_namesakes as (
    select
        namesakes.person_id,
        namesakes.plain_name,
        regexp_replace(
            replace(namesakes.village, ' ', ''), '(村民委员会|居民委员会|村委会|居委会|社区|村)+$', ''
        ) as plain_village
    from namesakes
    left join deceased on namesakes.person_id = deceased.person_id
    where deceased.person_id is null
),

single_namesakes as (
    select
        plain_name,
        plain_village,
        min(person_id) as person_id
    from living_namesakes
    group by plain_name, plain_village
    having count(distinct person_id) = 1
),

petitioners as (
    select
        plain_petitions.name,
        plain_petitions.channel,
        plain_petitions.matter,
        plain_petitions.received_on,
        plain_petitions.source_file,
        plain_petitions.source_sheet,
        plain_petitions.source_row,
        coalesce(plain_petitions.person_id, single_namesakes.person_id) as person_id
    from plain_petitions
    left join single_namesakes
        on
            plain_petitions.person_id is null
            and plain_petitions.plain_name = single_namesakes.plain_name
            and plain_petitions.plain_village = single_namesakes.plain_village
),

eligible as (
    select
        members.household_id,
        petitioners.*
    from petitioners
    inner join members on petitioners.person_id = members.person_id
    where members.is_living
)

select
    household_id,
    person_id,
    name,
    'yellow' as severity,
    coalesce(matter, '事由未填') as value,
    cast(null as varchar) as threshold,
    strftime(received_on, '%Y年%-m月%-d日') || coalesce('通过' || channel, '') as detail,
    source_file,
    source_sheet,
    source_row
from eligible
