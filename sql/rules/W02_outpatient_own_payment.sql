/*
id: W02
title: 门诊当月自付超线
question: 这个月看的是什么病，门诊自己付了多少？每个月都要这样花吗？门诊慢特病待遇办了没有？
sentence: "{name}本月门诊自付{value}元，达到{threshold}元的预警线"
severity: 黄色
risk: 因病
population: 所有农村户
verifies: medical_insurance
sources: [medical_expenses]
parameters: [outpatient_own_line]
event: true
basis: 某县《关于建立防止新发生返贫致贫风险机制的实施办法》；目录第3节
since: 2021-01
missing: 医疗费用中没有某人的行，视为没有门诊自付；门诊当月自付空白按0元；同一人有几行的，相加。
cells: [medical_expenses.outpatient_own_month]
about: >
  Per living member; several rows of one person are added up.
*/
with bills as (
    select
        person_id,
        sum(outpatient_own_month) as own_payment
    from medical_expenses
    group by person_id
),

eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        bills.own_payment
    from members
    inner join bills on members.person_id = bills.person_id
    where members.is_living
),

heavy_bills as (
    select * from eligible
    where own_payment >= $outpatient_own_line
)

select
    heavy_bills.household_id,
    heavy_bills.person_id,
    heavy_bills.name,
    'yellow' as severity,
    heavy_bills.own_payment as value,
    $outpatient_own_line as threshold,
    '' as detail,
    medical_expenses.source_file,
    medical_expenses.source_sheet,
    medical_expenses.source_row
from heavy_bills
inner join medical_expenses on heavy_bills.person_id = medical_expenses.person_id
