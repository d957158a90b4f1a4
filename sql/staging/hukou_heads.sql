/*
id: hukou_heads
title: 户籍户由谁代表（每个户号一行）
about: >
  The hukou row that gives a 户号 its head and place: that of the 户主 (a living one before a dead one),
  else the first row delivered.
basis: catalogue 1.2
*/
-- Most households have one living head: only the rows of the others have to be ranked.
with sole_heads as (
    select
        hukou_register.hukou_id,
        min(hukou_register.person_id) as person_id,
        min(hukou_register.name) as name,
        min(hukou_register.township) as township,
        min(hukou_register.village) as village,
        min(hukou_register.source_file) as source_file,
        min(hukou_register.source_sheet) as source_sheet,
        min(hukou_register.source_row) as source_row
    from hukou_register
    left join deceased on hukou_register.person_id = deceased.person_id
    where
        hukou_register.relation = '户主'
        and hukou_register.hukou_id is not null
        and deceased.person_id is null
    group by hukou_register.hukou_id
    having count(*) = 1
),

ranked_rows as (
    select
        hukou_register.hukou_id,
        hukou_register.person_id,
        hukou_register.name,
        hukou_register.township,
        hukou_register.village,
        hukou_register.source_file,
        hukou_register.source_sheet,
        hukou_register.source_row,
        row_number() over (
            partition by hukou_register.hukou_id
            order by
                case when hukou_register.relation = '户主' then 0 else 1 end,
                case when deceased.person_id is null then 0 else 1 end,
                hukou_register.source_file,
                hukou_register.source_sheet,
                hukou_register.source_row
        ) as place
    from hukou_register
    left join sole_heads on hukou_register.hukou_id = sole_heads.hukou_id
    left join deceased on hukou_register.person_id = deceased.person_id
    where hukou_register.hukou_id is not null and sole_heads.hukou_id is null
)

select
    'H:' || hukou_id as household_id,
    person_id,
    name,
    township,
    village,
    source_file,
    source_sheet,
    source_row
from sole_heads

union all

select
    'H:' || hukou_id as household_id,
    person_id,
    name,
    township,
    village,
    source_file,
    source_sheet,
    source_row
from ranked_rows
where place = 1
