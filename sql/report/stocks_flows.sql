/*
id: stocks_flows
title: 表一 监测对象存量与增减
relations:
  movements: the rows of register_movements
  townships: name, position (the county's divisions, then any other name found in the register)
  classes: name, position (the classes that exist in the month)
basis: 目录第5节
about: One row per township (合计 last), class and item, zero rows included.
*/
with items (position, name) as (
    values
    (1, '期初未消除'),
    (2, '本月新增'),
    (3, '回退'),
    (4, '转入'),
    (5, '转出'),
    (6, '本月消除'),
    (7, '整户减少'),
    (8, '更正补录'),
    (9, '自然变动'),
    (10, '期末未消除'),
    (11, '累计识别'),
    (12, '累计消除')
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

cells as (
    select
        places.name as township,
        places.is_total,
        places.position as township_position,
        classes.name as class,
        classes.position as class_position,
        items.name as item,
        items.position as item_position
    from places
    cross join classes
    cross join items
),

sums as (
    select
        township,
        class,
        item,
        cast(sum(households) as bigint) as households,
        cast(sum(persons) as bigint) as persons
    from movements
    group by township, class, item

    union all

    select
        '合计' as township,
        class,
        item,
        cast(sum(households) as bigint) as households,
        cast(sum(persons) as bigint) as persons
    from movements
    group by class, item
)

select
    cells.township,
    cells.class,
    cells.item,
    coalesce(sums.households, 0) as households,
    coalesce(sums.persons, 0) as persons
from cells
left join sums
    on cells.township = sums.township and cells.class = sums.class and cells.item = sums.item
order by cells.township_position, cells.class_position, cells.item_position
