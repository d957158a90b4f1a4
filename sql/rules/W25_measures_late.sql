/*
id: W25
title: 帮扶措施未及时落实
question: 识别后开展了哪些帮扶，是没有落实还是没有录入系统？卡在哪一步，谁负责？
sentence: "{value}识别为监测对象，到本月末已满{detail}个月，监测系统中没有帮扶措施（应在{threshold}个月内落实）"
severity: 橙色
risk: 该户主要风险
population: 监测户
verifies: rural_revitalization
sources: []
parameters: [measures_due_months]
basis: 全国防返贫监测信息系统数据核查规则（识别后未落实帮扶措施）；目录第3节
since: 2021-01
missing: 识别监测时间空白的户不判断；帮扶措施空白、无、/ 都是没有措施。
cells: [monitoring_register.identified_month, monitoring_register.measures]
about: >
  Months are counted by calendar month from 识别监测时间 to the month monitored. Households without a
  living member are hit too.
*/
with eligible as (
    select
        household_id,
        head_person_id,
        head_name,
        risk_1,
        identified_month,
        measures,
        date_diff('month', date_trunc('month', identified_month), $month_start) as months_since,
        source_file,
        source_sheet,
        source_row
    from households
    where standing = 'M'
)

select
    household_id,
    head_person_id as person_id,
    head_name as name,
    'orange' as severity,
    strftime(identified_month, '%Y年%-m月') as value,
    $measures_due_months as threshold,
    cast(months_since as varchar) as detail,
    coalesce(risk_1, '其他') as risk,
    'monitoring_register' as source_dataset,
    source_file,
    source_sheet,
    source_row
from eligible
where measures is null and months_since >= $measures_due_months
