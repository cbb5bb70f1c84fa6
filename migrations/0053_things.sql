-- What is kept of readings, and for how long; what panels and data loggers need.

-- A day of a stream: made when the day is over, made again while its readings are there and another one comes late.
create table observation_day (
  stream {int} not null,
  -- Local midnight at which it begins.
  day {int} not null,
  -- How many readings; of numbers and of yes (1) and no (0) the least, the most, the sum (of a meter that grows: by how much it grew), the
  -- last.
  many {int},
  low {real},
  high {real},
  total {real},
  last {real},
  -- Of a home: all of it, under the key of the device.
  sealed {bytes},
  -- Readings of the day are gone: it stays as it is.
  done {int} not null,
  primary key (stream, day)
);
create index observation_day_day on observation_day(day);

-- In a home: until when whoever lives there agreed, and when he is told next that it ends.
alter table device add column agreed_until {int};
alter table device add column agreed_bell {int};
update device set agreed_until = agreed_at + 31536000000, agreed_bell = agreed_at + 30326400000 where person is not null;
create index device_bell on device(agreed_bell);

-- Readings of a device that made no sense, and when the last of them came.
alter table device add column refused {int} not null default 0;
alter table device add column refused_at {int};

-- Whose programs may tell for a device: an organisation.
alter table device add column body text;
