/*
id: C03
title: 姓名不一致
subject: person
sentence: "{detail}中的姓名为“{value}”，户籍登记为“{other_value}”"
outcome: BACK
verifies: sender
sources: [delivered_rows]
one_by_one: true
parameters: []
basis: 目录第4节
since: 2021-01
missing: 户籍名册中没有此人的，不比对姓名（见查无此人）；没有报送的数据不比对。
cells: [hukou_register.name]
about: >
  An accepted row whose 姓名 is none of those that hukou_register has for the person, dataset by
  dataset. Names come NFKC and without white space from intake; the signs that are written for a
  middle dot are made one here. Rows count, the dead are compared too. Where an earlier snapshot of
  hukou_register serves, the names are taken from it.
*/
with eligible as (
    select
        delivered_rows.dataset,
        delivered_rows.person_id,
        delivered_rows.name,
        delivered_rows.source_file,
        delivered_rows.source_sheet,
        delivered_rows.source_row,
        hukou_register.name as hukou_name,
        hukou_register.source_file as hukou_file,
        hukou_register.source_sheet as hukou_sheet,
        hukou_register.source_row as hukou_row
    from delivered_rows
    inner join hukou_register on delivered_rows.person_id = hukou_register.person_id
    where delivered_rows.dataset <> 'hukou_register'
),

differing as (
    select
        *,
        translate(name, '•.・‧∙', '·····') as plain_name
    from eligible
    where
        name <> hukou_name
        and translate(name, '•.・‧∙', '·····') <> translate(hukou_name, '•.・‧∙', '·····')
),

differing_persons as (
    select distinct person_id from differing
),

-- A person may stand in hukou_register more than once.
told_otherwise as (
    select distinct
        hukou_register.person_id,
        translate(hukou_register.name, '•.・‧∙', '·····') as plain_name
    from differing_persons
    inner join hukou_register on differing_persons.person_id = hukou_register.person_id
),

ranked as (
    select
        differing.*,
        row_number() over (
            partition by
                differing.dataset,
                differing.source_file,
                differing.source_sheet,
                differing.source_row
            order by differing.hukou_file, differing.hukou_sheet, differing.hukou_row
        ) as place
    from differing
    left join told_otherwise
        on
            differing.person_id = told_otherwise.person_id
            and differing.plain_name = told_otherwise.plain_name
    where told_otherwise.person_id is null
)

select
    persons.household_id,
    ranked.person_id,
    ranked.name,
    ranked.dataset,
    '“' || datasets.title || '”' as detail,
    ranked.name as value,
    ranked.dataset as source_dataset,
    ranked.source_file,
    ranked.source_sheet,
    ranked.source_row,
    ranked.hukou_name as other_value,
    'hukou_register' as other_dataset,
    ranked.hukou_file as other_file,
    ranked.hukou_sheet as other_sheet,
    ranked.hukou_row as other_row
from ranked
inner join datasets on ranked.dataset = datasets.dataset
left join persons on ranked.person_id = persons.person_id
where ranked.place = 1
