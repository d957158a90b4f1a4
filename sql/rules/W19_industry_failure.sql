/*
id: W19
title: 产业项目失败
question: 项目是自己办的还是入股、代养的，投了多少、亏了多少，有没有贷款？保险赔不赔，明年打算做什么？
sentence: "{value}失败（户主{name}，{detail}）"
severity: 橙色
risk: 产业项目失败
population: 脱贫户或监测户
verifies: agriculture
sources: [industry_failures]
parameters: []
basis: 四川旺苍风险信息推送机制（产业项目失败）；目录第3节
since: 2021-01
missing: 产业项目失败数据中没有的户，视为本月没有这类情况；项目、原因空白不影响判断。
cells: [industry_failures.project, industry_failures.failed_on, industry_failures.loss]
about: >
  The row belongs to the household of the 户主 named; this resolves also when that person is dead.
*/
with eligible as (
    select
        persons.household_id,
        persons.person_id,
        persons.name,
        industry_failures.project,
        industry_failures.failed_on,
        industry_failures.reason,
        rtrim(rtrim(cast(industry_failures.loss as varchar), '0'), '.') as loss,
        industry_failures.source_file,
        industry_failures.source_sheet,
        industry_failures.source_row
    from industry_failures
    inner join persons on industry_failures.person_id = persons.person_id
    inner join households on persons.household_id = households.household_id
    where households.is_poor or households.standing = 'M'
)

select
    household_id,
    person_id,
    name,
    'orange' as severity,
    coalesce(project, '产业项目') as value,
    cast(null as varchar) as threshold,
    strftime(failed_on, '%Y年%-m月%-d日') || '，损失' || loss || '元'
    || coalesce('，' || reason, '') as detail,
    source_file,
    source_sheet,
    source_row
from eligible
