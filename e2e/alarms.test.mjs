// From a device to a case: a client that others wrote publishes over MQTT, an alarm is raised, the grid worker takes it with one thumb,
// the case cannot be closed before somebody says what it was, and then it is. A rule of one's own is tried before it is switched on.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { DESK, PHONE, as, good, json, post, press, send, server, shot, stage } from './lib.mjs';

const run = promisify(execFile);
stage(undefined, ['--mqtt', '127.0.0.1:0']);

/** A real client: `mosquitto_pub`. */
async function publish(name, password, stream, value) {
  for (let i = 0; i < 200 && !server.mqtt; i += 1) await new Promise((later) => { setTimeout(later, 25); });
  const [host, port] = server.mqtt.split(':');
  await run('mosquitto_pub', ['-h', host, '-p', port, '-u', name, '-P', password, '-q', '1', '-t', `obs/${name}/${stream}`, '-m', value]);
}

/** The number of the alarm of a device, once there is one. */
async function raised(page, device) {
  for (let i = 0; i < 400; i += 1) {
    const found = (await json(page, server, '/alarms')).open.find((a) => a.device === device);
    if (found) return found;
    await new Promise((later) => { setTimeout(later, 50); });
  }
  throw new Error('no alarm was raised');
}

test('a client publishes, an alarm is a case, and ends with what it was', { timeout: 240_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/devices/new'));
  await send(clerk, '/devices', { kind: 'lift', title: '5 栋电梯', name: 'story-lift' });
  const secret = (await clerk.locator('section.card dd strong').first().innerText()).trim();
  await publish('story-lift', secret, 'stuck', 'true');
  const { number, case: file } = await raised(clerk, '5 栋电梯');
  assert.ok(file, 'it is a case at once');
  await clerk.goto(server.url('/alarms'));
  await good(clerk, 'board');
  await shot(clerk, 'alarms-board');

  // The worker's phone: one thumb.
  const phone = await as('committee', { look: PHONE });
  await phone.goto(server.url(`/alarms/${number}`));
  await good(phone, 'alarm on a phone');
  await shot(phone, 'alarm-phone');
  assert.match(await phone.locator('main').innerText(), /困人：是/);
  await send(phone, `/alarms/${number}/see`);
  await good(phone, 'seen');
  assert.equal(await phone.locator('form[action$="/close"]').count(), 0, 'people are still inside');

  // The case is not closed before it is said what it was.
  await post(clerk, `/cases/${file}/accept`, { class: 'lift-trapped' });
  await clerk.goto(server.url(`/cases/${file}`));
  await good(clerk, 'case from an alarm');
  await shot(clerk, 'alarm-case');
  await publish('story-lift', secret, 'stuck', 'false');
  await phone.goto(server.url(`/alarms/${number}`));
  await send(phone, `/alarms/${number}/close`, { disposition: 'true', words: '两人，已救出，电梯停用检修' });
  await good(phone, 'alarm that ended');
  assert.match(await phone.locator('main').innerText(), /真有事/);
  assert.equal((await json(clerk, server, `/cases/${file}`)).waits[0].open, false);
  await press(clerk, clerk.locator(`a[href$="/alarms/${number}"]`).first());
  await good(clerk, 'from the case to its alarm');
  for (const page of [clerk, phone]) await page.context().close();
});

test('rules are sentences, tried before they are switched on', { timeout: 180_000 }, async () => {
  for (const [name, way] of [['phone', { look: PHONE }], ['large print', { look: PHONE, elder: true }], ['en, no scripts', { look: DESK, lang: 'en', js: false }]]) {
    const clerk = await as('committee', way);
    for (const path of ['/alarms', '/alarms/mine', '/alarms/rules', '/alarms/rules/new', '/alarms/homes']) {
      await clerk.goto(server.url(path));
      await good(clerk, `${path} (${name})`);
    }
    await clerk.context().close();
  }
  const clerk = await as('committee', { look: PHONE, elder: true, js: false });
  await clerk.goto(server.url('/alarms/rules/new'));
  await send(clerk, '/alarms/rules', { title: '空气差', kind: 'air', of: 'pm25', test: 'above', n: '50', severity: '2', class: 'other' });
  await good(clerk, 'a rule that was tried, large print');
  await shot(clerk, 'rule-tried');
  assert.match(await clerk.locator('main').innerText(), /草稿[\s\S]*达到 50 µg\/m³[\s\S]*1 台会报警/);
  const id = new URL(clerk.url()).pathname.split('/').pop();
  await send(clerk, `/alarms/rules/${id}/switch`);
  assert.match(await clerk.locator('main').innerText(), /已启用/);
  await clerk.context().close();
});
