-- Boards: what is counted by area and day, for each area of the tree. Areas by their numbers (area.num; parent 0: the top).
-- near: a community or a grid, kept for fewer days. late: counts that came more than a day after what they count.
create table board_day (
  parent {int} not null,
  day {int} not null,
  area {int} not null,
  near {int} not null,
  m01 {int} not null, m02 {int} not null, m03 {int} not null, m04 {int} not null, m05 {int} not null, m06 {int} not null,
  m07 {int} not null, m08 {int} not null, m09 {int} not null, m10 {int} not null, m11 {int} not null, m12 {int} not null,
  m13 {int} not null, m14 {int} not null, m15 {int} not null, m16 {int} not null, m17 {int} not null, m18 {int} not null,
  m19 {int} not null, m20 {int} not null, m21 {int} not null, m22 {int} not null, m23 {int} not null, m24 {int} not null,
  m25 {int} not null, m26 {int} not null, m27 {int} not null, m28 {int} not null, m29 {int} not null, m30 {int} not null,
  late {int} not null,
  primary key (parent, day, area)
){clustered};

-- Days that are not kept any more, as sums of months (year * 12 + month from 0), of areas above communities.
create table board_month (
  parent {int} not null,
  month {int} not null,
  area {int} not null,
  m01 {int} not null, m02 {int} not null, m03 {int} not null, m04 {int} not null, m05 {int} not null, m06 {int} not null,
  m07 {int} not null, m08 {int} not null, m09 {int} not null, m10 {int} not null, m11 {int} not null, m12 {int} not null,
  m13 {int} not null, m14 {int} not null, m15 {int} not null, m16 {int} not null, m17 {int} not null, m18 {int} not null,
  m19 {int} not null, m20 {int} not null, m21 {int} not null, m22 {int} not null, m23 {int} not null, m24 {int} not null,
  m25 {int} not null, m26 {int} not null, m27 {int} not null, m28 {int} not null, m29 {int} not null, m30 {int} not null,
  late {int} not null,
  primary key (parent, month, area)
){clustered};

-- What came and nobody here knows: codes of areas, names of measures, days that cannot be. It was counted for the longest
-- known beginning of the code, or not at all.
create table board_unknown (
  kind text not null,
  code text not null,
  first_day {int} not null,
  last_day {int} not null,
  n {int} not null,
  primary key (kind, code)
);
