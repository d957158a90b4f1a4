/*
id: known_facts
title: 部门已经掌握的情况，逐户逐项，填在核实任务表上，上门不用再问
relations:
  wanted: household_id; the households that are visited
  households: the month's computed households
  members: the month's computed members
  social_assistance, medical_expenses, medical_enrolment, disability_certificates, employment,
  public_posts, school_enrolment, housing_safety, water_supply, microcredit: accepted rows of the
  month; without a row where nothing was delivered
  delivered: dataset; those that were delivered for the month
parameters: {}
basis: 入户核实不重复采集部门已有数据
about: >
  A fact is said only where a department has said so. Nobody is told to be without something but
  without a sound insurance, and that only where the insured were delivered.
*/
with people as (
    select
        members.household_id,
        members.person_id
    from members
    inner join wanted on members.household_id = wanted.household_id
    where members.is_living
),

income as (
    select
        households.household_id,
        1 as place,
        '人均纯收入' || cast(cast(households.income_per_head as decimal(18, 2)) as varchar) || '元'
            as fact
    from households
    inner join wanted on households.household_id = wanted.household_id
    where households.income_per_head is not null
),

measures as (
    select
        households.household_id,
        2 as place,
        '已有帮扶：' || households.measures as fact
    from households
    inner join wanted on households.household_id = wanted.household_id
    where coalesce(households.measures, '') <> ''
),

assisted as (
    select
        people.household_id,
        social_assistance.category,
        count(distinct people.person_id) as persons
    from people
    inner join social_assistance on people.person_id = social_assistance.person_id
    group by people.household_id, social_assistance.category
),

assistance as (
    select
        household_id,
        3 as place,
        string_agg(category || cast(persons as varchar) || '人', '、' order by category) as fact
    from assisted
    group by household_id
),

bills as (
    select
        people.household_id,
        4 as place,
        '今年住院自付累计'
        || cast(cast(sum(medical_expenses.inpatient_own_ytd) as decimal(18, 2)) as varchar)
        || '元' as fact
    from people
    inner join medical_expenses on people.person_id = medical_expenses.person_id
    group by people.household_id
    having sum(medical_expenses.inpatient_own_ytd) > 0
),

insured_people as (
    select distinct person_id from medical_enrolment
    where status = '正常参保'
),

insurance as (
    select
        people.household_id,
        5 as place,
        cast(count(insured_people.person_id) as varchar) || '人正常参保'
        || case
            when count(*) > count(insured_people.person_id)
                then
                    '，'
                    || cast(count(*) - count(insured_people.person_id) as varchar)
                    || '人没有正常参保'
            else ''
        end as fact
    from people
    left join insured_people on people.person_id = insured_people.person_id
    where 'medical_enrolment' in (select delivered.dataset from delivered)
    group by people.household_id
),

disability as (
    select
        people.household_id,
        6 as place,
        '持证残疾' || cast(count(distinct people.person_id) as varchar) || '人（'
        || string_agg(
            distinct disability_certificates.grade, '、' order by disability_certificates.grade
        )
        || '）' as fact
    from people
    inner join disability_certificates on people.person_id = disability_certificates.person_id
    group by people.household_id
),

work as (
    select
        people.household_id,
        7 as place,
        '在岗务工' || cast(count(distinct people.person_id) as varchar) || '人，月收入合计'
        || cast(cast(sum(employment.monthly_income) as decimal(18, 2)) as varchar) || '元' as fact
    from people
    inner join employment on people.person_id = employment.person_id
    where employment.status = '在岗'
    group by people.household_id
),

posts as (
    select
        people.household_id,
        8 as place,
        '公益岗' || cast(count(distinct people.person_id) as varchar) || '人' as fact
    from people
    inner join public_posts on people.person_id = public_posts.person_id
    group by people.household_id
),

school as (
    select
        people.household_id,
        9 as place,
        '在读' || cast(count(distinct people.person_id) as varchar) || '人（'
        || string_agg(distinct school_enrolment.stage, '、' order by school_enrolment.stage)
        || '）' as fact
    from people
    inner join school_enrolment on people.person_id = school_enrolment.person_id
    where school_enrolment.status = '在读'
    group by people.household_id
),

house as (
    select
        people.household_id,
        10 as place,
        '住房鉴定'
        || string_agg(distinct housing_safety.grade, '、' order by housing_safety.grade)
        || '级' as fact
    from people
    inner join housing_safety on people.person_id = housing_safety.person_id
    group by people.household_id
),

water as (
    select
        people.household_id,
        11 as place,
        '水质' || min(case when water_supply.quality_ok = '是' then '达标' else '不达标' end)
        || '，日均' || cast(cast(min(water_supply.litres_per_day) as decimal(18, 1)) as varchar)
        || '升' as fact
    from people
    inner join water_supply on people.person_id = water_supply.person_id
    group by people.household_id
),

loans as (
    select
        people.household_id,
        12 as place,
        '小额信贷' || cast(count(*) as varchar) || '笔'
        || case
            when sum(microcredit.overdue) > 0
                then
                    '，逾期'
                    || cast(cast(sum(microcredit.overdue) as decimal(18, 2)) as varchar) || '元'
            else ''
        end as fact
    from people
    inner join microcredit on people.person_id = microcredit.person_id
    group by people.household_id
),

facts as (
    select * from income
    union all
    select * from measures
    union all
    select * from assistance
    union all
    select * from bills
    union all
    select * from insurance
    union all
    select * from disability
    union all
    select * from work
    union all
    select * from posts
    union all
    select * from school
    union all
    select * from house
    union all
    select * from water
    union all
    select * from loans
)

select
    household_id,
    fact
from facts
order by household_id, place
