/*
id: dibao_members
title: 在农村低保名单中的户内成员
about: >
  Living members, joined ones too, with an accepted row 农村低保 of the month; one row per row of
  social_assistance. Whoever reads this needs social_assistance as a source.
basis: catalogue 4
*/
select
    members.household_id,
    members.person_id,
    members.name,
    social_assistance.category,
    social_assistance.source_file,
    social_assistance.source_sheet,
    social_assistance.source_row
from social_assistance
inner join members on social_assistance.person_id = members.person_id
where members.is_living and social_assistance.category = '农村低保'
order by
    members.household_id,
    members.person_id,
    social_assistance.source_file,
    social_assistance.source_sheet,
    social_assistance.source_row
