/*
id: register_stock
title: 监测系统中的户（每户一行）
about: >
  Household-level values are those of the living 户主's row; where there is none or more than one,
  those of the row with the smallest 人编号, the dead included. Several rows of one 人编号 go by the
  order in which they were delivered. Numbers are compared by length, then text: 9 before 10.
  source_file, source_sheet and source_row say which row that is.
basis: catalogue 1.2
*/
with register_rows as (
    select
        'R:' || monitoring_register.household_no as household_id,
        monitoring_register.*,
        deceased.person_id is null as is_living
    from monitoring_register
    left join deceased on monitoring_register.person_id = deceased.person_id
    where monitoring_register.household_no is not null
),

sizes as (
    select
        household_id,
        count(distinct case when is_living then person_id end) as living_register_members,
        count(case when is_living and relation = '户主' then 1 end) as living_heads
    from register_rows
    group by household_id
),

-- Most households have one living head: only the rows of the others have to be ranked.
ranked_rows as (
    select
        register_rows.*,
        row_number() over (
            partition by register_rows.household_id
            order by
                length(register_rows.person_no),
                register_rows.person_no,
                register_rows.source_file,
                register_rows.source_sheet,
                register_rows.source_row
        ) as place
    from register_rows
    inner join sizes on register_rows.household_id = sizes.household_id
    where sizes.living_heads <> 1
),

speaking_rows as (
    select
        register_rows.*,
        1 as place
    from register_rows
    inner join sizes on register_rows.household_id = sizes.household_id
    where
        sizes.living_heads = 1
        and register_rows.is_living
        and register_rows.relation = '户主'

    union all

    select * from ranked_rows
    where place = 1
)

select
    speaking_rows.household_id,
    speaking_rows.township,
    speaking_rows.village,
    speaking_rows.person_id as head_person_id,
    speaking_rows.name as head_name,
    speaking_rows.household_type,
    speaking_rows.monitored_class,
    speaking_rows.is_eliminated,
    speaking_rows.identified_month,
    speaking_rows.eliminated_month,
    speaking_rows.elimination_mode,
    coalesce(first_label.risk, speaking_rows.risk_1) as main_risk,
    coalesce(first_label.risk, speaking_rows.risk_1) as risk_1,
    coalesce(second_label.risk, speaking_rows.risk_2) as risk_2,
    coalesce(third_label.risk, speaking_rows.risk_3) as risk_3,
    coalesce(fourth_label.risk, speaking_rows.risk_4) as risk_4,
    coalesce(fifth_label.risk, speaking_rows.risk_5) as risk_5,
    speaking_rows.has_unsafe_house,
    speaking_rows.has_safe_water,
    speaking_rows.receives_dibao,
    speaking_rows.income_per_head,
    speaking_rows.measures,
    cast(sizes.living_register_members as integer) as living_register_members,
    speaking_rows.source_file,
    speaking_rows.source_sheet,
    speaking_rows.source_row
from speaking_rows
inner join sizes on speaking_rows.household_id = sizes.household_id
left join risk_labels as first_label on speaking_rows.risk_1 = first_label.label
left join risk_labels as second_label on speaking_rows.risk_2 = second_label.label
left join risk_labels as third_label on speaking_rows.risk_3 = third_label.label
left join risk_labels as fourth_label on speaking_rows.risk_4 = fourth_label.label
left join risk_labels as fifth_label on speaking_rows.risk_5 = fifth_label.label
