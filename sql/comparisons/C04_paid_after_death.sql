/*
id: C04
title: 死亡后仍享受
subject: person
sentence: "{name}已于{other_value}死亡，本月{detail}"
outcome: STOP
verifies: sender
sources: [social_assistance, public_posts, employment]
one_by_one: true
parameters: []
basis: 目录第4节
since: 2021-01
missing: 没有死亡日期的死亡注销行已退回；三种名单中没有接收的不比对。
cells: [social_assistance.category, public_posts.post, employment.status]
about: >
  Who died before the first day of the month and still has an accepted row of the month, dataset by
  dataset. Rows count, so the person need not be in a register.
*/
with eligible as (
    select
        'social_assistance' as dataset,
        person_id,
        name,
        category as value,
        '仍在社会救助名单中（' || category || '）' as detail,
        source_file,
        source_sheet,
        source_row
    from social_assistance

    union all

    select
        'public_posts' as dataset,
        person_id,
        name,
        post as value,
        '仍在公益岗名单中（' || coalesce(post, '岗位未填') || '）' as detail,
        source_file,
        source_sheet,
        source_row
    from public_posts

    union all

    select
        'employment' as dataset,
        person_id,
        name,
        status as value,
        '仍登记为务工在岗' as detail,
        source_file,
        source_sheet,
        source_row
    from employment
    where status = '在岗'
),

paid_after_death as (
    select
        eligible.*,
        deceased.died_on
    from eligible
    inner join deceased on eligible.person_id = deceased.person_id
    where deceased.died_on < $month_start
),

-- The day may have been told more than once; the first telling is shown.
death_rows as (
    select
        deceased.person_id,
        deaths_history.month,
        deaths_history.source_file,
        deaths_history.source_sheet,
        deaths_history.source_row,
        row_number() over (
            partition by deceased.person_id
            order by
                deaths_history.month,
                deaths_history.source_file,
                deaths_history.source_sheet,
                deaths_history.source_row
        ) as place
    from deceased
    inner join deaths_history
        on
            deceased.person_id = deaths_history.person_id
            and deceased.died_on = deaths_history.died_on
)

select
    persons.household_id,
    paid_after_death.person_id,
    paid_after_death.name,
    paid_after_death.dataset,
    paid_after_death.detail,
    paid_after_death.value,
    paid_after_death.dataset as source_dataset,
    paid_after_death.source_file,
    paid_after_death.source_sheet,
    paid_after_death.source_row,
    strftime(paid_after_death.died_on, '%Y年%-m月%-d日') as other_value,
    'deaths' as other_dataset,
    death_rows.source_file as other_file,
    death_rows.source_sheet as other_sheet,
    death_rows.source_row as other_row,
    death_rows.month as other_month
from paid_after_death
inner join death_rows on paid_after_death.person_id = death_rows.person_id
left join persons on paid_after_death.person_id = persons.person_id
where death_rows.place = 1
