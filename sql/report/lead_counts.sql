/*
id: lead_counts
title: 表一 本月线索
relations:
  lead_rows: the rows of lead_rows
  townships: name, position
basis: 目录第5节
about: >
  One row per township (合计 last) and item that occurs in it. Persons are NULL where those of any
  household are not known: a sum without them would be too small.
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
)

select
    places.name as township,
    lead_rows.item,
    cast(count(*) as bigint) as households,
    case
        when count(*) = count(lead_rows.persons) then cast(sum(lead_rows.persons) as bigint)
    end as persons
from places
inner join lead_rows on places.is_total or places.name = lead_rows.township
group by places.name, places.position, lead_rows.item
order by places.position, lead_rows.item
