/*
id: asset_households
title: 要核对名下财产的户（监测户和有成员享受农村低保的户）
about: >
  M-households, and households with a living member in 农村低保: the ones whose property is to be
  explained. grounds says why the household is looked at, with the row that says so: the register's
  for a monitored household, else the first one of 农村低保.
basis: catalogue 4 (same households)
*/
with receiving_members as (
    select
        household_id,
        category,
        source_file,
        source_sheet,
        source_row,
        row_number() over (
            partition by household_id
            order by source_file, source_sheet, source_row
        ) as place
    from dibao_members
),

receiving_households as (
    select * from receiving_members
    where place = 1
)

select
    households.household_id,
    register_stock.monitored_class as grounds,
    'monitoring_register' as source_dataset,
    register_stock.source_file,
    register_stock.source_sheet,
    register_stock.source_row
from households
inner join register_stock on households.household_id = register_stock.household_id
where households.standing = 'M'

union all

select
    households.household_id,
    receiving_households.category as grounds,
    'social_assistance' as source_dataset,
    receiving_households.source_file,
    receiving_households.source_sheet,
    receiving_households.source_row
from households
inner join receiving_households on households.household_id = receiving_households.household_id
where households.standing is distinct from 'M'
