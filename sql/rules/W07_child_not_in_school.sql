/*
id: W07
title: 适龄儿童未在学
question: 孩子现在在哪里，是否在外地或私立学校读书？没有上学是因为什么，什么时候能返校？
sentence: "{name}是义务教育适龄儿童，没有在读、休学的学籍（{detail}）"
severity: 红色
risk: 因学
population: 脱贫户或监测户
verifies: education
sources: [school_enrolment]
parameters: [school_age_from, school_age_until]
basis: 义务教育法第十一条；全国防返贫监测信息系统数据核查规则（适龄儿童无在校生状况）；目录第3节
since: 2021-01
hit_by_absence: true
missing: 学籍数据中没有的孩子，视为没有在学；该行可能已退回教体局，退回的行列在后面。
cells: [school_enrolment.status, school_enrolment.stage]
about: >
  A living member who was six by the last 31 August before the month and is under sixteen at its
  end, without a row 在读 or 休学 and without 毕业 from 初中 or above. Whatever other rows there are
  is shown as what is known.
*/
with eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        members.age
    from members
    inner join households on members.household_id = households.household_id
    where
        members.is_living
        and (households.is_poor or households.standing = 'M')
        and members.age < $school_age_until
        and members.birth_date <= make_date(
            extract(year from $month_start)
            - case when extract(month from $month_start) > 8 then 0 else 1 end
            - $school_age_from,
            8,
            31
        )
),

pupils as (
    select person_id
    from school_enrolment
    where
        status in ('在读', '休学')
        or (status = '毕业' and stage in ('初中', '普通高中', '中职', '高职', '本科及以上'))
),

children_not_in_school as (
    select eligible.*
    from eligible
    left join pupils on eligible.person_id = pupils.person_id
    where pupils.person_id is null
)

select
    children_not_in_school.household_id,
    children_not_in_school.person_id,
    children_not_in_school.name,
    'red' as severity,
    school_enrolment.status as value,
    '在读、休学' as threshold,
    cast(children_not_in_school.age as varchar) || '岁，'
    || coalesce(school_enrolment.stage || school_enrolment.status, '学籍数据中没有此人') as detail,
    school_enrolment.source_file,
    school_enrolment.source_sheet,
    school_enrolment.source_row
from children_not_in_school
left join school_enrolment on children_not_in_school.person_id = school_enrolment.person_id
