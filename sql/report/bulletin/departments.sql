/*
id: departments
title: 双月调度 部门情况
relations:
  delivered: month, department, dataset, is_in_force, days_late (NULL where not known), rows,
    returned (NULL where nothing is in force); one row per month and dataset owed
  yields: month, department, household_id, is_verified, is_confirmed; a row per dataset of a lead
  departments: name, position
basis: 目录第5节；领域说明5.3
about: >
  One row per department (合计 last). On time: in force, and days late are 0; what was seen late
  though saved in time is in doubt, and neither on time nor late. A household whose lead rests on
  several of a department's datasets counts once a month.
*/
with places as (
    select
        name,
        position,
        false as is_total
    from departments

    union all

    select
        '合计' as name,
        1000000 as position,
        true as is_total
),

deliveries as (
    select
        places.name,
        count(*) as owed,
        sum(
            case when delivered.is_in_force and delivered.days_late = 0 then 1 else 0 end
        ) as on_time,
        sum(case when delivered.is_in_force and delivered.days_late > 0 then 1 else 0 end) as late,
        sum(
            case when delivered.is_in_force and delivered.days_late is null then 1 else 0 end
        ) as in_doubt,
        sum(case when delivered.is_in_force then 0 else 1 end) as not_in_force,
        sum(delivered.rows) as rows_sent,
        sum(delivered.returned) as rows_returned
    from places
    inner join delivered on places.is_total or places.name = delivered.department
    group by places.name
),

led as (
    select distinct
        places.name,
        yields.month,
        yields.household_id,
        yields.is_verified,
        yields.is_confirmed
    from places
    inner join yields on places.is_total or places.name = yields.department
),

leads as (
    select
        name,
        count(*) as leads,
        sum(case when is_verified then 1 else 0 end) as verified,
        sum(case when is_confirmed then 1 else 0 end) as confirmed
    from led
    group by name
)

select
    places.name as department,
    places.is_total,
    deliveries.rows_sent,
    deliveries.rows_returned,
    coalesce(deliveries.owed, 0) as owed,
    coalesce(deliveries.on_time, 0) as on_time,
    coalesce(deliveries.late, 0) as late,
    coalesce(deliveries.in_doubt, 0) as in_doubt,
    coalesce(deliveries.not_in_force, 0) as not_in_force,
    coalesce(leads.leads, 0) as leads,
    coalesce(leads.verified, 0) as verified,
    coalesce(leads.confirmed, 0) as confirmed
from places
left join deliveries on places.name = deliveries.name
left join leads on places.name = leads.name
order by places.position
