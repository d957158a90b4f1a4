/*
id: help_rows
title: 表一 帮扶落实逐户明细
relations:
  register_stock: the register at the end of the month, one row per household
  register_stock_previous: the same one month earlier; empty when has_previous is false
  measures_done: household_id, township, kind, first_done_on; help that was carried out here and
    written down with its day, the first of each kind
  unhelped_cases: household_id, township; recognised here and without help for too long
  people: household_id, persons
parameters:
  month_start: first day of the month (date)
  late_since: first day of the latest 识别监测时间 that is too long ago to be without help (date)
  has_previous: whether there is a register snapshot of the month before (boolean)
basis: 目录第5节、第3节W25
about: >
  本月新落实: a kind of help that a monitored household has and did not have before, by the register
  (in 帮扶措施 now and not a month ago) or by what was written down here with a day in the month.
  What was written down here in an earlier month is not counted again when the register follows, and
  a household that the register merely got late is no new help. 超期未落实: no help at all, in the
  register or here.
*/
with monitored as (
    select
        household_id,
        measures,
        identified_month,
        coalesce(township, '') as township,
        coalesce(is_eliminated, '') = '是' as is_cleared,
        coalesce(measures, '') = '' as is_blank
    from register_stock
    where
        monitored_class is not null
        and coalesce(living_register_members, 0) > 0
        and (coalesce(is_eliminated, '') <> '是' or eliminated_month = $month_start)
),

kinds_now as (
    select
        household_id,
        township,
        identified_month,
        trim(unnest(string_split(measures, '、'))) as kind
    from monitored
    where not is_blank
),

kinds_before as (
    select
        household_id,
        trim(unnest(string_split(measures, '、'))) as kind
    from register_stock_previous
    where coalesce(measures, '') <> ''
),

new_in_register as (
    select
        kinds_now.household_id,
        kinds_now.township,
        kinds_now.kind
    from kinds_now
    left join register_stock_previous
        on kinds_now.household_id = register_stock_previous.household_id
    left join kinds_before
        on kinds_now.household_id = kinds_before.household_id and kinds_now.kind = kinds_before.kind
    left join measures_done
        on
            kinds_now.household_id = measures_done.household_id
            and kinds_now.kind = measures_done.kind
            and measures_done.first_done_on < $month_start
    where
        $has_previous
        and kinds_now.kind <> ''
        and kinds_before.kind is null
        and measures_done.kind is null
        and (
            register_stock_previous.household_id is not null
            or coalesce(kinds_now.identified_month >= $month_start, false)
        )
),

new_here as (
    select
        measures_done.household_id,
        measures_done.kind,
        coalesce(monitored.township, measures_done.township, '') as township
    from measures_done
    left join monitored on measures_done.household_id = monitored.household_id
    left join kinds_before
        on
            measures_done.household_id = kinds_before.household_id
            and measures_done.kind = kinds_before.kind
    where measures_done.first_done_on >= $month_start and kinds_before.kind is null
),

unhelped as (
    select
        monitored.household_id,
        monitored.township
    from monitored
    left join measures_done on monitored.household_id = measures_done.household_id
    where
        monitored.is_blank
        and not monitored.is_cleared
        and monitored.identified_month <= $late_since
        and measures_done.household_id is null

    union

    select
        unhelped_cases.household_id,
        coalesce(monitored.township, unhelped_cases.township, '') as township
    from unhelped_cases
    left join monitored on unhelped_cases.household_id = monitored.household_id
    where
        monitored.household_id is null
        or (monitored.is_blank and not monitored.is_cleared)
),

listed as (
    select
        household_id,
        township,
        kind,
        '本月新落实' as item
    from new_in_register

    union

    select
        household_id,
        township,
        kind,
        '本月新落实' as item
    from new_here

    union

    select
        household_id,
        township,
        '' as kind,
        '超期未落实' as item
    from unhelped
)

select
    listed.household_id,
    listed.township,
    listed.kind,
    listed.item,
    people.persons
from listed
left join people on listed.household_id = people.household_id
order by listed.item, listed.township, listed.household_id, listed.kind
