/*
id: C09
title: 低保信息不一致
subject: household
sentence: "{detail}"
outcome: FIX
verifies: rural_revitalization
sources: [social_assistance]
parameters: []
basis: 目录第4节
since: 2021-01
about: >
  享受低保政策情况 of an R household against its living members (joined ones too) in 农村低保.
*/
with eligible as (
    select
        household_id,
        head_person_id,
        head_name,
        receives_dibao
    from households
    where is_in_register
),

receivers as (
    select
        members.household_id,
        members.person_id,
        members.name,
        social_assistance.source_file,
        social_assistance.source_sheet,
        social_assistance.source_row
    from social_assistance
    inner join members on social_assistance.person_id = members.person_id
    where members.is_living and social_assistance.category = '农村低保'
),

receiving_households as (
    select distinct household_id from receivers
),

unknown_receivers as (
    select
        eligible.household_id,
        eligible.head_person_id as person_id,
        eligible.head_name as name,
        '监测系统登记享受低保，民政低保名单中没有该户成员' as detail,
        cast(null as varchar) as source_file,
        cast(null as varchar) as source_sheet,
        cast(null as integer) as source_row
    from eligible
    left join receiving_households
        on eligible.household_id = receiving_households.household_id
    where eligible.receives_dibao = '是' and receiving_households.household_id is null
),

unmarked_receivers as (
    select
        receivers.household_id,
        receivers.person_id,
        receivers.name,
        '监测系统登记未享受低保，' || receivers.name || '在农村低保名单中' as detail,
        receivers.source_file,
        receivers.source_sheet,
        receivers.source_row
    from receivers
    inner join eligible on receivers.household_id = eligible.household_id
    where eligible.receives_dibao = '否'
)

select
    household_id,
    person_id,
    name,
    cast(null as varchar) as dataset,
    detail,
    source_file,
    source_sheet,
    source_row
from unknown_receivers

union all

select
    household_id,
    person_id,
    name,
    cast(null as varchar) as dataset,
    detail,
    source_file,
    source_sheet,
    source_row
from unmarked_receivers
