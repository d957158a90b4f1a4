/*
id: lead_counts
title: 表一 本月线索
relations:
  leads: household_id, township, reasons (list of rule ids); the month's leads that stand
  lead_fates: household_id, township, source (lead, self_report, cadre), is_verified, is_in_time,
    fate (excluded, recognised, in_hand)
  tasks: household_id, is_open; verification tasks that this month gave a reason for
  rules: rule_id, has_run
  townships: name, position
basis: 目录第5节
about: >
  NULL says "not known", which is not the same as none: no petitions were read, or no task was
  opened for the leads. A lead that has a petition as its only reason came by 信访热线, any other was
  pushed by a department. Cases opened by hand are 自主申报 or 干部排查.
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

sorted_leads as (
    select
        lead_fates.household_id,
        lead_fates.is_verified,
        lead_fates.is_in_time,
        lead_fates.fate,
        coalesce(lead_fates.township, '') as township,
        case
            when lead_fates.source <> 'lead' then lead_fates.source
            when len(leads.reasons) = 1 and list_contains(leads.reasons, 'W24') then 'petition'
            else 'department'
        end as way
    from lead_fates
    left join leads on lead_fates.household_id = leads.household_id
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
        count(case when sorted_leads.way = 'department' then 1 end) as from_departments,
        count(case when sorted_leads.way = 'petition' then 1 end) as from_petitions,
        count(case when sorted_leads.way = 'self_report' then 1 end) as self_reported,
        count(case when sorted_leads.way = 'cadre' then 1 end) as found_by_cadres,
        count(case when sorted_leads.is_verified then 1 end) as verified,
        count(case when sorted_leads.is_in_time then 1 end) as verified_in_time,
        count(case when sorted_leads.fate = 'excluded' then 1 end) as excluded,
        count(case when sorted_leads.fate = 'recognised' then 1 end) as recognised,
        count(case when sorted_leads.fate = 'in_hand' then 1 end) as in_hand
    from places
    left join sorted_leads on places.is_total or places.name = sorted_leads.township
    group by places.name, places.position
)

select
    counts.township,
    counts.from_departments,
    counts.self_reported,
    counts.found_by_cadres,
    counts.leads,
    case when known.has_petitions then counts.from_petitions end as from_petitions,
    case when known.has_tasks then counts.verified end as verified,
    case
        when known.has_tasks and counts.leads > 0
            then cast(counts.verified_in_time as double) / counts.leads
    end as verified_in_time_rate,
    case when known.has_tasks then counts.excluded end as excluded,
    case when known.has_tasks then counts.recognised end as recognised,
    case when known.has_tasks then counts.in_hand end as in_hand
from counts
cross join known
order by counts.position
