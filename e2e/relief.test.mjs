// A night of rain: the street opens an emergency, a community says what it needs on a phone in large print, the street works out who
// gets what, sends it, and the community says that it came; everybody reads where everything is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, good, json, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

let number;
const at = (path = '') => server.url(`/relief/${number}${path}`);

test('the street opens an emergency and counts what came', { timeout: 180_000 }, async () => {
  const street = await as('subdistrict', { look: DESK });
  await street.goto(server.url('/relief'));
  await good(street, 'emergencies at the desk');
  await press(street, street.locator('a[href$="/relief/new"]'));
  await good(street, 'new emergency');
  for (const id of ['water', 'quilt', 'blanket']) await street.locator(`[name=classes][value=${id}]`).check({ force: true });
  await send(street, '/relief', { title: '寒潮应急保暖', why: '今晚降温十五度，独居老人和临时安置点要保暖物资' });
  number = new URL(street.url()).pathname.split('/').at(-1);
  assert.match(number, /^Y-\d{4}$/);
  await good(street, 'emergency opened');
  await street.goto(at('/stock'));
  await good(street, 'depot, empty');
  for (const [kind, quantity, cause] of [['water', 300, 'above'], ['quilt', 80, 'gift'], ['blanket', 60, 'purchase']]) {
    await send(street, `/relief/${number}/stock`, { class: kind, quantity, cause, why: '区应急物资库' });
  }
  await good(street, 'depot with stock');
});

test('a community says what it needs, in large print', { timeout: 180_000 }, async () => {
  const clerk = await as('committee', { look: PHONE, elder: true });
  await clerk.goto(at());
  await good(clerk, 'emergency, large print');
  await press(clerk, clerk.locator('a[href$="/needs"]').first());
  await send(clerk, `/relief/${number}/sites`, { area: (all) => all[0].value, people: 40 });
  await good(clerk, 'site added, large print');
  await send(clerk, `/relief/${number}/needs`, { class: 'quilt', quantity: 100, tier: 1, words: '<b>三楼</b> 有卧床老人' });
  assert.ok((await clerk.locator('main').innerText()).includes('<b>三楼</b>'), 'words are words');
  await clerk.locator(`form[action$="/needs"] [name=unknown]`).evaluate((e) => { e.checked = true; });
  await send(clerk, `/relief/${number}/needs`, { class: 'water' });
  await good(clerk, 'needs of a community, large print');
});

test('a volunteer group says so too, and somebody would give something', { timeout: 180_000 }, async () => {
  const group = await as('volunteer_group', { look: PHONE, js: false, lang: 'en' });
  await group.goto(at('/needs'));
  const body = await group.locator('form[action$="/sites"]').last();
  await body.locator('[name=people]').fill('12');
  await press(group, body.locator('button'));
  await send(group, `/relief/${number}/needs`, { class: 'quilt', quantity: 12 });
  await good(group, 'needs of a group');
  const resident = await as('resident', { look: PHONE });
  await resident.goto(at());
  await send(resident, `/relief/${number}/gifts`, { giver: '居民（演示）', class: 'quilt', quantity: 6 });
  await good(resident, 'emergency with an offer');
});

test('the street works out who gets what, changes a line, confirms, sends', { timeout: 240_000 }, async () => {
  const street = await as('subdistrict', { look: DESK });
  await street.goto(at());
  await good(street, 'emergency at the desk');
  await street.goto(at('/needs'));
  await good(street, 'needs at the desk');
  await street.goto(at('/plan'));
  await good(street, 'no proposal yet');
  await send(street, `/relief/${number}/plan`);
  await good(street, 'proposal');
  const before = await json(street, server, `/relief/${number}/plan`);
  const line = before.lines.find((l) => l.class === 'water');
  const row = street.locator('form.relief-pin', { has: street.locator(`[name=need][value="${line.need}"]`) }).first();
  await row.locator('[name=quantity]').fill('120');
  await press(street, row.locator('button'));
  await send(street, `/relief/${number}/plan`);
  await good(street, 'proposal with a change');
  await send(street, '/confirm');
  await good(street, 'loads to send');
  const { loads } = await json(street, server, `/relief/${number}/loads`);
  assert.equal(loads.length, 2);
  for (const load of loads) {
    await street.goto(at(`/loads/${load.number}`));
    await good(street, `load ${load.number} to send`);
    await send(street, '/send');
  }
  await good(street, 'load under way at the desk');
});

test('the community says what came; what is missing is explained; all of it adds up', { timeout: 240_000 }, async () => {
  const clerk = await as('committee', { look: PHONE, elder: true });
  await clerk.goto(at('/loads'));
  await good(clerk, 'loads, large print');
  await press(clerk, clerk.locator('main a.row').first());
  await good(clerk, 'load on its way, large print');
  const mine = new URL(clerk.url()).pathname;
  const first = clerk.locator('form[action$="/hand"] [name=received]').first();
  const sent = Number(await first.inputValue());
  await first.fill(String(sent - 2));
  await send(clerk, '/hand');
  await good(clerk, 'receipt, large print');
  const street = await as('subdistrict', { look: DESK });
  await street.goto(new URL(mine, server.origin).href);
  await good(street, 'came short at the desk');
  await send(street, '/explain', { cause: 'damaged', why: '路上淋湿' });
  await good(street, 'receipt at the desk');
  const group = await as('volunteer_group', { look: PHONE, lang: 'en' });
  const { loads } = await json(group, server, `/relief/${number}/loads`);
  const { code } = await json(group, server, `/relief/${number}/loads/${loads[0].number}`);
  assert.match(code, /^\d{6}$/);
  await group.goto(at(`/loads/${loads[0].number}`));
  await good(group, 'load on its way');
  await street.goto(at(`/loads/${loads[0].number}`));
  await send(street, '/hand', { code });
  const visitor = await as(undefined, { look: PHONE });
  await visitor.goto(at());
  await good(visitor, 'emergency for everybody');
  assert.ok(!(await visitor.locator('main').innerText()).includes('三楼'));
  await visitor.goto(at('/check'));
  await good(visitor, 'emergency counted again');
  assert.equal((await json(visitor, server, `/relief/${number}/check`)).holds, true);
  await visitor.goto(server.url('/relief'));
  await good(visitor, 'emergencies');
  const english = await as(undefined, { look: DESK, lang: 'en' });
  await english.goto(server.url('/relief/Y-0001'));
  await good(english, 'an emergency that ended');
});
