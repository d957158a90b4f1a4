/*
id: W01
title: 住院自付累计超线
question: 今年住院总共花了多少、报销了多少、自己付了多少？还要继续治疗吗？欠了多少债，家里靠什么收入还？
sentence: "{name}今年住院自付累计{value}元，达到{threshold}元的预警线"
severity: 橙色；达到预警线两倍及以上为红色
risk: 因病
population: 所有农村户
verifies: medical_insurance
sources: [medical_expenses]
parameters: [inpatient_own_line, inpatient_own_red_factor]
basis: 某县《关于建立防止新发生返贫致贫风险机制的实施办法》；目录第3节
since: 2021-01
missing: 医疗费用中没有某人的行，视为今年没有住院自付；同一人有几行的，相加。
cells: [medical_expenses.inpatient_own_ytd]
about: >
  Per person: several rows of one person are added up. The bills of a member who died in this
  calendar year stay with the family, also when the person is in no register any more.
*/
with bills as (
    select
        person_id,
        sum(inpatient_own_ytd) as own_payment
    from medical_expenses
    group by person_id
),

debtors as (
    select
        persons.person_id,
        persons.name,
        persons.household_id,
        bills.own_payment
    from bills
    inner join persons on bills.person_id = persons.person_id
    where
        (persons.died_on is null and persons.source <> '前期名册')
        or persons.died_on >= $year_start
),

eligible as (
    select
        debtors.household_id,
        debtors.person_id,
        debtors.name,
        debtors.own_payment,
        case when households.is_poor then $inpatient_own_line_t else $inpatient_own_line_g end
            as line
    from debtors
    inner join households on debtors.household_id = households.household_id
),

heavy_bills as (
    select * from eligible
    where own_payment >= line
)

select
    heavy_bills.household_id,
    heavy_bills.person_id,
    heavy_bills.name,
    case
        when heavy_bills.own_payment >= heavy_bills.line * $inpatient_own_red_factor then 'red'
        else 'orange'
    end as severity,
    heavy_bills.own_payment as value,
    heavy_bills.line as threshold,
    '' as detail,
    medical_expenses.source_file,
    medical_expenses.source_sheet,
    medical_expenses.source_row
from heavy_bills
inner join medical_expenses on heavy_bills.person_id = medical_expenses.person_id
