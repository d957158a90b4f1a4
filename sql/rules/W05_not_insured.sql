/*
id: W05
title: 未参加基本医保
question: 是否在外地参保或参加了职工医保？没有参保是因为什么，缴费有什么困难？
sentence: "{name}没有正常参保记录（{detail}）"
severity: 黄色
risk: 因病
population: 脱贫户或监测户
verifies: medical_insurance
sources: [medical_enrolment]
parameters: [enrolment_grace_days]
basis: 目录第3节；全国防返贫监测信息系统数据核查规则（未参加基本医保）
since: 2021-01
hit_by_absence: true
missing: 参保数据中没有某人的行，视为没有正常参保；该行可能已退回医保局，退回的行列在后面。
cells: [medical_enrolment.status, medical_enrolment.category]
about: >
  A living member of at least the given age in days without a row 正常参保 in either 参保类别. A row
  of another status is shown as what is known.
*/
with eligible as (
    select
        members.household_id,
        members.person_id,
        members.name
    from members
    inner join households on members.household_id = households.household_id
    where
        members.is_living
        and (households.is_poor or households.standing = 'M')
        and date_diff('day', members.birth_date, $month_end) >= $enrolment_grace_days
),

insured as (
    select person_id
    from medical_enrolment
    where status = '正常参保'
),

uninsured as (
    select eligible.*
    from eligible
    left join insured on eligible.person_id = insured.person_id
    where insured.person_id is null
)

select
    uninsured.household_id,
    uninsured.person_id,
    uninsured.name,
    'yellow' as severity,
    medical_enrolment.status as value,
    '正常参保' as threshold,
    coalesce(medical_enrolment.category || medical_enrolment.status, '参保数据中没有此人') as detail,
    medical_enrolment.source_file,
    medical_enrolment.source_sheet,
    medical_enrolment.source_row
from uninsured
left join medical_enrolment on uninsured.person_id = medical_enrolment.person_id
