/*
id: eliminated_by_mode
title: 表一 本月消除按方式
relations:
  movements: the rows of register_movements
basis: 目录第5节
*/
select
    township,
    class,
    elimination_mode as detail,
    cast(sum(households) as bigint) as households,
    cast(sum(persons) as bigint) as persons
from movements
where item = '本月消除'
group by township, class, elimination_mode
order by township, class, elimination_mode
