/*
id: C07
title: 因残无证
subject: household
sentence: "监测系统登记的致贫返贫风险有“{value}”，残联名单中没有该户成员"
outcome: FIX
verifies: rural_revitalization
sources: [disability_certificates]
parameters: []
basis: 目录第4、6节
since: 2021-01
population: 监测户
missing: 残联名单中没有该户任何成员，即为无证；没有在世成员的户也列出。
cells: [monitoring_register.risk_1, monitoring_register.risk_2, monitoring_register.risk_3]
about: >
  An M-household with the risk 因残 (whichever of the five, in any spelling) of which no living
  member, joined ones included, holds a disability certificate of any grade.
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
        and '因残' in (
            register_stock.risk_1,
            register_stock.risk_2,
            register_stock.risk_3,
            register_stock.risk_4,
            register_stock.risk_5
        )
),

certified_households as (
    select distinct members.household_id
    from disability_certificates
    inner join members on disability_certificates.person_id = members.person_id
    where members.is_living
)

select
    eligible.household_id,
    eligible.head_person_id as person_id,
    eligible.head_name as name,
    cast(null as varchar) as dataset,
    '' as detail,
    '因残' as value,
    'monitoring_register' as source_dataset,
    eligible.source_file,
    eligible.source_sheet,
    eligible.source_row,
    cast(null as varchar) as other_value,
    'disability_certificates' as other_dataset,
    cast(null as varchar) as other_file,
    cast(null as varchar) as other_sheet,
    cast(null as integer) as other_row
from eligible
left join certified_households on eligible.household_id = certified_households.household_id
where certified_households.household_id is null
