/*
id: hits_of_rule
title: 一条规则报出的户，一页
relations:
  hits: what the month's rules found
  households: one row per household, with its township
about: >
  A page of the households that a rule hits, the gravest first. Parameters: rule_id; own_township,
  the only township that may be looked at, empty for all; township, the one that is asked for, empty
  for all; most, how many rows a page has; before, how many rows come before it.
*/
select
    hits.household_id,
    households.township,
    households.village,
    households.head_name,
    households.standing,
    hits.severity,
    hits.evidence
from hits
inner join households on hits.household_id = households.household_id
where
    hits.rule_id = $rule_id
    and ($own_township = '' or households.township = $own_township)
    and ($township = '' or households.township = $township)
order by
    case hits.severity when 'red' then 1 when 'orange' then 2 else 3 end,
    households.township,
    households.village,
    hits.household_id
limit $most offset $before
