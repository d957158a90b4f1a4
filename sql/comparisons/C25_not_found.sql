/*
id: C25
title: 查无此人
subject: person
sentence: "{detail}中的{name}，本月和以前的户籍、防返贫名册里都没有"
outcome: BACK
verifies: sender
sources: [delivered_beside_registers]
one_by_one: true
parameters: []
basis: 目录第1节1.2、第4节
since: 2021-01
missing: 没有身份证号的行（信访）无从查找，不列；没有报送的数据不比对。
about: >
  Persons of a dataset that covers rural people only who are in neither register of the month nor
  found by look-back, dataset by dataset. Datasets that cover townspeople too are counted, not
  listed. Rows count, the dead are looked up too.
*/
with eligible as not materialized (
    select
        dataset,
        person_id,
        name,
        source_file,
        source_sheet,
        source_row
    from delivered_beside_registers
    where person_id is not null
),

-- Who stands in a register without the number of a household belongs to none, but is found.
known_persons as (
    select person_id from persons

    union all

    select person_id from monitoring_register_history
    where household_no is null

    union all

    select person_id from hukou_register_history
    where hukou_id is null
),

unmatched as (
    select
        eligible.*,
        datasets.title,
        datasets.scope
    from eligible
    inner join datasets on eligible.dataset = datasets.dataset
    left join known_persons on eligible.person_id = known_persons.person_id
    where known_persons.person_id is null
),

unmatched_townspeople as (
    select
        dataset,
        count(distinct person_id) as persons
    from unmatched
    where scope = 'all'
    group by dataset
)

select
    cast(null as varchar) as household_id,
    person_id,
    name,
    dataset,
    '“' || title || '”' as detail,
    name as value,
    dataset as source_dataset,
    source_file,
    source_sheet,
    source_row,
    cast(null as varchar) as other_value,
    cast(null as varchar) as other_dataset,
    cast(null as varchar) as other_file,
    cast(null as varchar) as other_sheet,
    cast(null as integer) as other_row,
    false as is_count
from unmatched
where scope = 'rural'

union all

select
    cast(null as varchar) as household_id,
    cast(null as bigint) as person_id,
    cast(null as varchar) as name,
    dataset,
    '' as detail,
    cast(persons as varchar) as value,
    cast(null as varchar) as source_dataset,
    cast(null as varchar) as source_file,
    cast(null as varchar) as source_sheet,
    cast(null as integer) as source_row,
    cast(null as varchar) as other_value,
    cast(null as varchar) as other_dataset,
    cast(null as varchar) as other_file,
    cast(null as varchar) as other_sheet,
    cast(null as integer) as other_row,
    true as is_count
from unmatched_townspeople
