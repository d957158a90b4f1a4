-- noqa: disable=all
-- The floor, second part: who is hit by which rule, what each comparison finds, and nothing more:
-- no evidence, no counts of who was looked at. found has check_id, subject, dataset, severity.
create temp table found as
select 'W01' as check_id, household_id as subject, null::varchar as dataset, max(weight) as weight
from (
    select
        people.household_id,
        case when sum(inpatient_own_ytd) >= 2 * any_value(case when homes.is_poor then 5000 else 20000 end) then 3 else 2 end
            as weight
    from people
    inner join medical_expenses using (person_id)
    left join homes using (household_id)
    where (people.is_member and people.died_on is null) or people.died_on >= $year_start
    group by people.household_id, people.person_id, homes.is_poor
    having sum(inpatient_own_ytd) >= case when homes.is_poor then 5000 else 20000 end
)
group by household_id;

insert into found
select distinct 'W02', household_id, null, 1
from (
    select household_id from living inner join medical_expenses using (person_id)
    group by household_id, person_id having sum(outpatient_own_month) >= 500
);

insert into found
select 'W03', household_id, null, 2
from (
    select people.household_id, sum(inpatient_own_ytd) as own
    from people
    inner join medical_expenses using (person_id)
    where
        ((people.is_member and people.died_on is null) or people.died_on >= $year_start)
        and inpatient_own_ytd > 0
    group by people.household_id
)
inner join homes using (household_id)
inner join (
    select household_id, count(distinct person_id) as n from register_rows where is_living group by household_id
) using (household_id)
where
    standing is distinct from 'M' and income_per_head >= 6000
    and round(income_per_head * n, 2) - round(own, 2) < 6000 * n;

insert into found
select distinct 'W04', household_id, null, 2 from major_illness inner join living using (person_id);

insert into found
select distinct 'W05', household_id, null, 1
from living
where
    is_helped and birth_date <= $month_end - interval 90 day
    and person_id not in (select person_id from medical_enrolment where status = '正常参保');

insert into found
select distinct 'W06', household_id, null, 1
from (
    select household_id from living inner join education_burden using (person_id)
    group by household_id, person_id having sum(own_paid) > 10000
);

create temp table truants as
select person_id, household_id, is_helped, standing
from living
where
    (is_helped or standing = 'X')
    and birth_date <= make_date(year($month_start) - case when month($month_start) > 8 then 6 else 7 end, 8, 31)
    and birth_date > $month_end - interval 16 year
    and person_id not in (
        select person_id from school_enrolment
        where
            status in ('在读', '休学')
            or (status = '毕业' and stage in ('初中', '普通高中', '中职', '高职', '本科及以上'))
    );

insert into found select distinct 'W07', household_id, null, 3 from truants where is_helped;

insert into found
select distinct 'W08', household_id, null, 3 from dropout_suspects inner join living using (person_id);

insert into found
select 'W09', household_id, null, max(case when grade = 'D' then 3 else 2 end)
from housing_safety
inner join people using (person_id)
where grade in ('C', 'D') and is_only_house = '是' and renovation is distinct from '已竣工'
group by household_id;

insert into found
select distinct 'W10', household_id, null, 2
from water_supply
inner join people using (person_id)
where litres_per_day < 35 or fetch_minutes > 20 or outage_days > 36 or quality_ok = '否';

insert into found
select 'W11', household_id, null, 3 from homes where standing is distinct from 'M' and income_per_head < 6000;

insert into found
select distinct 'W12', household_id, null, 1
from employment
inner join living using (person_id)
where is_helped and status = '在岗' and monthly_income < 400;

insert into found
select distinct 'W13', lost.household_id, null, 2
from (
    select household_id, person_id
    from employment
    inner join living using (person_id)
    where
        is_helped and status in ('失业', '返乡')
        and person_id in (select person_id from employment_previous where status = '在岗')
) as lost
where not exists (
    select 1
    from employment
    inner join living using (person_id)
    where
        status = '在岗' and living.household_id = lost.household_id and living.person_id <> lost.person_id
);

insert into found
select 'W14', household_id, null, max(case when outcome in ('残', '亡') then 3 else 2 end)
from traffic_accidents
inner join people using (person_id)
group by household_id;

insert into found
select 'W15', household_id, null, max(case when outcome in ('残', '亡') then 3 else 2 end)
from criminal_injuries
inner join people using (person_id)
group by household_id;

insert into found
select distinct 'W16', household_id, null, 2
from disability_certificates
inner join living using (person_id)
where
    grade in ('一级', '二级')
    and (
        (issued_on between $month_start and $month_end)
        or (
            issued_on >= $month_start - interval 6 month and issued_on < $month_start
            and person_id not in (select person_id from disability_certificates_previous where grade in ('一级', '二级'))
        )
    );

insert into found
select distinct 'W17', household_id, null, 1
from social_assistance as s
inner join living using (person_id)
where
    standing is distinct from 'M' and category in ('农村低保', '特困供养', '临时救助')
    and (
        (admitted_on between $month_start and $month_end)
        or (
            admitted_on >= $month_start - interval 6 month and admitted_on < $month_start
            and (person_id, category) not in (select (person_id, category) from social_assistance_previous)
        )
    );

insert into found
select 'W18', household_id, null, max(case when collapsed_rooms + damaged_rooms >= 1 then 3 else 2 end)
from disaster_losses
inner join people using (person_id)
where
    collapsed_rooms + damaged_rooms >= 1
    or (affected_mu > 0 and lost_mu >= affected_mu * 0.30)
    or loss >= 5000
group by household_id;

insert into found
select distinct 'W19', household_id, null, 2
from industry_failures
inner join people using (person_id)
inner join homes using (household_id)
where homes.is_poor or homes.standing = 'M';

insert into found
select 'W20', household_id, null, max(case when overdue > 0 then 3 else 1 end)
from microcredit
inner join living using (person_id)
where is_helped and (overdue > 0 or (due_on > $month_end and due_on <= $month_end + interval 30 day))
group by household_id;

insert into found
select 'W21', household_id, null, 3
from register_rows
where
    is_living
    and household_id not in (
        select household_id from social_assistance inner join living using (person_id)
        where category in ('农村低保', '特困供养')
    )
group by household_id
having bool_and(coalesce(labour in ('丧失劳动力', '无劳动力'), false));

insert into found
select 'W22', household_id, null, 3
from (
    select household_id from living
    where
        standing = 'X' and birth_date <= $month_end - interval 90 day
        and person_id not in (select person_id from medical_enrolment where status = '正常参保')
    union
    select household_id from truants where standing = 'X'
    union
    select subject from found where check_id in ('W08', 'W09', 'W10')
)
inner join homes using (household_id)
where standing = 'X';

insert into found
select distinct 'W23', household_id, null, 3
from deaths
inner join people using (person_id)
where date_sub('year', people.birth_date, deaths.died_on) between 16 and 60;

insert into found
with namesakes as (
    select person_id, translate(name, '•．.・‧∙', '······') as name, regexp_replace(replace(village, ' ', ''), '(村民委员会|居民委员会|村委会|居委会|社区|村)+$', '') as village
    from (
        select person_id, name, village from hukou_register
        union
        select person_id, name, village from monitoring_register
    )
    where
        person_id in (select person_id from living)
        and translate(name, '•．.・‧∙', '······') in (
            select translate(name, '•．.・‧∙', '······') from petitions where person_id is null
        )
),

meant as (
    select
        coalesce(
            person_id,
            (
                select case when count(distinct n.person_id) = 1 then min(n.person_id) end
                from namesakes as n
                where
                    petitions.person_id is null
                    and n.name = translate(petitions.name, '•．.・‧∙', '······')
                    and n.village = regexp_replace(replace(petitions.village, ' ', ''), '(村民委员会|居民委员会|村委会|居委会|社区|村)+$', '')
            )
        ) as person_id
    from petitions
)

select distinct 'W24', household_id, null, 1 from meant inner join living using (person_id);

insert into found
select 'W25', household_id, null, 2
from homes
where standing = 'M' and measures is null and identified_month <= $month_start - interval 2 month;

insert into found
select distinct 'W26', household_id, null, 1
from homes
where
    standing = 'M' and identified_month <= $month_start - interval 6 month
    and not regexp_matches(coalesce(measures, ''), '产业|就业|金融|公益岗')
    and household_id in (
        select household_id from register_rows where is_living and labour in ('普通劳动力', '技能劳动力')
    );

insert into found
select distinct 'C01', substr(fault, 4), dataset, 0 from set_aside_rows where fault like 'id\_%' escape '\';

insert into found
select 'C02', cast(person_id as varchar), null, 0
from monitoring_register
group by person_id
having count(distinct household_no) > 1;

insert into found
select distinct 'C03', cast(d.person_id as varchar), d.dataset, 0
from delivered_rows as d
inner join hukou_register as h using (person_id)
where
    d.dataset <> 'hukou_register' and d.name <> h.name
    and not exists (
        select 1 from hukou_register as known
        where
            known.person_id = d.person_id
            and translate(known.name, '•．.・‧∙', '······') = translate(d.name, '•．.・‧∙', '······')
    );

insert into found
select distinct 'C04', cast(person_id as varchar), dataset, 0
from (
    select person_id, 'social_assistance' as dataset from social_assistance
    union all
    select person_id, 'public_posts' from public_posts
    union all
    select person_id, 'employment' from employment where status = '在岗'
)
inner join dead using (person_id)
where died_on < $month_start;

insert into found
select 'C05', household_id, null, 0
from register_rows
where is_living
group by household_id
having count(distinct case when relation = '户主' then person_id end) <> 1;

insert into found
select distinct 'C06', cast(person_id as varchar), null, 0
from disability_certificates
inner join living using (person_id)
where
    is_helped and grade in ('一级', '二级') and person_id not in (select person_id from social_assistance);

insert into found
select 'C07', household_id, null, 0
from homes
where
    standing = 'M' and list_contains(risks, '因残')
    and household_id not in (select household_id from disability_certificates inner join living using (person_id));

insert into found
select distinct 'C08', cast(person_id as varchar), null, 0
from disability_certificates
inner join monitoring_register using (person_id)
where coalesce(health, '') not like '%残疾%' and person_id not in (select person_id from dead);

insert into found
select 'C09', household_id, null, 0
from homes
where (receives_dibao = '是') <> (household_id in (select household_id from dibao));

insert into found
select 'C10', household_id, null, 0
from homes
where
    standing = 'M' and list_contains(risks, '因病')
    and household_id not in (
        select household_id from register_rows
        where is_living and (health like '%大病%' or health like '%慢性病%')
    )
    and household_id not in (
        select household_id from major_illness_history inner join living using (person_id)
    )
    and household_id not in (
        select household_id from medical_expenses inner join living using (person_id) where inpatient_own_ytd > 0
    )
    and household_id not in (
        select household_id from medical_expenses_history inner join living using (person_id)
        where inpatient_own_ytd > 0 and month($month_start) <= 3 and month = (year($month_start) - 1) || '-12'
    );

insert into found
select distinct 'C11', cast(person_id as varchar), dataset, 0
from (
    select person_id, birth_date, 'employment' as dataset from employment where status = '在岗'
    union all
    select person_id, birth_date, 'public_posts' from public_posts
)
where
    person_id not in (select person_id from dead)
    and (
        birth_date > $month_end - interval 16 year
        or (
            dataset = 'employment'
            and person_id in (
                select person_id from school_enrolment
                where status = '在读' and stage in ('小学', '初中', '普通高中', '中职')
            )
        )
    );

insert into found
select distinct 'C12', cast(person_id as varchar), null, 0
from public_posts
inner join monitoring_register using (person_id)
where labour in ('丧失劳动力', '无劳动力') and person_id not in (select person_id from dead);

insert into found
select 'C13', cast(person_id as varchar), null, 0
from medical_enrolment
where status = '正常参保' and person_id not in (select person_id from dead)
group by person_id
having count(distinct category) > 1;

insert into found
select distinct 'C14', household_id, null, 0
from vehicles
inner join asset_people using (person_id)
where vehicle_type in ('小型轿车', '小型普通客车', '小型越野客车', '大型汽车', '大型客车', '重型货车');

insert into found
select distinct 'C15', household_id, null, 0
from business_registrations
inner join asset_people using (person_id)
where entity_type = '企业' and status = '存续';

insert into found
select distinct 'C16', household_id, null, 0
from property
inner join asset_people using (person_id)
where purpose in ('住宅', '商业');

insert into found
select distinct 'C17', household_id, null, 0 from payroll inner join asset_people using (person_id);

insert into found
select distinct 'C18', household_id, null, 0
from machinery
inner join asset_people using (person_id)
where price >= 50000;

insert into found
select distinct 'C19', cast(person_id as varchar), null, 0
from monitoring_register
where
    person_id not in (select person_id from dead)
    and person_id not in (select person_id from hukou_register);

insert into found
select 'C20', household_id, null, 0
from homes
where
    eliminated_month = $month_start and elimination_mode = '帮扶消除'
    and identified_month > $month_start - interval 6 month;

insert into found
select 'C21', household_id, null, 0
from homes
inner join (
    select household_id
    from register_rows
    where is_living
    group by household_id
    having bool_and(coalesce(labour in ('丧失劳动力', '无劳动力'), false))
) using (household_id)
where eliminated_month = $month_start;

insert into found
select 'C22', coalesce(township, ''), null, 0
from (
    select
        township,
        (select count(distinct dibao.person_id) from dibao inner join homes as h using (household_id) where h.township is not distinct from t.township)
            as drawing,
        (
            select count(distinct (r.household_id, r.person_id)) from register_rows as r inner join homes as h using (household_id)
            where h.township is not distinct from t.township and h.receives_dibao = '是' and r.is_living
        ) as marked
    from (select distinct township from homes) as t
)
where drawing <> marked;

insert into found
select distinct 'C23', household_id, null, 0
from housing_safety
inner join people using (person_id)
inner join homes using (household_id)
where
    (grade in ('C', 'D') and renovation is distinct from '已竣工' and has_unsafe_house = '否')
    or (grade in ('A', 'B') and has_unsafe_house = '是');

insert into found
select distinct 'C24', cast(person_id as varchar), null, 0
from monitoring_register
where
    schooling in ('非在校生', '小学', '七年级', '八年级', '九年级')
    and person_id not in (select person_id from dead)
    and (schooling = '非在校生') = (
        person_id in (select person_id from school_enrolment where status = '在读' and stage in ('小学', '初中'))
    );

insert into found
select distinct 'C25', cast(person_id as varchar), dataset, 0
from delivered_rows
where
    dataset not in ('hukou_register', 'monitoring_register')
    and dataset in (select dataset from datasets where scope = 'rural')
    and person_id is not null
    and person_id not in (select person_id from people);

insert into found
select 'C26', household_id, null, 0
from (
    select
        r.household_id,
        [household_type, monitored_class, coalesce(l1.risk, risk_1), coalesce(l2.risk, risk_2), coalesce(l3.risk, risk_3), coalesce(l4.risk, risk_4), coalesce(l5.risk, risk_5), cast(identified_month as varchar), is_eliminated, cast(eliminated_month as varchar), elimination_mode, receives_dibao, cast(income_per_head as varchar), measures]
            as told
    from register_rows as r
    left join risk_labels as l1 on risk_1 = l1.label
    left join risk_labels as l2 on risk_2 = l2.label
    left join risk_labels as l3 on risk_3 = l3.label
    left join risk_labels as l4 on risk_4 = l4.label
    left join risk_labels as l5 on risk_5 = l5.label
)
group by household_id
having count(distinct told) > 1;
