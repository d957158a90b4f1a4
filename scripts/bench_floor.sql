-- The floor of comparing and warning: one hand-written query over the same Parquet, as short as the
-- catalogue's definitions allow, without evidence, eligible counts or history. Views are named by
-- dataset; $month_end, $year_start are bound.
with died as (
    select person_id, max(died_on) as died_on from deaths group by person_id
),

placed as (
    select person_id, min(household_no) as household_no from monitoring_register group by person_id
),

linked as (
    select
        h.hukou_id,
        p.household_no,
        count(distinct h.person_id) as persons,
        bool_or(h.relation = '户主') as has_head,
        bool_or(h.relation = '配偶') as has_spouse
    from hukou_register as h
    inner join placed as p using (person_id)
    group by h.hukou_id, p.household_no
),

joined as (
    select hukou_id, household_no
    from linked
    where has_head or has_spouse or persons >= 2
    qualify row_number() over (
        partition by hukou_id order by has_head desc, persons desc, household_no
    ) = 1
),

homes as (
    select
        h.person_id,
        h.name,
        h.birth_date,
        coalesce('R:' || j.household_no, 'H:' || h.hukou_id) as household_id
    from (
        select person_id, any_value(name) as name, any_value(birth_date) as birth_date, min(hukou_id) as hukou_id
        from hukou_register
        where person_id not in (select person_id from placed)
        group by person_id
    ) as h
    left join joined as j using (hukou_id)
    union all
    select p.person_id, any_value(m.name), any_value(m.birth_date), 'R:' || any_value(p.household_no)
    from placed as p
    inner join monitoring_register as m using (person_id)
    group by p.person_id
),

head_rows as (
    select
        'R:' || household_no as household_id,
        household_type like '脱贫%' as is_poor,
        monitored_class is not null and coalesce(is_eliminated, '否') <> '是' as is_monitored,
        receives_dibao = '是' as says_dibao
    from monitoring_register
    left join died using (person_id)
    qualify row_number() over (
        partition by household_no
        order by (relation = '户主' and died_on is null) desc, person_no
    ) = 1
),

everybody as (
    select
        homes.*,
        died.died_on,
        coalesce(head_rows.is_poor, false) as is_poor,
        coalesce(head_rows.is_monitored, false) as is_monitored,
        head_rows.household_id is not null as is_registered
    from homes
    left join died using (person_id)
    left join head_rows using (household_id)
),

living as (
    select * from everybody where died_on is null
),

on_dibao as (
    select distinct living.household_id
    from living
    inner join social_assistance using (person_id)
    where category = '农村低保'
)

select 'W01' as id, household_id as subject
from everybody
inner join medical_expenses using (person_id)
where died_on is null or died_on >= $year_start
group by household_id, person_id, is_poor
having sum(inpatient_own_ytd) >= case when is_poor then 5000 else 20000 end
union
select 'W05', household_id
from living
where
    (is_poor or is_monitored)
    and birth_date <= $month_end - interval 90 day
    and person_id not in (
        select person_id from medical_enrolment where status = '正常参保' and person_id is not null
    )
union
select 'W09', household_id
from everybody
inner join housing_safety using (person_id)
where grade in ('C', 'D') and is_only_house = '是' and renovation <> '已竣工'
union
select 'W16', household_id
from living
inner join disability_certificates using (person_id)
where grade in ('一级', '二级') and issued_on >= date_trunc('month', $month_end) and issued_on <= $month_end
union
select 'W20', household_id
from living
inner join microcredit using (person_id)
where
    (is_poor or is_monitored)
    and (overdue > 0 or (due_on > $month_end and due_on <= $month_end + interval 30 day))
union
select 'C02', cast(person_id as varchar)
from monitoring_register
group by person_id
having count(distinct household_no) > 1
union
select 'C04', cast(died.person_id as varchar)
from died
inner join social_assistance using (person_id)
where died_on < date_trunc('month', $month_end)
union
select 'C09', household_id
from head_rows
where says_dibao <> (household_id in (select household_id from on_dibao))
union
select 'C14', household_id
from living
inner join vehicles using (person_id)
where
    vehicle_type in ('小型轿车', '小型普通客车', '小型越野客车', '大型汽车', '大型客车', '重型货车')
    and (is_monitored or household_id in (select household_id from on_dibao))
