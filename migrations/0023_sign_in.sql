-- Ways to sign in: a code by SMS, and the sign-on of others.

-- Numbers as keyed digests, to find whose they are. Proved: a code that was sent there came back. A number that was only
-- named (of somebody who works here) opens nothing.
create table person_phone (
  phone text not null,
  person text not null,
  proved_at {int},
  primary key (phone, person)
);
create index person_phone_person on person_phone(person);

-- Codes that are on their way. Codes of one chain were asked for from one page: any of them opens.
create table sms_code (
  id text primary key,
  chain text not null,
  phone text not null,
  -- A keyed digest.
  code text not null,
  until {int} not null,
  wrong {int} not null
);
create index sms_code_chain on sms_code(chain);
create index sms_code_until on sms_code(until);

-- When codes were asked for, for as long as limits look back. Number and address are keyed digests.
create table sms_ask (
  id text primary key,
  phone text not null,
  address text not null,
  at {int} not null
);
create index sms_ask_phone on sms_ask(phone, at);
create index sms_ask_address on sms_ask(address, at);
create index sms_ask_at on sms_ask(at);

-- How a session was opened, when not by password or card.
alter table session add column way text;
