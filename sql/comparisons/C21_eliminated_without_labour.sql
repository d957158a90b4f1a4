/*
id: C21
title: 无劳动力户已消除
subject: household
sentence: "{other_value}登记消除风险，{detail}"
outcome: REVIEW
verifies: rural_revitalization
sources: []
parameters: []
event: true
basis: 目录第4、6节
since: 2021-01
population: 已消除风险户
missing: 有人劳动技能为空的，说不上全户无劳动力，不列；没有在世成员的户不列。
cells: [monitoring_register.labour, monitoring_register.eliminated_month]
about: >
  A household whose 消除监测时间 is this month and whose living register members, at least one, are
  all 丧失劳动力 or 无劳动力.
*/
with living_rows as (
    select
        'R:' || monitoring_register.household_no as household_id,
        monitoring_register.person_id,
        monitoring_register.labour
    from monitoring_register
    left join deceased on monitoring_register.person_id = deceased.person_id
    where monitoring_register.household_no is not null and deceased.person_id is null
),

eligible as (
    select
        register_stock.household_id,
        register_stock.head_person_id,
        register_stock.head_name,
        register_stock.eliminated_month,
        register_stock.source_file,
        register_stock.source_sheet,
        register_stock.source_row,
        count(distinct living_rows.person_id) as living_persons,
        min(living_rows.labour) as first_labour,
        sum(
            case when living_rows.labour in ('丧失劳动力', '无劳动力') then 0 else 1 end
        ) as rows_with_labour
    from register_stock
    inner join living_rows on register_stock.household_id = living_rows.household_id
    where register_stock.eliminated_month = $month_start
    group by
        register_stock.household_id,
        register_stock.head_person_id,
        register_stock.head_name,
        register_stock.eliminated_month,
        register_stock.source_file,
        register_stock.source_sheet,
        register_stock.source_row
)

select
    household_id,
    head_person_id as person_id,
    head_name as name,
    cast(null as varchar) as dataset,
    '在世的' || cast(living_persons as varchar) || '名成员都是丧失劳动力或无劳动力' as detail,
    first_labour as value,
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
where rows_with_labour = 0
