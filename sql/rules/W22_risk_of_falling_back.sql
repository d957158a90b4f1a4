/*
id: W22
title: 已消除户返贫风险
question: 消除以后家里出了什么变化？原来的帮扶停了没有，停得是否过早？现在最要紧的是哪一件？
sentence: "{detail}"
severity: 红色
risk: 各原因的风险
population: 已消除风险户
verifies: rural_revitalization
sources: [medical_enrolment, school_enrolment, dropout_suspects, housing_safety, water_supply]
one_by_one: true
parameters:
  - enrolment_grace_days
  - school_age_from
  - school_age_until
  - water_litres_line
  - water_minutes_line
  - water_outage_days_line
basis: 全国防返贫监测信息系统数据核查规则（已消除户住房、饮水、失学、未参保）；目录第3节
since: 2021-01
hit_by_absence: [medical_enrolment, school_enrolment]
missing: 缺哪一种数据，就不判断哪一个原因；参保、学籍中没有的人视为没有参保、没有在学，退回的行列在后面。
cells:
  - medical_enrolment.status
  - school_enrolment.status
  - dropout_suspects.reason
  - housing_safety.grade
  - water_supply.litres_per_day
  - water_supply.fetch_minutes
  - water_supply.outage_days
  - water_supply.quality_ok
about: >
  An eliminated household for which the condition of W05, W07, W08, W09 or W10 holds, W05 and W07
  whatever its 户类型 is. Each cause runs where its source is there; all that hold are shown.
*/
with eligible as (
    select household_id
    from households
    where standing = 'X'
),

living_members as (
    select
        members.household_id,
        members.person_id,
        members.name,
        members.age,
        members.birth_date
    from members
    inner join eligible on members.household_id = eligible.household_id
    where members.is_living
),

house_keys as (
    select
        persons.household_id,
        persons.person_id,
        persons.name
    from persons
    inner join eligible on persons.household_id = eligible.household_id
),

insured as (
    select person_id
    from medical_enrolment
    where status = '正常参保'
),

uninsured as (
    select
        living_members.*,
        medical_enrolment.status,
        coalesce(
            medical_enrolment.category || medical_enrolment.status, '参保数据中没有此人'
        ) as known,
        medical_enrolment.source_file,
        medical_enrolment.source_sheet,
        medical_enrolment.source_row
    from living_members
    left join insured on living_members.person_id = insured.person_id
    left join medical_enrolment on living_members.person_id = medical_enrolment.person_id
    where
        $has_medical_enrolment
        and insured.person_id is null
        and date_diff('day', living_members.birth_date, $month_end) >= $enrolment_grace_days
),

pupils as (
    select person_id
    from school_enrolment
    where
        status in ('在读', '休学')
        or (status = '毕业' and stage in ('初中', '普通高中', '中职', '高职', '本科及以上'))
),

children_not_in_school as (
    select
        living_members.*,
        school_enrolment.status,
        coalesce(
            school_enrolment.stage || school_enrolment.status, '学籍数据中没有此人'
        ) as known,
        school_enrolment.source_file,
        school_enrolment.source_sheet,
        school_enrolment.source_row
    from living_members
    left join pupils on living_members.person_id = pupils.person_id
    left join school_enrolment on living_members.person_id = school_enrolment.person_id
    where
        $has_school_enrolment
        and pupils.person_id is null
        and living_members.age < $school_age_until
        and living_members.birth_date <= make_date(
            extract(year from $month_start)
            - case when extract(month from $month_start) > 8 then 0 else 1 end
            - $school_age_from,
            8,
            31
        )
),

foul_water as (
    select
        house_keys.*,
        concat_ws(
            '、',
            case
                when water_supply.litres_per_day < $water_litres_line
                    then
                        '人均日水量'
                        || rtrim(rtrim(cast(water_supply.litres_per_day as varchar), '0'), '.')
                        || '升'
            end,
            case
                when water_supply.fetch_minutes > $water_minutes_line
                    then
                        '取水'
                        || rtrim(rtrim(cast(water_supply.fetch_minutes as varchar), '0'), '.')
                        || '分钟'
            end,
            case
                when water_supply.outage_days > $water_outage_days_line
                    then
                        '近一年停水'
                        || rtrim(rtrim(cast(water_supply.outage_days as varchar), '0'), '.')
                        || '天'
            end,
            case when water_supply.quality_ok = '否' then '水质不达标' end
        ) as faults,
        water_supply.source_file,
        water_supply.source_sheet,
        water_supply.source_row
    from water_supply
    inner join house_keys on water_supply.person_id = house_keys.person_id
    where
        $has_water_supply
        and (
            water_supply.litres_per_day < $water_litres_line
            or water_supply.fetch_minutes > $water_minutes_line
            or water_supply.outage_days > $water_outage_days_line
            or water_supply.quality_ok = '否'
        )
),

causes as (
    select
        household_id,
        person_id,
        name,
        '因病' as risk,
        status as value,
        '正常参保' as threshold,
        name || '没有正常参保记录（' || known || '）' as detail,
        'medical_enrolment' as source_dataset,
        source_file,
        source_sheet,
        source_row
    from uninsured

    union all

    select
        household_id,
        person_id,
        name,
        '因学' as risk,
        status as value,
        '在读、休学' as threshold,
        name || '没有在读、休学的学籍（' || cast(age as varchar) || '岁，' || known || '）' as detail,
        'school_enrolment' as source_dataset,
        source_file,
        source_sheet,
        source_row
    from children_not_in_school

    union all

    select
        living_members.household_id,
        living_members.person_id,
        living_members.name,
        '因学' as risk,
        coalesce(dropout_suspects.reason, '原因未填') as value,
        cast(null as varchar) as threshold,
        living_members.name || '疑似辍学（' || coalesce(dropout_suspects.reason, '原因未填') || '）'
            as detail,
        'dropout_suspects' as source_dataset,
        dropout_suspects.source_file,
        dropout_suspects.source_sheet,
        dropout_suspects.source_row
    from dropout_suspects
    inner join living_members on dropout_suspects.person_id = living_members.person_id
    where $has_dropout_suspects

    union all

    select
        house_keys.household_id,
        house_keys.person_id,
        house_keys.name,
        '住房安全' as risk,
        housing_safety.grade as value,
        'C、D级' as threshold,
        '唯一住房鉴定为' || housing_safety.grade || '级（' || housing_safety.renovation || '）'
            as detail,
        'housing_safety' as source_dataset,
        housing_safety.source_file,
        housing_safety.source_sheet,
        housing_safety.source_row
    from housing_safety
    inner join house_keys on housing_safety.person_id = house_keys.person_id
    where
        $has_housing_safety
        and housing_safety.grade in ('C', 'D')
        and housing_safety.is_only_house = '是'
        and housing_safety.renovation is distinct from '已竣工'

    union all

    select
        household_id,
        person_id,
        name,
        '饮水安全' as risk,
        faults as value,
        cast(null as varchar) as threshold,
        '饮水不达标（' || faults || '）' as detail,
        'water_supply' as source_dataset,
        source_file,
        source_sheet,
        source_row
    from foul_water
)

select
    household_id,
    person_id,
    name,
    'red' as severity,
    value,
    threshold,
    detail,
    risk,
    source_dataset,
    source_file,
    source_sheet,
    source_row
from causes
