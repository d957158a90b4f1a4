/*
id: W21
title: 整户无劳动力未兜底
question: 家里靠什么生活，有没有法定赡养、抚养人？申请过低保、特困没有，为什么没有办成？
sentence: "{detail}，均无劳动力，家中没有人享受农村低保或特困供养"
severity: 红色
risk: 缺劳动力
population: 监测系统内的户
verifies: civil_affairs
sources: [social_assistance]
parameters: []
basis: 全国防返贫监测信息系统数据核查规则（整户无劳动力而无人享受低保）；目录第3节
since: 2021-01
hit_by_absence: true
missing: 劳动技能空白不算没有劳动力；社会救助数据中没有的人，视为没有享受，退回民政局的行列在后面。
cells: [monitoring_register.labour]
about: >
  There are living R-members, every row of theirs says 丧失劳动力 or 无劳动力, and no living member
  (joined ones too) is in 农村低保 or 特困供养.
*/
with register_members as (
    select
        'R:' || monitoring_register.household_no as household_id,
        monitoring_register.person_id,
        monitoring_register.name,
        monitoring_register.labour,
        monitoring_register.labour in ('丧失劳动力', '无劳动力') as has_no_labour,
        monitoring_register.source_file,
        monitoring_register.source_sheet,
        monitoring_register.source_row
    from monitoring_register
    left join deceased on monitoring_register.person_id = deceased.person_id
    where monitoring_register.household_no is not null and deceased.person_id is null
),

eligible as (
    select
        household_id,
        count(distinct person_id) as persons,
        count(*) as member_rows,
        count(case when has_no_labour then 1 end) as rows_without_labour
    from register_members
    group by household_id
),

supported as (
    select distinct members.household_id
    from social_assistance
    inner join members on social_assistance.person_id = members.person_id
    where members.is_living and social_assistance.category in ('农村低保', '特困供养')
),

unsupported as (
    select
        eligible.household_id,
        '系统内在世成员' || cast(eligible.persons as varchar) || '人' as detail
    from eligible
    left join supported on eligible.household_id = supported.household_id
    where
        eligible.member_rows = eligible.rows_without_labour
        and supported.household_id is null
)

select
    register_members.household_id,
    register_members.person_id,
    register_members.name,
    'red' as severity,
    register_members.labour as value,
    '农村低保、特困供养' as threshold,
    unsupported.detail,
    'monitoring_register' as source_dataset,
    register_members.source_file,
    register_members.source_sheet,
    register_members.source_row
from unsupported
inner join register_members on unsupported.household_id = register_members.household_id
