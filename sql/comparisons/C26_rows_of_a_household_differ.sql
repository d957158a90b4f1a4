/*
id: C26
title: 户内信息不一致
subject: household
sentence: "{name}一行的“{detail}”为“{value}”，户主（或代表该户的成员）一行为“{other_value}”"
outcome: FIX
verifies: rural_revitalization
sources: []
parameters: []
basis: 目录第1节1.2、第6节
since: 2021-01
population: 监测系统内的户
missing: 一行填了、另一行空着，也是不一致。
cells:
  - monitoring_register.household_type
  - monitoring_register.monitored_class
  - monitoring_register.risk_1
  - monitoring_register.risk_2
  - monitoring_register.risk_3
  - monitoring_register.risk_4
  - monitoring_register.risk_5
  - monitoring_register.identified_month
  - monitoring_register.is_eliminated
  - monitoring_register.eliminated_month
  - monitoring_register.elimination_mode
  - monitoring_register.receives_dibao
  - monitoring_register.income_per_head
  - monitoring_register.measures
about: >
  Rows of one 户编号 that differ in a value of the household. Every accepted row, those of the dead
  too, is compared with the row that speaks for the household; spellings of a risk are one risk, the
  five risks are compared place by place. One row per value that differs.
*/
with eligible as not materialized (
    select
        register_stock.household_id,
        monitoring_register.person_id,
        monitoring_register.name,
        monitoring_register.source_file,
        monitoring_register.source_sheet,
        monitoring_register.source_row,
        monitoring_register.household_type,
        monitoring_register.monitored_class,
        monitoring_register.risk_1,
        monitoring_register.risk_2,
        monitoring_register.risk_3,
        monitoring_register.risk_4,
        monitoring_register.risk_5,
        monitoring_register.identified_month,
        monitoring_register.is_eliminated,
        monitoring_register.eliminated_month,
        monitoring_register.elimination_mode,
        monitoring_register.receives_dibao,
        monitoring_register.income_per_head,
        monitoring_register.measures,
        rtrim(rtrim(cast(monitoring_register.income_per_head as varchar), '0'), '.')
            as income_per_head_text,
        register_stock.source_file as other_file,
        register_stock.source_sheet as other_sheet,
        register_stock.source_row as other_row,
        register_stock.household_type as other_household_type,
        register_stock.monitored_class as other_monitored_class,
        register_stock.risk_1 as other_risk_1,
        register_stock.risk_2 as other_risk_2,
        register_stock.risk_3 as other_risk_3,
        register_stock.risk_4 as other_risk_4,
        register_stock.risk_5 as other_risk_5,
        register_stock.identified_month as other_identified_month,
        register_stock.is_eliminated as other_is_eliminated,
        register_stock.eliminated_month as other_eliminated_month,
        register_stock.elimination_mode as other_elimination_mode,
        register_stock.receives_dibao as other_receives_dibao,
        register_stock.income_per_head as other_income_per_head,
        register_stock.measures as other_measures,
        rtrim(rtrim(cast(register_stock.income_per_head as varchar), '0'), '.')
            as other_income_per_head_text
    from register_stock
    inner join monitoring_register
        on register_stock.household_id = 'R:' || monitoring_register.household_no
),

-- A risk may still be only another spelling here.
perhaps_differing as (
    select * from eligible
    where
        household_type is distinct from other_household_type
        or monitored_class is distinct from other_monitored_class
        or risk_1 is distinct from other_risk_1
        or risk_2 is distinct from other_risk_2
        or risk_3 is distinct from other_risk_3
        or risk_4 is distinct from other_risk_4
        or risk_5 is distinct from other_risk_5
        or identified_month is distinct from other_identified_month
        or is_eliminated is distinct from other_is_eliminated
        or eliminated_month is distinct from other_eliminated_month
        or elimination_mode is distinct from other_elimination_mode
        or receives_dibao is distinct from other_receives_dibao
        or income_per_head is distinct from other_income_per_head
        or measures is distinct from other_measures
),

compared_values (position, label) as (
    values
    (1, '户类型'),
    (2, '监测对象类别'),
    (3, '致贫返贫风险1'),
    (4, '致贫返贫风险2'),
    (5, '致贫返贫风险3'),
    (6, '致贫返贫风险4'),
    (7, '致贫返贫风险5'),
    (8, '识别监测时间'),
    (9, '风险是否已消除'),
    (10, '消除监测时间'),
    (11, '风险消除方式'),
    (12, '享受低保政策情况'),
    (13, '人均纯收入'),
    (14, '帮扶措施')
),

value_pairs as (
    select
        perhaps_differing.household_id,
        perhaps_differing.person_id,
        perhaps_differing.name,
        perhaps_differing.source_file,
        perhaps_differing.source_sheet,
        perhaps_differing.source_row,
        perhaps_differing.other_file,
        perhaps_differing.other_sheet,
        perhaps_differing.other_row,
        compared_values.position,
        compared_values.label,
        case compared_values.position
            when 1 then perhaps_differing.household_type
            when 2 then perhaps_differing.monitored_class
            when 3 then perhaps_differing.risk_1
            when 4 then perhaps_differing.risk_2
            when 5 then perhaps_differing.risk_3
            when 6 then perhaps_differing.risk_4
            when 7 then perhaps_differing.risk_5
            when 8 then strftime(perhaps_differing.identified_month, '%Y年%-m月')
            when 9 then perhaps_differing.is_eliminated
            when 10 then strftime(perhaps_differing.eliminated_month, '%Y年%-m月')
            when 11 then perhaps_differing.elimination_mode
            when 12 then perhaps_differing.receives_dibao
            when 13 then perhaps_differing.income_per_head_text
            when 14 then perhaps_differing.measures
        end as value,
        case compared_values.position
            when 1 then perhaps_differing.other_household_type
            when 2 then perhaps_differing.other_monitored_class
            when 3 then perhaps_differing.other_risk_1
            when 4 then perhaps_differing.other_risk_2
            when 5 then perhaps_differing.other_risk_3
            when 6 then perhaps_differing.other_risk_4
            when 7 then perhaps_differing.other_risk_5
            when 8 then strftime(perhaps_differing.other_identified_month, '%Y年%-m月')
            when 9 then perhaps_differing.other_is_eliminated
            when 10 then strftime(perhaps_differing.other_eliminated_month, '%Y年%-m月')
            when 11 then perhaps_differing.other_elimination_mode
            when 12 then perhaps_differing.other_receives_dibao
            when 13 then perhaps_differing.other_income_per_head_text
            when 14 then perhaps_differing.other_measures
        end as other_value
    from perhaps_differing
    cross join compared_values
)

select
    value_pairs.household_id,
    value_pairs.person_id,
    value_pairs.name,
    cast(null as varchar) as dataset,
    value_pairs.label as detail,
    coalesce(value_pairs.value, '空白') as value,
    'monitoring_register' as source_dataset,
    value_pairs.source_file,
    value_pairs.source_sheet,
    value_pairs.source_row,
    coalesce(value_pairs.other_value, '空白') as other_value,
    'monitoring_register' as other_dataset,
    value_pairs.other_file,
    value_pairs.other_sheet,
    value_pairs.other_row
from value_pairs
left join risk_labels
    on value_pairs.position between 3 and 7 and value_pairs.value = risk_labels.label
where coalesce(risk_labels.risk, value_pairs.value) is distinct from value_pairs.other_value
