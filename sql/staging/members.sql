/*
id: members
title: 户内成员（每人一行）
about: >
  R-members that belong to the household, hukou persons joined to it (joined_through says by whom),
  and the persons of hukou-only households. The dead are listed with is_living = false. age is full
  years at month end; who was born on 29 February has the birthday on 1 March in common years.
basis: catalogue 1.2
*/
select
    persons.household_id,
    persons.person_id,
    persons.name,
    persons.birth_date,
    cast(
        extract(year from $month_end) - extract(year from persons.birth_date)
        - case
            when
                extract(month from $month_end) * 100 + extract(day from $month_end)
                < extract(month from persons.birth_date) * 100
                + extract(day from persons.birth_date)
                then 1
            else 0
        end as integer
    ) as age,
    persons.died_on,
    persons.died_on is null as is_living,
    persons.source = '监测名册' as is_register_member,
    persons.joined_through
from persons
where persons.source <> '前期名册'
