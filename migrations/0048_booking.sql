-- Appointments at the counters of services.

-- How a service takes appointments: within its own opening hours.
create table counter (
  service text primary key,
  -- Minutes of one appointment, people at once, days ahead.
  minutes {int} not null,
  seats {int} not null,
  ahead_days {int} not null,
  state text not null,
  changed_at {int} not null,
  log_seq {int} not null
);

-- One appointment. Name, telephone and words are sealed under it.
create table appointment (
  id text primary key,
  number text not null unique,
  service text not null,
  starts_at {int} not null,
  ends_at {int} not null,
  state text not null,
  -- Whom it is for, where he has an account, and who booked it.
  person text,
  by_person text not null,
  name {bytes},
  phone {bytes},
  words {bytes},
  -- Number of the errand that it belongs to.
  errand text,
  made_at {int} not null,
  ring_at {int},
  ended_at {int},
  log_seq {int} not null
);
create index appointment_service on appointment(service, starts_at);
create index appointment_person on appointment(person, starts_at);
create index appointment_by on appointment(by_person, starts_at);
create index appointment_ring on appointment(ring_at);
