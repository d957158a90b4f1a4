/*
id: C10
title: 因病无依据
subject: household
sentence: "监测系统登记的致贫返贫风险有“{value}”，但{detail}"
outcome: FIX
verifies: rural_revitalization
sources: [major_illness, medical_expenses]
parameters: []
basis: 目录第4、6节
since: 2021-01
event: false
population: 监测户
missing: 健康状况为空不算大病或慢性病；医疗费用中没有该户成员，即为没有住院自付；去年12月的医疗费用没有接收的，一至三月不看去年。
cells: [monitoring_register.risk_1, monitoring_register.risk_2, monitoring_register.risk_3]
about: >
  An M-household with the risk 因病 and nothing to show for it: no living register member with 大病
  or 慢性病 in 健康状况, no living member in major_illness of any month up to this one, and no
  住院自付累计 of living members this month; in January to March, when the year's count has hardly
  begun, none in last December either, where that delivery is there. Households without a living
  member are listed too.
*/
with eligible as (
    select
        register_stock.household_id,
        register_stock.head_person_id,
        register_stock.head_name,
        register_stock.source_file,
        register_stock.source_sheet,
        register_stock.source_row
    from register_stock
    inner join households on register_stock.household_id = households.household_id
    where
        households.standing = 'M'
        and '因病' in (
            register_stock.risk_1,
            register_stock.risk_2,
            register_stock.risk_3,
            register_stock.risk_4,
            register_stock.risk_5
        )
),

ill_persons as (
    select person_id from major_illness_history

    union all

    select person_id from medical_expenses
    where inpatient_own_ytd > 0

    union all

    select person_id from medical_expenses_history
    where
        inpatient_own_ytd > 0
        and extract(month from $month_start) <= 3
        and month = cast(extract(year from $month_start) - 1 as varchar) || '-12'
),

grounded_households as (
    select members.household_id
    from ill_persons
    inner join members on ill_persons.person_id = members.person_id
    where members.is_living

    union

    select 'R:' || monitoring_register.household_no as household_id
    from monitoring_register
    left join deceased on monitoring_register.person_id = deceased.person_id
    where
        deceased.person_id is null
        and monitoring_register.household_no is not null
        and (
            monitoring_register.health like '%大病%'
            or monitoring_register.health like '%慢性病%'
        )
)

select
    eligible.household_id,
    eligible.head_person_id as person_id,
    eligible.head_name as name,
    cast(null as varchar) as dataset,
    '在世成员健康状况没有大病、慢性病，没有大病确诊记录，住院自付累计为0' as detail,
    '因病' as value,
    'monitoring_register' as source_dataset,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row,
    cast(null as varchar) as other_value,
    cast(null as varchar) as other_dataset,
    cast(null as varchar) as other_file,
    cast(null as varchar) as other_sheet,
    cast(null as integer) as other_row
from eligible
left join grounded_households on eligible.household_id = grounded_households.household_id
where grounded_households.household_id is null
