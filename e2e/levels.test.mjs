// Three levels with one command: a case goes from the community up to the district, on to the city and down to a department there,
// and comes back closed to the resident; each desk sees in plain words what the level above has confirmed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, browser, good, json, open, post, reported, server, shot, stage } from './lib.mjs';

stage(undefined, ['--levels', '3']);

/** Somebody on a level above. */
const above = (level, role, way = {}) => open(browser, server.levels[level], { look: DESK, role, ...way });

/** Does something there as a program would. */
async function act(page, level, path, data = {}) {
  const node = server.levels[level];
  const answer = await page.context().request.post(node.url(path), {
    headers: { accept: 'application/json', origin: node.origin, 'idempotency-key': `${level}-${path}` }, data,
  });
  assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`);
  return answer.json();
}

/** Waits until something is there. */
async function until(what, find) {
  for (let i = 0; i < 300; i += 1) {
    const found = await find();
    if (found) return found;
    await new Promise((later) => { setTimeout(later, 100); });
  }
  throw new Error(`it never came: ${what}`);
}

/** The copy of a case on a level: its number there. */
function copy(page, level, name) {
  return until(`${name} at the ${level}`, async () => {
    const { shared } = await json(page, server.levels[level], '/exchange');
    return shared.find((c) => c.way === 'in' && c.open)?.number;
  });
}

test('a case goes up to the city, down to its department, and comes back closed to the resident', { timeout: 240_000 }, async () => {
  const resident = await as('resident', { look: PHONE });
  const { communities } = await json(resident, server, '/');
  const { number, code } = await reported(resident, '河边的护栏倒了一段，要市里来修', { place: { area: communities[0].code } });
  const desk = await as('committee', { look: DESK });
  const parent = (await json(desk, server, '/exchange')).peers.find((p) => p.relation === 'parent');
  await post(desk, `/cases/${number}/accept`);
  await post(desk, `/cases/${number}/dispatch`, { to: parent.body, reason: '归上级管' });

  const district = await above('district', 'district');
  const there = await copy(district, 'district', number);
  await district.goto(server.levels.district.url(`/cases/${there}`));
  await good(district, 'the case at the district');
  assert.match(await district.locator('main').innerText(), /护栏倒了一段/);
  const city = (await json(district, server.levels.district, '/exchange')).peers.find((p) => p.relation === 'parent');
  await act(district, 'district', `/cases/${there}/accept`);
  await act(district, 'district', `/cases/${there}/dispatch`, { to: city.body, reason: '市管河道' });

  const top = await above('city', 'city');
  const highest = await copy(top, 'city', there);
  await act(top, 'city', `/cases/${highest}/accept`);
  const { parties } = await json(top, server.levels.city, `/cases/${highest}`);
  const department = parties.find((p) => p.name.includes('城市管理')).id;
  await act(top, 'city', `/cases/${highest}/dispatch`, { to: department, reason: '请修' });
  const worker = await above('city', 'department');
  await act(worker, 'city', `/cases/${highest}/accept`);
  await act(worker, 'city', `/cases/${highest}/feedback`, { text: '护栏已经换新' });
  await act(top, 'city', `/cases/${highest}/check`);
  await act(top, 'city', `/cases/${highest}/close`, { outcome: 'solved' });

  // Down again, a desk at a time: each checks what it had given up.
  await until('feedback at the district', async () => (await json(district, server.levels.district, `/cases/${there}`)).state === 'feedback');
  await act(district, 'district', `/cases/${there}/check`);
  await act(district, 'district', `/cases/${there}/close`, { outcome: 'solved' });
  await until('feedback at home', async () => (await json(desk, server, `/cases/${number}`)).state === 'feedback');
  await post(desk, `/cases/${number}/check`);
  await post(desk, `/cases/${number}/close`, { outcome: 'solved' });
  await resident.goto(server.url(`/reports/${number}?code=${code}`));
  await good(resident, 'closed');
  assert.match(await resident.locator('main').innerText(), /护栏已经换新/);

  for (const [name, way] of [['desk', { look: DESK }], ['phone', { look: PHONE }], ['elder', { look: PHONE, elder: true }], ['en', { look: DESK, lang: 'en', js: false }]]) {
    const reader = await as('committee', way);
    await reader.goto(server.url('/exchange'));
    await good(reader, `levels (${name})`);
    await shot(reader, `levels-${name}`);
    await reader.context().close();
  }
  const admin = await above('city', 'system_admin');
  await admin.goto(server.levels.city.url('/exchange'));
  await good(admin, 'levels at the city');
  await shot(admin, 'levels-city');
  for (const page of [resident, desk, district, top, worker, admin]) await page.context().close();
});
