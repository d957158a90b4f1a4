/*
id: lead_rows
title: 表一 本月线索逐户明细
relations:
  leads: household_id, township, reasons (list of rule ids); the month's leads that stand
  lead_fates: household_id, township, source (lead, self_report, cadre), is_verified, is_in_time,
    fate (excluded, recognised, in_hand), is_confirmed
  people: household_id, persons; living register members, of a household outside the register its
    living members
basis: 目录第5节
about: >
  One row per household and thing that it counts for: its way (a lead with a petition as its only
  reason came by petition, any other by a department; cases opened by hand are self_report or
  cadre), its fate, and whether it was verified, in time, and found real. Persons are NULL where
  nobody knows them.
*/
with sorted_leads as (
    select
        lead_fates.household_id,
        lead_fates.is_verified,
        lead_fates.is_in_time,
        lead_fates.is_confirmed,
        lead_fates.fate,
        people.persons,
        coalesce(lead_fates.township, '') as township,
        case
            when lead_fates.source <> 'lead' then lead_fates.source
            when len(leads.reasons) = 1 and list_contains(leads.reasons, 'W24') then 'petition'
            else 'department'
        end as way
    from lead_fates
    left join leads on lead_fates.household_id = leads.household_id and lead_fates.source = 'lead'
    left join people on lead_fates.household_id = people.household_id
),

items as (
    select
        household_id,
        township,
        persons,
        'all' as item
    from sorted_leads

    union all

    select
        household_id,
        township,
        persons,
        way as item
    from sorted_leads

    union all

    select
        household_id,
        township,
        persons,
        fate as item
    from sorted_leads

    union all

    select
        household_id,
        township,
        persons,
        'verified' as item
    from sorted_leads
    where is_verified

    union all

    select
        household_id,
        township,
        persons,
        'in_time' as item
    from sorted_leads
    where is_in_time

    union all

    select
        household_id,
        township,
        persons,
        'confirmed' as item
    from sorted_leads
    where is_confirmed
)

select
    household_id,
    township,
    persons,
    item
from items
order by item, township, household_id
