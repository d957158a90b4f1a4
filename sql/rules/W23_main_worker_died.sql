/*
id: W23
title: 主要劳动力死亡
question: 去世的人生前是不是家里的主要劳力？因病还是意外，花了多少、欠了多少？家里老人、孩子以后靠谁？
sentence: "{name}于{detail}去世，时年{value}，劳动年龄为{threshold}"
severity: 红色
risk: 缺劳动力
population: 所有农村户
verifies: public_security
sources: [deaths]
parameters: [labour_age_from, labour_age_to]
basis: 目录第3节（劳动年龄为目录建议值）
since: 2021-01
missing: 死亡注销数据中没有的人，视为没有死亡；本月没有采用的死亡注销数据，本规则不运行。
cells: [deaths.died_on]
about: >
  The rows of the month's own delivery, whenever the death was; full years on the day of death. The
  household that the person belonged to, looked up in earlier snapshots where no register has the
  person any more.
*/
with eligible as (
    select
        persons.household_id,
        persons.person_id,
        persons.name,
        deaths.died_on,
        extract(year from deaths.died_on) - extract(year from persons.birth_date)
        - case
            when
                extract(month from deaths.died_on) * 100 + extract(day from deaths.died_on)
                < extract(month from persons.birth_date) * 100
                + extract(day from persons.birth_date)
                then 1
            else 0
        end as age,
        deaths.source_file,
        deaths.source_sheet,
        deaths.source_row
    from deaths
    inner join persons on deaths.person_id = persons.person_id
)

select
    household_id,
    person_id,
    name,
    'red' as severity,
    cast(age as varchar) || '岁' as value,
    cast($labour_age_from as varchar) || '至' || cast($labour_age_to as varchar) || '岁'
    || greatest($labour_age_from_note, $labour_age_to_note) as threshold,
    strftime(died_on, '%Y年%-m月%-d日') as detail,
    source_file,
    source_sheet,
    source_row
from eligible
where age between $labour_age_from and $labour_age_to
