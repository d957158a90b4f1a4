/*
id: deceased
title: 月末前已死亡的人
about: >
  A person counts as dead when deaths of any month up to this one name a day of death not after the
  month end; the earliest day told is kept.
basis: catalogue 1.2
*/
select
    person_id,
    min(died_on) as died_on
from deaths_history
where died_on <= $month_end
group by person_id
