/*
id: W11
title: 人均收入低于监测线
question: 今年各项收入是多少，比去年少在哪里？登记的收入是否核准？家里有没有刚性支出和欠债？
sentence: "监测系统登记的人均纯收入{value}元，低于{threshold}元的监测线{detail}"
severity: 红色
risk: 其他
population: 监测系统内监测户以外的户
verifies: rural_revitalization
sources: []
parameters: [income_line]
basis: 各年防止返贫监测收入线（见参数表）；目录第3节
since: 2021-01
worse: lower
missing: 人均纯收入空白的行已退回，其余各行都有数；负数按负数比较。
cells: [monitoring_register.income_per_head]
about: >
  The value of the household's speaking row; exactly the line is no hit. Households without a living
  member are hit too.
*/
with eligible as (
    select
        household_id,
        head_person_id,
        head_name,
        income_per_head,
        source_file,
        source_sheet,
        source_row
    from households
    where is_in_register and standing is distinct from 'M'
)

select
    household_id,
    head_person_id as person_id,
    head_name as name,
    'red' as severity,
    income_per_head as value,
    $income_line as threshold,
    $income_line_note as detail,
    'monitoring_register' as source_dataset,
    source_file,
    source_sheet,
    source_row
from eligible
where income_per_head < $income_line
