// "I need a wheelchair on Friday": asked on a phone in large print, taken by a volunteer without scripts, done with the code of
// whoever was helped, thanked; hours on both accounts; and what the desk sees of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, day, good, json, post, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

const WORDS = '周五去医院复查，要人推轮椅';
let number;
const at = () => server.url(`/help/${number}`);

test('a resident asks, in large print', { timeout: 120_000 }, async () => {
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(server.url('/help'));
  await good(resident, 'help, large print');
  await press(resident, resident.locator('a[href$="/help/new"]'));
  await good(resident, 'ask for help, large print');
  await send(resident, '/help', { kind: 'wheelchair', day: day(2), at: '09:00', words: WORDS, place: '3 栋 201' });
  number = new URL(resident.url()).pathname.split('/').at(-1);
  assert.match(number, /^H-\d{4}$/);
  await good(resident, 'help asked, large print');
});

test('a volunteer joins, reads no word before it is agreed, and goes', { timeout: 120_000 }, async () => {
  const helper = await as('volunteer_group', { look: PHONE, js: false, lang: 'en' });
  await helper.goto(server.url('/volunteer'));
  await good(helper, 'join as a volunteer');
  await helper.locator('[name=kinds][value=wheelchair]').check({ force: true });
  await helper.locator('[name=kinds][value=errand]').check({ force: true });
  await helper.locator('[name=slots][value="0"]').check({ force: true });
  await press(helper, helper.locator('form[action$="/volunteer"] button'));
  await good(helper, 'volunteer');
  await helper.goto(at());
  const before = await helper.locator('main').innerText();
  assert.ok(!before.includes(WORDS) && !before.includes('201'), 'who and where is told to whoever goes');
  await good(helper, 'help looked at');
  await press(helper, helper.locator('form[action$="/offer"] button'));
  assert.ok((await helper.locator('main').innerText()).includes(WORDS));
  await good(helper, 'help taken');
});

test('it is done with the code, thanked, and the hours are there', { timeout: 180_000 }, async () => {
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(at());
  await good(resident, 'help agreed, large print');
  const { code } = await json(resident, server, `/help/${number}`);
  assert.match(code, /^\d{6}$/);
  await post(resident, '/demo/clock', { advance: 'PT72H' });
  const helper = await as('volunteer_group', { look: PHONE, js: false, lang: 'en' });
  await helper.goto(at());
  await send(helper, '/done', { minutes: '50', code });
  await good(helper, 'help done');
  await resident.goto(at());
  await send(resident, '/thank', { words: '谢谢，推得很稳' });
  await good(resident, 'help thanked, large print');
  await helper.goto(at());
  assert.ok((await helper.locator('main').innerText()).includes('谢谢，推得很稳'));
  await helper.goto(server.url('/hours'));
  await good(helper, 'hours');
  assert.equal((await json(helper, server, '/hours')).minutes, 50);
  assert.equal((await json(resident, server, '/hours')).minutes, -50);
  await resident.goto(server.url('/hours/check'));
  await good(resident, 'time bank adds up');
  assert.equal((await json(resident, server, '/hours/check')).holds, true);
});

test('the desk meets volunteers and sees who fits', { timeout: 120_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/volunteers'));
  await good(clerk, 'volunteers at the desk');
  await clerk.goto(server.url('/volunteers/board'));
  await good(clerk, 'who goes where');
  await clerk.goto(server.url('/help'));
  await good(clerk, 'help at the desk');
});

test('work for all: a desk asks, people sign up and come with the code', { timeout: 120_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/events/new'));
  await good(clerk, 'new event');
  await send(clerk, '/events', { title: '楼道大扫除', place: '3 栋门口', day: day(4), at: '09:00', seats: 10, about: '带手套' });
  const event = new URL(clerk.url()).pathname.split('/').at(-1);
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(server.url('/events'));
  await good(resident, 'events, large print');
  await resident.goto(server.url(`/events/${event}`));
  await press(resident, resident.locator('form[action$="/join"] button'));
  await good(resident, 'event joined, large print');
  await clerk.goto(server.url(`/events/${event}/code`));
  await good(clerk, 'event code');
  await clerk.goto(server.url(`/events/${event}`));
  await good(clerk, 'event at the desk');
});
