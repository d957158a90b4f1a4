/*
id: W26
title: 有劳动力无开发式帮扶
question: 家里能劳动的人在做什么？有没有产业、务工、小额信贷、公益岗的打算，为什么没有安排？
sentence: "家中有{detail}，{value}识别为监测对象，满{threshold}个月仍没有产业、就业、金融或公益岗帮扶"
severity: 黄色
risk: 该户主要风险
population: 监测户
verifies: rural_revitalization
sources: []
parameters: [development_due_months]
basis: 全国防返贫监测信息系统数据核查规则（有劳动力户无开发式帮扶）；目录第3节
since: 2021-01
missing: 识别监测时间空白的户不判断；劳动技能空白不算有劳动力；帮扶措施空白就是没有开发式帮扶。
cells:
  - monitoring_register.labour
  - monitoring_register.identified_month
  - monitoring_register.measures
about: >
  A living R-member is 普通劳动力 or 技能劳动力, and none of the words is contained in 帮扶措施 of the
  household's speaking row. Months are counted by calendar month.
*/
with eligible as (
    select
        household_id,
        risk_1,
        identified_month,
        coalesce(measures, '') as measures,
        date_diff('month', date_trunc('month', identified_month), $month_start) as months_since
    from households
    where standing = 'M'
),

undeveloped as (
    select * from eligible
    where
        months_since >= $development_due_months
        and measures not like '%产业%'
        and measures not like '%就业%'
        and measures not like '%金融%'
        and measures not like '%公益岗%'
),

workers as (
    select
        undeveloped.household_id,
        monitoring_register.person_id,
        monitoring_register.name,
        monitoring_register.labour,
        monitoring_register.source_file,
        monitoring_register.source_sheet,
        monitoring_register.source_row
    from monitoring_register
    inner join undeveloped
        on 'R:' || monitoring_register.household_no = undeveloped.household_id
    left join deceased on monitoring_register.person_id = deceased.person_id
    where
        monitoring_register.labour in ('普通劳动力', '技能劳动力')
        and deceased.person_id is null
),

worker_counts as (
    select
        household_id,
        count(distinct person_id) as persons
    from workers
    group by household_id
)

select
    undeveloped.household_id,
    workers.person_id,
    workers.name,
    'yellow' as severity,
    strftime(undeveloped.identified_month, '%Y年%-m月') as value,
    $development_due_months as threshold,
    cast(worker_counts.persons as varchar) || '名普通或技能劳动力' as detail,
    coalesce(undeveloped.risk_1, '其他') as risk,
    'monitoring_register' as source_dataset,
    workers.source_file,
    workers.source_sheet,
    workers.source_row
from undeveloped
inner join worker_counts on undeveloped.household_id = worker_counts.household_id
inner join workers on undeveloped.household_id = workers.household_id
