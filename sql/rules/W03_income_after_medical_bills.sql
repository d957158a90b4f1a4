/*
id: W03
title: 扣除医疗后收入低于监测线
question: 住院的钱是从哪里来的，借了多少？扣掉这些，今年家里还能靠什么收入生活？
sentence: "今年住院自付合计{value}元，{detail}"
severity: 橙色
risk: 因病
population: 监测系统内监测户以外的户
verifies: rural_revitalization
sources: [medical_expenses]
parameters: [income_line]
basis: 人民日报2025年7月31日贵州做法（家庭收入减自付医疗后按人均对照监测线）；目录第3节
since: 2021-01
missing: 医疗费用中没有某人的行，视为今年没有住院自付；没有在世的系统内成员的户不判断。
cells: [monitoring_register.income_per_head, medical_expenses.inpatient_own_ytd]
about: >
  人均纯收入 × living R-members, less the bills of all members, against line × living R-members, in
  whole cents. The bills of a member who died in this calendar year stay with the family. A
  household whose income is below the line already is W11's.
*/
with eligible as (
    select
        household_id,
        head_person_id,
        head_name,
        income_per_head,
        living_register_members,
        source_file,
        source_sheet,
        source_row
    from households
    where
        is_in_register
        and standing is distinct from 'M'
        and living_register_members > 0
),

bills as (
    select
        eligible.household_id,
        persons.person_id,
        persons.name,
        medical_expenses.inpatient_own_ytd,
        medical_expenses.source_file,
        medical_expenses.source_sheet,
        medical_expenses.source_row
    from medical_expenses
    inner join persons on medical_expenses.person_id = persons.person_id
    inner join eligible on persons.household_id = eligible.household_id
    where
        medical_expenses.inpatient_own_ytd > 0
        and (
            (persons.died_on is null and persons.source <> '前期名册')
            or persons.died_on >= $year_start
        )
),

household_bills as (
    select
        household_id,
        sum(inpatient_own_ytd) as own_payment
    from bills
    group by household_id
),

net_incomes as (
    select
        eligible.*,
        household_bills.own_payment,
        -- Rounded down, so that what is shown is below the line too.
        cast(
            floor(
                (
                    eligible.income_per_head * eligible.living_register_members
                    - household_bills.own_payment
                )
                * 100 / eligible.living_register_members
            )
            / 100 as decimal(18, 2)
        ) as net_per_head
    from eligible
    inner join household_bills on eligible.household_id = household_bills.household_id
    where
        eligible.income_per_head >= $income_line
        and round(eligible.income_per_head * eligible.living_register_members, 2)
        - round(household_bills.own_payment, 2)
        < round($income_line * eligible.living_register_members, 2)
),

below_the_line as (
    select
        *,
        '扣除后人均纯收入由' || rtrim(rtrim(cast(income_per_head as varchar), '0'), '.')
        || '元降为' || rtrim(rtrim(cast(net_per_head as varchar), '0'), '.') || '元，低于'
        || cast($income_line as varchar) || '元的监测线' || $income_line_note as detail
    from net_incomes
)

select
    household_id,
    head_person_id as person_id,
    head_name as name,
    'orange' as severity,
    own_payment as value,
    $income_line as threshold,
    detail,
    'monitoring_register' as source_dataset,
    source_file,
    source_sheet,
    source_row
from below_the_line

union all

select
    below_the_line.household_id,
    bills.person_id,
    bills.name,
    'orange' as severity,
    below_the_line.own_payment as value,
    $income_line as threshold,
    below_the_line.detail,
    'medical_expenses' as source_dataset,
    bills.source_file,
    bills.source_sheet,
    bills.source_row
from below_the_line
inner join bills on below_the_line.household_id = bills.household_id
