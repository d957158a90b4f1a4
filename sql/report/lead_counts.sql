/*
id: lead_counts
title: 表一 本月线索
relations:
  leads: household_id, township, reasons (list of rule ids); the month's leads that stand
  tasks: household_id, is_open; verification tasks that this month gave a reason for
  rules: rule_id, has_run
  townships: name, position
basis: 目录第5节
about: >
  NULL says "not known yet", which is not the same as none: no petitions were read, no task was
  opened, or no desk has taken in answers. A lead that has a petition as its only reason came by
  信访热线, any other was pushed by a department.
*/
with known as (
    select
        coalesce((
            select bool_or(has_run) from rules
            where rule_id = 'W24'
        ), false)
            as has_petitions,
        (select count(*) from tasks) > 0 or (select count(*) from leads) = 0 as has_tasks
),

open_tasks as (
    select distinct household_id from tasks
    where is_open
),

sorted_leads as (
    select
        leads.household_id,
        coalesce(leads.township, '') as township,
        len(leads.reasons) = 1 and list_contains(leads.reasons, 'W24') as is_petition_only,
        open_tasks.household_id is not null as is_in_hand
    from leads
    left join open_tasks on leads.household_id = open_tasks.household_id
),

places as (
    select
        name,
        position,
        false as is_total
    from townships

    union all

    select
        '合计' as name,
        1000000 as position,
        true as is_total
),

counts as (
    select
        places.name as township,
        places.position,
        count(sorted_leads.household_id) as leads,
        count(sorted_leads.household_id) filter (where sorted_leads.is_petition_only)
            as from_petitions,
        count(sorted_leads.household_id) filter (where not sorted_leads.is_petition_only)
            as from_departments,
        count(sorted_leads.household_id) filter (where sorted_leads.is_in_hand) as in_hand
    from places
    left join sorted_leads on places.is_total or places.name = sorted_leads.township
    group by places.name, places.position
)

select
    counts.township,
    counts.from_departments,
    cast(null as bigint) as opened_by_hand,
    counts.leads,
    cast(null as bigint) as verified,
    cast(null as double) as verified_in_time_rate,
    cast(null as bigint) as excluded,
    cast(null as bigint) as recognised,
    case when known.has_petitions then counts.from_petitions end as from_petitions,
    case when known.has_tasks then counts.in_hand end as in_hand
from counts
cross join known
order by counts.position
