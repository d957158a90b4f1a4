/*
id: C01
title: 身份证号无效
subject: reason
sentence: "{detail}，已退回"
outcome: BACK
verifies: sender
sources: [delivered_rows, set_aside_rows]
one_by_one: true
parameters: []
basis: 目录第1节1.1、第4节
since: 2021-01
missing: 身份证号为空本身就是一种退回原因；没有报送的数据不比对。
about: >
  Rows that were sent back for their identity number, by reason and dataset: one finding for each.
  Only the version in force counts; each row has one reason, the first that applies. The reason is
  named as in the catalogue, without id_.
*/
with eligible as not materialized (
    select
        dataset,
        fault,
        value,
        source_file,
        source_sheet,
        source_row
    from set_aside_rows

    union all

    select
        dataset,
        cast(null as varchar) as fault,
        cast(null as varchar) as value,
        cast(null as varchar) as source_file,
        cast(null as varchar) as source_sheet,
        cast(null as integer) as source_row
    from delivered_rows
),

invalid_numbers as (
    select
        *,
        count(*) over (partition by dataset, fault) as rows_alike
    from eligible
    where starts_with(fault, 'id_')
)

select
    cast(null as varchar) as household_id,
    cast(null as bigint) as person_id,
    substr(invalid_numbers.fault, 4) as name,
    invalid_numbers.dataset,
    '“' || datasets.title || '”有' || cast(invalid_numbers.rows_alike as varchar) || '行'
    || faults.title as detail,
    invalid_numbers.value,
    invalid_numbers.dataset as source_dataset,
    invalid_numbers.source_file,
    invalid_numbers.source_sheet,
    invalid_numbers.source_row,
    cast(null as varchar) as other_value,
    cast(null as varchar) as other_dataset,
    cast(null as varchar) as other_file,
    cast(null as varchar) as other_sheet,
    cast(null as integer) as other_row
from invalid_numbers
inner join datasets on invalid_numbers.dataset = datasets.dataset
inner join faults on invalid_numbers.fault = faults.fault
