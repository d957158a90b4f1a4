/*
id: register_movements
title: 监测对象存量与增减逐户明细
relations:
  register_stock: the register at the end of the month, one row per household
  register_stock_previous: the same one month earlier; empty when has_previous is false
parameters:
  month_start: first day of the month (date)
  has_previous: whether there is a register snapshot of the month before (boolean)
basis: 目录第5、6节
about: >
  One row per household and item of 表一. Every change between the two snapshots is named here, one
  by one; 更正补录 is an item like any other and never a remainder, so that 期初 + changes = 期末 is
  a check of this file and not its definition. Persons are the living register members at the end of
  the month, of 整户减少 those of the month before. A household that moved to another township has
  its natural change at the old one.
*/
with after_month as (
    select
        household_id,
        monitored_class,
        identified_month,
        eliminated_month,
        elimination_mode,
        main_risk,
        coalesce(township, '') as township,
        coalesce(living_register_members, 0) as persons,
        monitored_class is not null and coalesce(living_register_members, 0) > 0 as is_listed,
        monitored_class is not null
        and coalesce(living_register_members, 0) > 0
        and coalesce(is_eliminated, '') <> '是' as is_stock,
        monitored_class is not null
        and coalesce(living_register_members, 0) > 0
        and coalesce(is_eliminated, '') = '是' as is_cleared
    from register_stock
),

-- Without an earlier snapshot this month's own says who was there before: identified earlier and
-- still monitored, or eliminated only in this month and not new in it.
before_month as (
    select
        household_id,
        coalesce(township, '') as township,
        monitored_class,
        coalesce(living_register_members, 0) as persons,
        monitored_class is not null
        and coalesce(living_register_members, 0) > 0
        and coalesce(is_eliminated, '') <> '是' as was_stock,
        monitored_class is not null
        and coalesce(is_eliminated, '') = '是' as was_cleared
    from register_stock_previous
    where $has_previous

    union all

    select
        household_id,
        township,
        monitored_class,
        persons,
        true as was_stock,
        false as was_cleared
    from after_month
    where
        not $has_previous
        and (
            (is_stock and identified_month < $month_start)
            or (
                is_cleared
                and eliminated_month = $month_start
                and coalesce(identified_month <> $month_start, true)
            )
        )
),

households as (
    select
        old.township as old_township,
        old.monitored_class as old_class,
        old.persons as old_persons,
        now.township,
        now.monitored_class as class,
        now.elimination_mode,
        now.main_risk,
        coalesce(now.household_id, old.household_id) as household_id,
        coalesce(old.was_stock, false) as was_stock,
        coalesce(old.was_cleared, false) as was_cleared,
        coalesce(now.persons, 0) as persons,
        coalesce(now.is_listed, false) as is_listed,
        coalesce(now.is_stock, false) as is_stock,
        coalesce(now.is_cleared, false) as is_cleared,
        coalesce(now.identified_month = $month_start, false) as is_identified_now,
        coalesce(now.is_cleared and now.eliminated_month = $month_start, false) as is_cleared_now
    from before_month as old
    full outer join after_month as now on old.household_id = now.household_id
),

-- In the stock before and still living in the register: these can move, convert or be eliminated.
staying as (
    select * from households
    where was_stock and persons > 0
),

-- Not in the stock before, and in a class with a living member now.
arriving as (
    select * from households
    where not was_stock and is_listed
),

movements as (
    select
        household_id,
        main_risk,
        elimination_mode,
        old_township as township,
        old_class as class,
        '期初未消除' as item,
        1 as households,
        old_persons as persons,
        '' as note
    from households
    where was_stock

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        class,
        '本月新增' as item,
        1 as households,
        persons,
        '' as note
    from arriving
    where is_identified_now

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        class,
        '回退' as item,
        1 as households,
        persons,
        '' as note
    from arriving
    where was_cleared and is_stock and not is_identified_now

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        class,
        '转入' as item,
        1 as households,
        persons,
        '' as note
    from staying
    where is_stock and class <> old_class

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        old_class as class,
        '转出' as item,
        1 as households,
        persons,
        '' as note
    from staying
    where is_stock and class <> old_class

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        old_class as class,
        '本月消除' as item,
        1 as households,
        persons,
        '' as note
    from staying
    where is_cleared_now

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        class,
        '本月消除' as item,
        1 as households,
        persons,
        '' as note
    from arriving
    where is_cleared_now

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        old_township as township,
        old_class as class,
        '整户减少' as item,
        1 as households,
        old_persons as persons,
        '' as note
    from households
    where was_stock and persons = 0

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        old_township as township,
        old_class as class,
        '自然变动' as item,
        0 as households,
        persons - old_persons as persons,
        '' as note
    from staying
    where persons <> old_persons

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        old_township as township,
        old_class as class,
        '更正补录' as item,
        -1 as households,
        -persons as persons,
        '乡镇变更，由本乡镇转出' as note
    from staying
    where township <> old_township

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        old_class as class,
        '更正补录' as item,
        1 as households,
        persons,
        '乡镇变更，转入本乡镇' as note
    from staying
    where township <> old_township

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        old_class as class,
        '更正补录' as item,
        -1 as households,
        -persons as persons,
        '监测对象类别被取消' as note
    from staying
    where class is null

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        old_class as class,
        '更正补录' as item,
        -1 as households,
        -persons as persons,
        '标注为已消除，但消除监测时间不是本月' as note
    from staying
    where is_cleared and not is_cleared_now

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        class,
        '更正补录' as item,
        1 as households,
        persons,
        case
            when $has_previous then '上月不在未消除之列，识别监测时间不是本月'
            else '没有上月名册，识别监测时间为空或晚于本月'
        end as note
    from arriving
    where is_stock and not was_cleared and not is_identified_now

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        class,
        '更正补录' as item,
        1 as households,
        persons,
        '本月消除，但上月不在未消除之列，也非本月识别' as note
    from arriving
    where is_cleared_now and not is_identified_now

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        class,
        '更正补录' as item,
        -1 as households,
        -persons as persons,
        '本月识别，已标注消除，但消除监测时间不是本月' as note
    from arriving
    where is_identified_now and is_cleared and not is_cleared_now

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        class,
        '期末未消除' as item,
        1 as households,
        persons,
        '' as note
    from households
    where is_stock

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        class,
        '累计识别' as item,
        1 as households,
        persons,
        '' as note
    from households
    where is_listed

    union all

    select
        household_id,
        main_risk,
        elimination_mode,
        township,
        class,
        '累计消除' as item,
        1 as households,
        persons,
        '' as note
    from households
    where is_cleared
)

select
    household_id,
    township,
    class,
    item,
    households,
    persons,
    note,
    main_risk,
    elimination_mode
from movements
order by household_id, item, class, township, households, note
