/*
id: C05
title: 户主数不为一
subject: household
sentence: "监测系统中该户{detail}"
outcome: FIX
verifies: rural_revitalization
sources: []
parameters: []
basis: 目录第4、6节
since: 2021-01
population: 监测系统内的户
missing: 与户主关系为空的人不是户主；没有在世成员的户不比对。
cells: [monitoring_register.relation]
about: >
  Living register members of a 户编号 with no living 户主 among them, or with more than one. Persons
  are counted, not rows: the same person told twice as 户主 is one.
*/
with living_rows as (
    select
        monitoring_register.household_no,
        monitoring_register.person_id,
        monitoring_register.name,
        monitoring_register.relation,
        monitoring_register.source_file,
        monitoring_register.source_sheet,
        monitoring_register.source_row
    from monitoring_register
    left join deceased on monitoring_register.person_id = deceased.person_id
    where monitoring_register.household_no is not null and deceased.person_id is null
),

eligible as (
    select
        household_no,
        count(distinct case when relation = '户主' then person_id end) as heads
    from living_rows
    group by household_no
),

head_rows as (
    select
        living_rows.*,
        eligible.heads,
        row_number() over (
            partition by living_rows.household_no, living_rows.person_id
            order by living_rows.source_file, living_rows.source_sheet, living_rows.source_row
        ) as place
    from eligible
    inner join living_rows on eligible.household_no = living_rows.household_no
    where eligible.heads > 1 and living_rows.relation = '户主'
),

heads as (
    select
        *,
        row_number() over (
            partition by household_no
            order by source_file, source_sheet, source_row
        ) as head_place
    from head_rows
    where place = 1
)

select
    register_stock.household_id,
    cast(null as bigint) as person_id,
    register_stock.head_name as name,
    cast(null as varchar) as dataset,
    '在世的成员中没有户主' as detail,
    cast(null as varchar) as value,
    'monitoring_register' as source_dataset,
    register_stock.source_file,
    register_stock.source_sheet,
    register_stock.source_row,
    cast(null as varchar) as other_value,
    cast(null as varchar) as other_dataset,
    cast(null as varchar) as other_file,
    cast(null as varchar) as other_sheet,
    cast(null as integer) as other_row
from eligible
inner join register_stock on 'R:' || eligible.household_no = register_stock.household_id
where eligible.heads = 0

union all

select
    'R:' || first_head.household_no as household_id,
    first_head.person_id,
    first_head.name,
    cast(null as varchar) as dataset,
    first_head.name || '和' || another_head.name || '都登记为户主' as detail,
    first_head.relation as value,
    'monitoring_register' as source_dataset,
    first_head.source_file,
    first_head.source_sheet,
    first_head.source_row,
    another_head.relation as other_value,
    'monitoring_register' as other_dataset,
    another_head.source_file as other_file,
    another_head.source_sheet as other_sheet,
    another_head.source_row as other_row
from heads as first_head
inner join heads as another_head on first_head.household_no = another_head.household_no
where first_head.head_place = 1 and another_head.head_place > 1
