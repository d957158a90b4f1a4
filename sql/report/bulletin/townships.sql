/*
id: townships
title: 双月调度 乡镇情况
relations:
  stock: month, township, new_households, eliminated_households, closing_households
  helped: month, township, newly, late; NULL where nobody knows
  led: month, township, household_id, item; the rows of lead_rows of both months
  tasks: township, is_overdue; the months' tasks that are open
  findings: month, township, open
  townships: name, position
parameters:
  last_month: the second month
basis: 目录第5节；领域说明5.3
about: >
  One row per township (合计 last): flows and leads summed over the months, stocks as of the second
  month's end. A household with a lead in both months counts twice. A flow of which one month is not
  known is NULL: half a sum would be too small. The rate is answered by the due day, of all leads.
*/
with places as (
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

stocks as (
    select
        places.name,
        sum(stock.new_households) as new_households,
        sum(stock.eliminated_households) as eliminated_households,
        sum(
            case when stock.month = $last_month then stock.closing_households end
        ) as closing_households
    from places
    inner join stock on places.name = stock.township
    group by places.name
),

help as (
    select
        places.name,
        case when count(*) = count(helped.newly) then sum(helped.newly) end as newly,
        sum(case when helped.month = $last_month then helped.late end) as late
    from places
    inner join helped on places.name = helped.township
    group by places.name
),

leads as (
    select
        places.name,
        sum(case when led.item = 'all' then 1 else 0 end) as leads,
        sum(case when led.item = 'verified' then 1 else 0 end) as verified,
        sum(case when led.item = 'in_time' then 1 else 0 end) as in_time
    from places
    inner join led on places.is_total or places.name = led.township
    group by places.name
),

overdue as (
    select
        places.name,
        sum(case when tasks.is_overdue then 1 else 0 end) as overdue
    from places
    inner join tasks on places.is_total or places.name = tasks.township
    group by places.name
),

open_findings as (
    select
        places.name,
        sum(findings.open) as findings
    from places
    inner join findings on places.is_total or places.name = findings.township
    where findings.month = $last_month
    group by places.name
)

select
    places.name as township,
    places.is_total,
    stocks.new_households,
    stocks.eliminated_households,
    stocks.closing_households,
    help.newly as newly_helped,
    help.late as late_helped,
    coalesce(leads.leads, 0) as leads,
    coalesce(leads.verified, 0) as verified,
    coalesce(leads.in_time, 0) as in_time,
    coalesce(overdue.overdue, 0) as overdue,
    coalesce(open_findings.findings, 0) as findings
from places
left join stocks on places.name = stocks.name
left join help on places.name = help.name
left join leads on places.name = leads.name
left join overdue on places.name = overdue.name
left join open_findings on places.name = open_findings.name
order by places.position
