/*
id: hits_by_township
title: 一条规则报出的户，按乡镇计数
relations:
  hits: what the month's rules found
  households: one row per household, with its township
about: >
  How many households a rule hits in each township. Parameters: rule_id; own_township, the only
  township that may be looked at, empty for all.
*/
select
    coalesce(households.township, '') as township,
    count(distinct hits.household_id) as households
from hits
inner join households on hits.household_id = households.household_id
where
    hits.rule_id = $rule_id
    and ($own_township = '' or households.township = $own_township)
group by coalesce(households.township, '')
order by coalesce(households.township, '')
