/*
id: monitored_list
title: 表四 监测对象名单
relations:
  register_stock: the register at the end of the month, one row per household
  movements: the rows of register_movements
  responsible: risk, departments; who helps against a risk
  townships: name, position
basis: 目录第5节
about: >
  Who is monitored at the end of the month, and who was eliminated in it, with what happened in the
  month. One row per household, by township, village and 户编号.
*/
with in_the_month as (
    select
        household_id,
        max(case when item = '期末未消除' then 1 else 0 end) as is_stock,
        max(case when item = '本月新增' then 1 else 0 end) as is_new,
        max(case when item = '回退' then 1 else 0 end) as is_relapse,
        max(case when item = '转入' then 1 else 0 end) as is_converted,
        max(case when item = '本月消除' then 1 else 0 end) as is_eliminated
    from movements
    where item in ('期末未消除', '本月新增', '回退', '转入', '本月消除')
    group by household_id
),

listed as (
    select
        register_stock.*,
        case
            when in_the_month.is_eliminated = 1 then '本月消除'
            when in_the_month.is_relapse = 1 then '在监测（本月回退）'
            when in_the_month.is_new = 1 then '在监测（本月新增）'
            when in_the_month.is_converted = 1 then '在监测（本月转类）'
            else '在监测'
        end as status
    from register_stock
    inner join in_the_month on register_stock.household_id = in_the_month.household_id
    where in_the_month.is_stock = 1 or in_the_month.is_eliminated = 1
)

select
    coalesce(listed.township, '') as township,
    coalesce(listed.village, '') as village,
    listed.head_name,
    listed.household_id,
    listed.monitored_class as class,
    concat_ws('、', listed.risk_1, listed.risk_2, listed.risk_3, listed.risk_4, listed.risk_5)
        as risks,
    listed.identified_month,
    listed.measures,
    responsible.departments,
    listed.status
from listed
left join townships on listed.township = townships.name
left join responsible on listed.main_risk = responsible.risk
order by
    coalesce(townships.position, 1000000),
    coalesce(listed.township, ''),
    coalesce(listed.village, ''),
    length(listed.household_id),
    listed.household_id
