/*
id: W20
title: 小额信贷逾期
question: 贷款用在了什么地方？为什么还不上，或者到期能不能还上？是否需要展期、续贷？
sentence: "{name}的小额信贷{detail}"
severity: 逾期为红色，即将到期为黄色
risk: 其他
population: 脱贫户或监测户
verifies: rural_credit
sources: [microcredit]
parameters: [loan_due_soon_days]
basis: 目录第3节；云南罗平脱贫人口小额信贷月通报
since: 2021-01
missing: 小额信贷数据中没有的人，视为没有贷款；逾期金额空白按0元。
cells: [microcredit.overdue, microcredit.overdue_days, microcredit.amount, microcredit.due_on]
about: >
  A loan with an overdue amount is red; any other that falls due within the given days after the
  month end is yellow.
*/
with eligible as (
    select
        members.household_id,
        members.person_id,
        members.name,
        microcredit.amount,
        microcredit.due_on,
        microcredit.overdue,
        microcredit.overdue_days,
        microcredit.source_file,
        microcredit.source_sheet,
        microcredit.source_row
    from microcredit
    inner join members on microcredit.person_id = members.person_id
    inner join households on members.household_id = households.household_id
    where members.is_living and (households.is_poor or households.standing = 'M')
),

loans_at_risk as (
    select
        *,
        overdue > 0 as is_overdue
    from eligible
    where
        overdue > 0
        or date_diff('day', $month_end, due_on) between 1 and $loan_due_soon_days
)

select
    household_id,
    person_id,
    name,
    case when is_overdue then 'red' else 'yellow' end as severity,
    case when is_overdue then overdue else amount end as value,
    case
        when is_overdue then '0'
        else cast($loan_due_soon_days as varchar) || '天内到期'
    end as threshold,
    case
        when is_overdue
            then
                '逾期' || rtrim(rtrim(cast(overdue as varchar), '0'), '.') || '元，已逾期'
                || rtrim(rtrim(cast(overdue_days as varchar), '0'), '.') || '天'
        else
            rtrim(rtrim(cast(amount as varchar), '0'), '.') || '元将于'
            || strftime(due_on, '%Y年%-m月%-d日') || '到期，在月末后'
            || cast($loan_due_soon_days as varchar) || '天内' || $loan_due_soon_days_note
    end as detail,
    source_file,
    source_sheet,
    source_row
from loans_at_risk
