/*
id: W18
title: 因灾受损
question: 房子还能不能住，现在住哪里？庄稼、牲畜损失多少，保险和救灾款到了没有？今年收入受多大影响？
sentence: "户主{name}{detail}，{value}，达到预警线：{threshold}"
severity: 房屋倒塌、严重损坏为红色，其余为橙色
risk: 自然灾害
population: 所有农村户
verifies: emergency
sources: [disaster_losses]
parameters: [disaster_rooms_line, disaster_crop_share_line, disaster_loss_line]
basis: 某县《关于建立防止新发生返贫致贫风险机制的实施办法》（受灾情况）；目录第3节
since: 2021-01
missing: 受灾数据中没有的户，视为本月没有受灾；间数、面积空白按0。
cells:
  - disaster_losses.collapsed_rooms
  - disaster_losses.damaged_rooms
  - disaster_losses.affected_mu
  - disaster_losses.lost_mu
  - disaster_losses.loss
about: >
  Row by row: rooms, or the share of the crop, or the loss in money reaches its line. The row
  belongs to the household of the 户主 named; this resolves also when that person is dead.
*/
with eligible as (
    select
        persons.household_id,
        persons.person_id,
        persons.name,
        disaster_losses.disaster,
        disaster_losses.occurred_on,
        disaster_losses.collapsed_rooms + disaster_losses.damaged_rooms
        >= $disaster_rooms_line as lost_rooms,
        disaster_losses.affected_mu > 0
        and disaster_losses.lost_mu
        >= disaster_losses.affected_mu * $disaster_crop_share_line as lost_crop,
        disaster_losses.loss >= $disaster_loss_line as lost_money,
        rtrim(
            rtrim(
                cast(disaster_losses.collapsed_rooms + disaster_losses.damaged_rooms as varchar),
                '0'
            ),
            '.'
        ) as rooms,
        rtrim(rtrim(cast(disaster_losses.affected_mu as varchar), '0'), '.') as affected_mu,
        rtrim(rtrim(cast(disaster_losses.lost_mu as varchar), '0'), '.') as lost_mu,
        rtrim(rtrim(cast(disaster_losses.loss as varchar), '0'), '.') as loss,
        disaster_losses.source_file,
        disaster_losses.source_sheet,
        disaster_losses.source_row
    from disaster_losses
    inner join persons on disaster_losses.person_id = persons.person_id
)

select
    household_id,
    person_id,
    name,
    case when lost_rooms then 'red' else 'orange' end as severity,
    concat_ws(
        '、',
        case when lost_rooms then '房屋倒塌和严重损坏' || rooms || '间' end,
        case when lost_crop then '受灾' || affected_mu || '亩、绝收' || lost_mu || '亩' end,
        case when lost_money then '直接经济损失' || loss || '元' end
    ) as value,
    concat_ws(
        '、',
        case when lost_rooms then cast($disaster_rooms_line as varchar) || '间' end,
        case
            when lost_crop
                then
                    '绝收占'
                    || rtrim(
                        rtrim(
                            cast(
                                cast($disaster_crop_share_line * 100 as decimal(18, 4)) as varchar
                            ),
                            '0'
                        ),
                        '.'
                    )
                    || '%'
        end,
        case when lost_money then cast($disaster_loss_line as varchar) || '元' end
    )
    || greatest(
        case when lost_rooms then $disaster_rooms_line_note else '' end,
        case when lost_crop then $disaster_crop_share_line_note else '' end,
        case when lost_money then $disaster_loss_line_note else '' end
    ) as threshold,
    '于' || strftime(occurred_on, '%Y年%-m月%-d日') || '遭受' || coalesce(disaster, '灾害') as detail,
    source_file,
    source_sheet,
    source_row
from eligible
where lost_rooms or lost_crop or lost_money
