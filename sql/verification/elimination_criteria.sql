/*
id: elimination_criteria
title: 风险消除的条件，逐户逐条
relations:
  wanted: household_id; the households to be judged
  households: the newest month's computed households
  approvals: household_id, approved_month (first day); when this county last approved the household,
    also as one whose risk came back: the register keeps the first month of identification then
  months: month, line (of that month; null where it is not known), has_register (its own snapshot)
  incomes: month, household_id, income_per_head; of those months
  hits: household_id, rule_id; of the newest month
  settled: household_id, rule_id; hits that were verified and excluded, or waived
  rules: rule_id, title, has_run; of the newest month
  open_leads: household_id; of open tasks and of the newest month's leads without a task
  register_members: household_id, labour; living register members
parameters:
  decided_month: first day of the month in which the elimination is decided
  newest_month: first day of the newest month that was computed
basis: 风险消除的标准和程序；目录第3节（各项条件）
about: >
  Verdicts are met, unmet and unknown. What cannot be judged is unknown, and unknown is not a pass.
*/
with subjects as (
    select
        wanted.household_id,
        households.standing,
        greatest(households.identified_month, approvals.approved_month) as identified_month,
        households.has_unsafe_house,
        households.has_safe_water
    from wanted
    left join households on wanted.household_id = households.household_id
    left join approvals on wanted.household_id = approvals.household_id
),

is_monitored as (
    select
        household_id,
        '01 监测对象' as criterion,
        case when standing = 'M' then 'met' else 'unmet' end as verdict,
        case
            when standing = 'M' then '在册，风险未消除'
            when standing = 'X' then '监测系统中已标注消除'
            else '不是监测系统中的监测对象'
        end as detail
    from subjects
),

is_current as (
    select
        household_id,
        '02 数据时间' as criterion,
        case
            when $newest_month >= $decided_month - interval 2 month then 'met' else 'unknown'
        end as verdict,
        '最近一期数据为' || strftime($newest_month, '%Y-%m') as detail
    from subjects
),

is_long_enough as (
    select
        household_id,
        '03 识别时间' as criterion,
        case
            when identified_month is null then 'unknown'
            when identified_month > $decided_month - interval 2 month then 'unmet'
            else 'met'
        end as verdict,
        case
            when identified_month is null then '识别监测时间空白'
            else
                strftime(identified_month, '%Y-%m')
                || '识别，识别当月和次月不能消除'
        end as detail
    from subjects
),

monthly_incomes as (
    select
        subjects.household_id,
        months.month,
        months.line,
        months.has_register,
        incomes.income_per_head
    from subjects
    cross join months
    left join incomes
        on subjects.household_id = incomes.household_id and months.month = incomes.month
),

has_income as (
    select
        household_id,
        '04 收入稳定' as criterion,
        case
            when
                count(
                    case when has_register and income_per_head < line then 1 end
                ) > 0
                then 'unmet'
            when
                count(
                    case
                        when has_register and line is not null and income_per_head is not null
                            then 1
                    end
                ) < count(*)
                then 'unknown'
            else 'met'
        end as verdict,
        string_agg(
            month || ' '
            || case
                when not has_register then '没有当月名册'
                when income_per_head is null then '名册中没有该户收入'
                when line is null then '当月监测线未知'
                else
                    cast(cast(income_per_head as decimal(18, 2)) as varchar)
                    || '元，监测线' || cast(cast(line as decimal(18, 0)) as varchar) || '元'
            end,
            '；'
            order by month
        ) as detail
    from monthly_incomes
    group by household_id
),

has_house as (
    select
        household_id,
        '05 住房安全（名册）' as criterion,
        case has_unsafe_house
            when '否' then 'met' when '是' then 'unmet'
            else 'unknown'
        end as verdict,
        '是否危房户：' || coalesce(has_unsafe_house, '空白') as detail
    from subjects
),

has_water as (
    select
        household_id,
        '06 饮水安全（名册）' as criterion,
        case has_safe_water
            when '是' then 'met' when '否' then 'unmet'
            else 'unknown'
        end as verdict,
        '是否解决安全饮用水：' || coalesce(has_safe_water, '空白') as detail
    from subjects
),

guarantees (criterion, rule_id) as (
    values
    ('07 基本医保', 'W05'),
    ('08 义务教育', 'W07'),
    ('09 住房鉴定', 'W09'),
    ('10 饮水监测', 'W10')
),

hit_once as (
    select distinct
        household_id,
        rule_id
    from hits
),

has_guarantees as (
    select
        subjects.household_id,
        guarantees.criterion,
        case
            when hit_once.household_id is not null then 'unmet'
            when coalesce(rules.has_run, false) then 'met'
            else 'unknown'
        end as verdict,
        guarantees.rule_id || coalesce(rules.title, '')
        || case
            when hit_once.household_id is not null then '，本月命中'
            when coalesce(rules.has_run, false) then '，本月没有命中'
            else '，本月没有运行，不能判断'
        end as detail
    from subjects
    cross join guarantees
    left join rules on guarantees.rule_id = rules.rule_id
    left join hit_once
        on
            subjects.household_id = hit_once.household_id
            and guarantees.rule_id = hit_once.rule_id
),

warnings as (
    select
        hit_once.household_id,
        string_agg(hit_once.rule_id || coalesce(rules.title, ''), '、' order by hit_once.rule_id)
            as named
    from hit_once
    left join settled
        on
            hit_once.household_id = settled.household_id
            and hit_once.rule_id = settled.rule_id
    left join rules on hit_once.rule_id = rules.rule_id
    where settled.household_id is null
    group by hit_once.household_id
),

open_once as (
    select distinct household_id from open_leads
),

is_quiet as (
    select
        subjects.household_id,
        '11 没有未了的预警' as criterion,
        case
            when warnings.household_id is not null or open_once.household_id is not null
                then 'unmet'
            else 'met'
        end as verdict,
        case
            when warnings.household_id is not null then '本月命中：' || warnings.named
            when open_once.household_id is not null then '有线索还在核实'
            else '没有'
        end as detail
    from subjects
    left join warnings on subjects.household_id = warnings.household_id
    left join open_once on subjects.household_id = open_once.household_id
),

labour as (
    select
        household_id,
        count(*) as persons,
        count(case when labour in ('丧失劳动力', '无劳动力') then 1 end) as without_labour,
        count(case when coalesce(labour, '') = '' then 1 end) as unknown_labour
    from register_members
    group by household_id
),

has_labour as (
    select
        subjects.household_id,
        '12 家庭劳动力' as criterion,
        case
            when labour.household_id is null then 'unknown'
            when labour.persons > labour.without_labour + labour.unknown_labour then 'met'
            when labour.unknown_labour > 0 then 'unknown'
            else 'unmet'
        end as verdict,
        case
            when labour.household_id is null then '名册中没有在世成员'
            when labour.persons > labour.without_labour + labour.unknown_labour then '有劳动力'
            when labour.unknown_labour > 0 then '劳动技能空白，不能判断'
            else '整户没有劳动力，兜底保障后继续监测'
        end as detail
    from subjects
    left join labour on subjects.household_id = labour.household_id
),

judged as (
    select * from is_monitored
    union all
    select * from is_current
    union all
    select * from is_long_enough
    union all
    select * from has_income
    union all
    select * from has_house
    union all
    select * from has_water
    union all
    select * from has_guarantees
    union all
    select * from is_quiet
    union all
    select * from has_labour
)

select
    household_id,
    criterion,
    verdict,
    detail
from judged
order by household_id, criterion
