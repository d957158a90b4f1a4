-- noqa: disable=all
-- The floor, first part: who lives where, as short as the definitions allow. Views are named by
-- dataset, those of last month end in _previous, of all months in _history (with a column month).
create temp table dead as
select person_id, min(died_on) as died_on
from deaths_history
where died_on <= $month_end
group by person_id;

create temp table placed as
select person_id, name, birth_date, household_no
from monitoring_register
where household_no is not null
qualify row_number() over (partition by person_id order by length(household_no), household_no, name) = 1;

create temp table joined as
select hukou_id, household_no
from (
    select
        h.hukou_id,
        p.household_no,
        count(distinct h.person_id) as persons,
        bool_or(h.relation = '户主') as has_head,
        bool_or(h.relation = '配偶') as has_spouse
    from hukou_register as h
    inner join placed as p using (person_id)
    where h.hukou_id is not null
    group by h.hukou_id, p.household_no
)
where has_head or has_spouse or persons >= 2
qualify row_number() over (
    partition by hukou_id order by has_head desc, persons desc, length(household_no), household_no
) = 1;

create temp table listed as
select person_id, name, birth_date, hukou_id
from hukou_register
where hukou_id is not null and person_id not in (select person_id from placed)
qualify row_number() over (partition by person_id order by length(hukou_id), hukou_id, name) = 1;

create temp table earlier as
select person_id, birth_date, household_no, hukou_id
from (
    select person_id, birth_date, month, 0 as register, household_no, null as hukou_id, household_no as number
    from monitoring_register_history where month < $month and household_no is not null
    union all
    select person_id, birth_date, month, 1, null, hukou_id, hukou_id
    from hukou_register_history where month < $month and hukou_id is not null
)
where
    person_id not in (select person_id from placed) and person_id not in (select person_id from listed)
qualify row_number() over (partition by person_id order by month desc, register, length(number), number) = 1;

-- Everybody with the household; is_member is false for whom only an earlier snapshot names.
create temp table people as
select
    p.person_id,
    p.birth_date,
    coalesce('R:' || coalesce(p.household_no, j.household_no), 'H:' || p.hukou_id) as household_id,
    p.is_member,
    dead.died_on
from (
    select person_id, birth_date, household_no, null as hukou_id, true as is_member from placed
    union all
    select person_id, birth_date, null, hukou_id, true from listed
    union all
    select person_id, birth_date, household_no, hukou_id, false from earlier
) as p
left join joined as j using (hukou_id)
left join dead using (person_id);

create temp table register_rows as
select m.*, 'R:' || m.household_no as household_id, dead.person_id is null as is_living
from monitoring_register as m
left join dead using (person_id)
where m.household_no is not null;

create temp table homes as
select
    *,
    household_type like '脱贫%' as is_poor,
    case when monitored_class is null then null when is_eliminated = '是' then 'X' else 'M' end as standing,
    [coalesce(l1.risk, risk_1), coalesce(l2.risk, risk_2), coalesce(l3.risk, risk_3), coalesce(l4.risk, risk_4), coalesce(l5.risk, risk_5)]
        as risks
from (
    select *
    from (
        select
            *,
            count_if(is_living and relation = '户主') over (partition by household_no) as heads
        from register_rows
    )
    qualify row_number() over (
        partition by household_no
        order by
            (heads = 1 and is_living and relation = '户主') desc,
            length(person_no), person_no, source_file, source_sheet, source_row
    ) = 1
)
left join risk_labels as l1 on risk_1 = l1.label
left join risk_labels as l2 on risk_2 = l2.label
left join risk_labels as l3 on risk_3 = l3.label
left join risk_labels as l4 on risk_4 = l4.label
left join risk_labels as l5 on risk_5 = l5.label;

-- Living members with what rules ask of their household.
create temp table living as
select
    people.person_id,
    people.birth_date,
    people.household_id,
    coalesce(homes.is_poor or homes.standing = 'M', false) as is_helped,
    homes.standing
from people
left join homes using (household_id)
where people.is_member and people.died_on is null;

create temp table dibao as
select living.household_id, living.person_id
from living
inner join social_assistance using (person_id)
where category = '农村低保';

create temp table asset_people as
select person_id, household_id
from living
where standing = 'M' or household_id in (select household_id from dibao);
