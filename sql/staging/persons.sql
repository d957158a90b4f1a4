/*
id: persons
title: 每个人归到哪一户
about: >
  A person of monitoring_register belongs to that 户编号, anyone else of hukou_register to the 户号,
  several go to the smallest. A 户号 joins the 户编号 in which its 户主, the 户主's 配偶 or two of
  its persons are. Whoever is in neither register is looked up in the latest earlier snapshot that
  names the person; such a person is known but no member (source 前期名册).
basis: catalogue 1.2 and 6
*/
with register_rows as (
    select person_id, name, birth_date, household_no
    from monitoring_register
    where household_no is not null
),

-- Nearly everybody has one row: only the rows of the others have to be ranked.
in_several_rows as (
    select person_id
    from register_rows
    group by person_id
    having count(*) > 1
),

ranked_rows as (
    select
        register_rows.*,
        row_number() over (
            partition by register_rows.person_id
            order by
                length(register_rows.household_no),
                register_rows.household_no,
                register_rows.name
        ) as place
    from register_rows
    inner join in_several_rows on register_rows.person_id = in_several_rows.person_id
),

register_persons as (
    select
        register_rows.person_id,
        register_rows.name,
        register_rows.birth_date,
        register_rows.household_no
    from register_rows
    left join in_several_rows on register_rows.person_id = in_several_rows.person_id
    where in_several_rows.person_id is null

    union all

    select person_id, name, birth_date, household_no
    from ranked_rows
    where place = 1
),

-- Every accepted row counts here, those of the dead too.
shared_persons as (
    select
        hukou_register.hukou_id,
        register_persons.household_no,
        count(distinct hukou_register.person_id) as persons,
        max(case when hukou_register.relation = '户主' then 1 else 0 end) as has_head,
        max(case when hukou_register.relation = '配偶' then 1 else 0 end) as has_spouse
    from hukou_register
    inner join register_persons on hukou_register.person_id = register_persons.person_id
    where hukou_register.hukou_id is not null
    group by hukou_register.hukou_id, register_persons.household_no
),

candidates as (
    select
        hukou_id,
        household_no,
        case
            when has_head = 1 then '户籍户主在该户'
            when has_spouse = 1 then '户籍户主的配偶在该户'
            else '同一户籍有两人以上在该户'
        end as joined_through,
        row_number() over (
            partition by hukou_id
            order by has_head desc, persons desc, length(household_no), household_no
        ) as place
    from shared_persons
    where has_head = 1 or has_spouse = 1 or persons >= 2
),

joined_households as (
    select hukou_id, household_no, joined_through
    from candidates
    where place = 1
),

in_several_hukou_rows as (
    select person_id
    from hukou_register
    where hukou_id is not null
    group by person_id
    having count(*) > 1
),

ranked_hukou_rows as (
    select
        hukou_register.person_id,
        hukou_register.name,
        hukou_register.birth_date,
        hukou_register.hukou_id,
        row_number() over (
            partition by hukou_register.person_id
            order by
                length(hukou_register.hukou_id),
                hukou_register.hukou_id,
                hukou_register.name
        ) as place
    from hukou_register
    inner join in_several_hukou_rows
        on hukou_register.person_id = in_several_hukou_rows.person_id
    left join register_persons on hukou_register.person_id = register_persons.person_id
    where hukou_register.hukou_id is not null and register_persons.person_id is null
),

hukou_persons as (
    select
        hukou_register.person_id,
        hukou_register.name,
        hukou_register.birth_date,
        hukou_register.hukou_id
    from hukou_register
    left join in_several_hukou_rows
        on hukou_register.person_id = in_several_hukou_rows.person_id
    left join register_persons on hukou_register.person_id = register_persons.person_id
    where
        hukou_register.hukou_id is not null
        and in_several_hukou_rows.person_id is null
        and register_persons.person_id is null

    union all

    select person_id, name, birth_date, hukou_id
    from ranked_hukou_rows
    where place = 1
),

persons_of_the_month as (
    select person_id from register_persons

    union all

    select person_id from hukou_persons
),

earlier_rows as (
    select
        history.person_id,
        history.name,
        history.birth_date,
        history.month,
        0 as register_rank,
        history.household_no,
        cast(null as varchar) as hukou_id,
        history.household_no as number_text,
        history.township,
        history.village
    from monitoring_register_history as history
    left join persons_of_the_month on history.person_id = persons_of_the_month.person_id
    where
        history.month < $month
        and history.household_no is not null
        and persons_of_the_month.person_id is null

    union all

    select
        history.person_id,
        history.name,
        history.birth_date,
        history.month,
        1 as register_rank,
        cast(null as varchar) as household_no,
        history.hukou_id,
        history.hukou_id as number_text,
        history.township,
        history.village
    from hukou_register_history as history
    left join persons_of_the_month on history.person_id = persons_of_the_month.person_id
    where
        history.month < $month
        and history.hukou_id is not null
        and persons_of_the_month.person_id is null
),

earlier_places as (
    select
        *,
        row_number() over (
            partition by person_id
            order by month desc, register_rank, length(number_text), number_text, name
        ) as place
    from earlier_rows
),

known_persons as (
    select
        person_id,
        name,
        birth_date,
        household_no,
        cast(null as varchar) as hukou_id,
        '监测名册' as source,
        cast(null as varchar) as found_in,
        cast(null as varchar) as found_township,
        cast(null as varchar) as found_village
    from register_persons

    union all

    select
        person_id,
        name,
        birth_date,
        cast(null as varchar) as household_no,
        hukou_id,
        '户籍名册' as source,
        cast(null as varchar) as found_in,
        cast(null as varchar) as found_township,
        cast(null as varchar) as found_village
    from hukou_persons

    union all

    select
        person_id,
        name,
        birth_date,
        household_no,
        hukou_id,
        '前期名册' as source,
        month as found_in,
        township as found_township,
        village as found_village
    from earlier_places
    where place = 1
)

select
    known_persons.person_id,
    known_persons.name,
    known_persons.birth_date,
    coalesce(
        'R:' || coalesce(known_persons.household_no, joined_households.household_no),
        'H:' || known_persons.hukou_id
    ) as household_id,
    known_persons.source,
    known_persons.hukou_id,
    joined_households.joined_through,
    known_persons.found_in,
    known_persons.found_township,
    known_persons.found_village,
    deceased.died_on
from known_persons
left join joined_households on known_persons.hukou_id = joined_households.hukou_id
left join deceased on known_persons.person_id = deceased.person_id
