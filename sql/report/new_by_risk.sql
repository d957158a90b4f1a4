/*
id: new_by_risk
title: 表一 本月新增按主要风险
relations:
  movements: the rows of register_movements
basis: 目录第5节（主要风险为致贫返贫风险1）
*/
select
    township,
    class,
    main_risk as detail,
    cast(sum(households) as bigint) as households,
    cast(sum(persons) as bigint) as persons
from movements
where item = '本月新增'
group by township, class, main_risk
order by township, class, main_risk
