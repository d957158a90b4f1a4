/*
id: dataset_yield
title: 表二 各项数据产生的线索
relations:
  leads: household_id, township, reasons (list of rule ids); the month's leads that stand
  lead_fates: household_id, source, is_verified, is_confirmed
  rule_sources: rule_id, dataset; what a rule asks for
basis: 目录第5节
about: >
  One row per dataset that a rule asks for and household that has a lead by such a rule. A household
  whose lead rests on several datasets stands once with each.
*/
with reasons as (
    select
        household_id,
        unnest(reasons) as rule_id
    from leads
)

select distinct
    rule_sources.dataset,
    reasons.household_id,
    coalesce(lead_fates.is_verified, false) as is_verified,
    coalesce(lead_fates.is_confirmed, false) as is_confirmed
from reasons
inner join rule_sources on reasons.rule_id = rule_sources.rule_id
left join lead_fates
    on reasons.household_id = lead_fates.household_id and lead_fates.source = 'lead'
order by rule_sources.dataset, reasons.household_id
