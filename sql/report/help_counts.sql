/*
id: help_counts
title: 表一 帮扶落实
relations:
  help_rows: the rows of help_rows
  townships: name, position
basis: 目录第5节
about: >
  One row per township (合计 last), item and kind of help; kind NULL is the whole item, in which a
  household counts once. Persons are NULL where those of any household are not known.
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

once as (
    select distinct
        township,
        household_id,
        item,
        persons,
        cast(null as varchar) as kind
    from help_rows

    union all

    select distinct
        township,
        household_id,
        item,
        persons,
        kind
    from help_rows
    where item = '本月新落实'
)

select
    places.name as township,
    once.item,
    once.kind,
    cast(count(*) as bigint) as households,
    case
        when count(*) = count(once.persons) then cast(sum(once.persons) as bigint)
    end as persons
from places
inner join once on places.is_total or places.name = once.township
group by places.name, places.position, once.item, once.kind
order by places.position, once.item, once.kind
