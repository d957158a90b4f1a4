/*
id: C20
title: 消除过快
subject: household
sentence: "{value}识别，{other_value}按帮扶消除，{detail}"
outcome: REVIEW
verifies: rural_revitalization
sources: []
parameters: [elimination_review_months]
event: true
basis: 目录第4节
since: 2021-01
population: 已消除风险户
missing: 识别监测时间为空的，算不出相隔几个月，不列。
cells: [monitoring_register.identified_month, monitoring_register.eliminated_month]
about: >
  A household whose 消除监测时间 is this month, 风险消除方式 帮扶消除, fewer than the given number of
  calendar months after 识别监测时间.
*/
with eligible as (
    select
        household_id,
        head_person_id,
        head_name,
        identified_month,
        eliminated_month,
        source_file,
        source_sheet,
        source_row,
        date_diff('month', date_trunc('month', identified_month), $month_start) as months_between
    from register_stock
    where eliminated_month = $month_start and elimination_mode = '帮扶消除'
)

select
    household_id,
    head_person_id as person_id,
    head_name as name,
    cast(null as varchar) as dataset,
    '相隔' || cast(months_between as varchar) || '个月，不足'
    || cast($elimination_review_months as varchar) || '个月' as detail,
    strftime(identified_month, '%Y年%-m月') as value,
    'monitoring_register' as source_dataset,
    source_file,
    source_sheet,
    source_row,
    strftime(eliminated_month, '%Y年%-m月') as other_value,
    'monitoring_register' as other_dataset,
    source_file as other_file,
    source_sheet as other_sheet,
    source_row as other_row
from eligible
where months_between < $elimination_review_months
