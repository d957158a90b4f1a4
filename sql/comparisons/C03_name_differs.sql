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
        hukou_register.name as hukou_name
    from delivered_rows
    inner join hukou_register on delivered_rows.person_id = hukou_register.person_id
    where delivered_rows.dataset <> 'hukou_register'
),

-- Few are left here, so that the dots are made one on few.
written_otherwise as (
    select distinct
        dataset,
        person_id,
        name,
        source_file,
        source_sheet,
        source_row,
        translate(name, '•.・‧∙', '·····') as plain_name
    from eligible
    where name <> hukou_name
),

persons_in_question as (
    select distinct person_id from written_otherwise
),

hukou_names as (
    select
        hukou_register.person_id,
        hukou_register.name,
        translate(hukou_register.name, '•.・‧∙', '·····') as plain_name,
        hukou_register.source_file,
        hukou_register.source_sheet,
        hukou_register.source_row,
        row_number() over (
            partition by hukou_register.person_id
            order by
                hukou_register.source_file,
                hukou_register.source_sheet,
                hukou_register.source_row
        ) as place
    from persons_in_question
    inner join hukou_register on persons_in_question.person_id = hukou_register.person_id
),

-- A person may stand in hukou_register more than once, under more than one name.
known_names as (
    select distinct
        person_id,
        plain_name
    from hukou_names
)

select
    persons.household_id,
    written_otherwise.person_id,
    written_otherwise.name,
    written_otherwise.dataset,
    '“' || datasets.title || '”' as detail,
    written_otherwise.name as value,
    written_otherwise.dataset as source_dataset,
    written_otherwise.source_file,
    written_otherwise.source_sheet,
    written_otherwise.source_row,
    hukou_names.name as other_value,
    'hukou_register' as other_dataset,
    hukou_names.source_file as other_file,
    hukou_names.source_sheet as other_sheet,
    hukou_names.source_row as other_row
from written_otherwise
inner join datasets on written_otherwise.dataset = datasets.dataset
inner join hukou_names
    on written_otherwise.person_id = hukou_names.person_id and hukou_names.place = 1
left join known_names
    on
        written_otherwise.person_id = known_names.person_id
        and written_otherwise.plain_name = known_names.plain_name
left join persons on written_otherwise.person_id = persons.person_id
where known_names.person_id is null
