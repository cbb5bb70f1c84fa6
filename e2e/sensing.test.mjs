// Devices: a desk adds one in large print and without scripts, it tells, and its readings are looked at as a line; one in a home begins
// at a household card, with consent, and shows nothing to the desk.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, browser, good, json, open, post, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

/** A device tells over HTTP. */
async function tell(name, password, body) {
  const answer = await fetch(server.url(`/obs/${name}`), {
    method: 'POST', body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', authorization: `Basic ${btoa(`${name}:${password}`)}` },
  });
  return { status: answer.status, ...await answer.json() };
}

const password = async (page) => (await page.locator('section.card dd strong').first().innerText()).trim();

test('devices of a place, and what they tell', { timeout: 180_000 }, async () => {
  for (const [name, way] of [['phone', { look: PHONE }], ['large print', { look: PHONE, elder: true }], ['en, no scripts', { look: DESK, lang: 'en', js: false }]]) {
    const clerk = await as('committee', way);
    await clerk.goto(server.url('/devices'));
    await good(clerk, `devices (${name})`);
    await press(clerk, clerk.locator('a[href$="/devices/demo-air"]'));
    assert.equal(await clerk.locator('svg.curve').count(), 2, 'two lines');
    await good(clerk, `device with readings (${name})`);
    await press(clerk, clerk.locator('a[href$="span=quarter"]'));
    assert.equal(await clerk.locator('strong[aria-current]').count(), 1);
    await good(clerk, `device by days (${name})`);
    await clerk.context().close();
  }
});

test('a desk adds a device, and it is heard', { timeout: 180_000 }, async () => {
  const clerk = await as('committee', { look: PHONE, elder: true, js: false });
  await clerk.goto(server.url('/devices'));
  await press(clerk, clerk.locator('a[href*="/devices/new"]'));
  await good(clerk, 'new device, large print');
  await send(clerk, '/devices', { kind: 'level', title: '南门涵洞水位', name: 'story-level' });
  await good(clerk, 'device with its password, large print');
  const secret = await password(clerk);
  assert.match(secret, /^[0-9A-Z]{24}$/);
  assert.deepEqual(await tell('story-level', 'wrong', { level: 1 }).then((a) => a.status), 401);
  for (const v of [3, 9, 27]) {
    await post(clerk, '/demo/clock', { advance: 'PT10M' });
    assert.equal((await tell('story-level', secret, { level: v })).taken, 1);
  }
  await clerk.goto(server.url('/devices/story-level'));
  assert.match(await clerk.locator('main').innerText(), /27/);
  assert.ok(!(await clerk.content()).includes(secret), 'shown once');
  await good(clerk, 'device that was heard, large print');
  // A table of a data logger: what makes no sense is named.
  await clerk.goto(server.url('/devices'));
  await clerk.locator('details.act summary').last().click();
  const table = 'device,stream,t,v\nstory-level,level,2026-01-05 08:00:00,4\nstory-level,level,soon,5\n';
  await clerk.locator('input[type=file]').setInputFiles({ name: 'logger.csv', mimeType: 'text/csv', buffer: Buffer.from(table) });
  await press(clerk, clerk.locator('form[action$="/devices/readings"] button'));
  await good(clerk, 'what became of a table, large print');
  assert.equal(await clerk.locator('main ul.list li').count(), 1);
  await clerk.goto(server.url('/devices/story-level'));
  await send(clerk, '/devices/story-level/renew');
  assert.notEqual(await password(clerk), secret);
});

test('in a home it begins with consent, and shows nothing', { timeout: 180_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await post(clerk, '/cards', { name: '欧阳秀英', place: '2单元501' });
  await clerk.goto(server.url('/cards'));
  await press(clerk, clerk.locator('a[href*="/devices/new?card="]').first());
  await good(clerk, 'new device in a home');
  const card = new URL(clerk.url()).searchParams.get('card');
  await send(clerk, '/devices', { kind: 'water', title: '厨房水表', agreed: 'present' });
  const name = new URL(clerk.url()).pathname.split('/').at(-1);
  const shown = name === 'devices' ? (await clerk.locator('section.card dd').first().innerText()).trim() : name;
  const secret = await password(clerk);
  assert.equal((await tell(shown, secret, { water: 35.5 })).taken, 1);
  await clerk.goto(server.url(`/devices/${shown}`));
  assert.ok(!(await clerk.content()).includes('35.5'));
  await good(clerk, 'device in a home, at the desk');
  // Whoever lives there reads it, and says no, and yes again.
  const { link } = await json(clerk, server, `/cards/${card}`);
  const home = await open(browser, server, { look: PHONE, elder: true });
  await home.goto(server.url(new URL(link).pathname.slice(new URL(server.url('/')).pathname.length - 1) + new URL(link).search));
  await press(home, home.locator('main form[action$="/card"] button'));
  await home.goto(server.url('/devices/mine'));
  assert.match(await home.locator('main').innerText(), /35\.5/);
  await good(home, 'device in my home, large print');
  await press(home, home.locator('button[value=no]'));
  await home.goto(server.url('/devices/mine'));
  assert.equal(await home.locator('button[value=no]').count(), 0);
  await good(home, 'device that I no longer agree to, large print');
  assert.equal((await tell(shown, secret, { water: 1 })).status, 422);
  await press(home, home.locator('button[value=self]'));
  assert.equal((await tell(shown, secret, { water: 1 })).status, 200);
  const resident = await as('resident', { look: PHONE });
  await resident.goto(server.url('/devices/mine'));
  await good(resident, 'devices in my home');
  assert.deepEqual((await json(resident, server, '/devices/mine')).items, []);
});
