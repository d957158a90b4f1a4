/*
id: households
title: 户（每户一行）
about: >
  R households with the values of their register row; H households with place and head of the row
  that speaks for them in hukou_heads; households that only an earlier snapshot names, without
  members. source_file, source_sheet and source_row say which row of its register speaks for the
  household.
basis: catalogue 0 and 1.2
*/
with sizes as (
    select
        household_id,
        count(case when source <> '前期名册' and died_on is null then 1 end) as living_members
    from persons
    group by household_id
),

-- Where an earlier snapshot had the persons whom no register of the month names.
found_places as (
    select
        household_id,
        max(found_township) as found_township,
        max(found_village) as found_village
    from persons
    where source = '前期名册'
    group by household_id
),

hukou_only as (
    select
        sizes.household_id,
        sizes.living_members
    from sizes
    left join register_stock on sizes.household_id = register_stock.household_id
    where register_stock.household_id is null
),

all_households as (
    select
        register_stock.household_id,
        register_stock.township,
        register_stock.village,
        register_stock.head_person_id,
        register_stock.head_name,
        register_stock.household_type,
        register_stock.household_type like '脱贫%' as is_poor,
        register_stock.monitored_class,
        case
            when register_stock.monitored_class is null then null
            when register_stock.is_eliminated = '是' then 'X'
            else 'M'
        end as standing,
        register_stock.risk_1,
        register_stock.risk_2,
        register_stock.risk_3,
        register_stock.risk_4,
        register_stock.risk_5,
        register_stock.identified_month,
        register_stock.eliminated_month,
        register_stock.measures,
        register_stock.receives_dibao,
        register_stock.has_unsafe_house,
        register_stock.has_safe_water,
        register_stock.income_per_head,
        true as is_in_register,
        coalesce(sizes.living_members, 0) as living_members,
        register_stock.living_register_members,
        register_stock.source_file,
        register_stock.source_sheet,
        register_stock.source_row
    from register_stock
    left join sizes on register_stock.household_id = sizes.household_id

    union all

    select
        hukou_only.household_id,
        coalesce(hukou_heads.township, found_places.found_township) as township,
        coalesce(hukou_heads.village, found_places.found_village) as village,
        hukou_heads.person_id as head_person_id,
        hukou_heads.name as head_name,
        cast(null as varchar) as household_type,
        false as is_poor,
        cast(null as varchar) as monitored_class,
        cast(null as varchar) as standing,
        cast(null as varchar) as risk_1,
        cast(null as varchar) as risk_2,
        cast(null as varchar) as risk_3,
        cast(null as varchar) as risk_4,
        cast(null as varchar) as risk_5,
        cast(null as date) as identified_month,
        cast(null as date) as eliminated_month,
        cast(null as varchar) as measures,
        cast(null as varchar) as receives_dibao,
        cast(null as varchar) as has_unsafe_house,
        cast(null as varchar) as has_safe_water,
        cast(null as decimal(18, 4)) as income_per_head,
        false as is_in_register,
        hukou_only.living_members,
        0 as living_register_members,
        hukou_heads.source_file,
        hukou_heads.source_sheet,
        hukou_heads.source_row
    from hukou_only
    left join hukou_heads on hukou_only.household_id = hukou_heads.household_id
    left join found_places on hukou_only.household_id = found_places.household_id
)

select
    household_id,
    township,
    village,
    head_person_id,
    head_name,
    household_type,
    is_poor,
    monitored_class,
    standing,
    risk_1,
    risk_2,
    risk_3,
    risk_4,
    risk_5,
    identified_month,
    eliminated_month,
    measures,
    receives_dibao,
    has_unsafe_house,
    has_safe_water,
    income_per_head,
    is_in_register,
    cast(living_members as integer) as living_members,
    cast(living_register_members as integer) as living_register_members,
    source_file,
    source_sheet,
    source_row
from all_households
