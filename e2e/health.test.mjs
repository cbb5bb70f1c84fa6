// Early warning: a resident is counted without a name, a school tells in large print and without scripts, a signal arises at once and
// goes its way to the end, a rule is tried on the place's own past before it works.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, good, json, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

const LOOKS = [['phone', { look: PHONE }], ['large print', { look: PHONE, elder: true }], ['en, no scripts', { look: DESK, lang: 'en', js: false }]];

test('signals of a place, their picture, rules and numbers', { timeout: 240_000 }, async () => {
  for (const [name, way] of LOOKS) {
    const clerk = await as('committee', way);
    await clerk.goto(server.url('/health'));
    await good(clerk, `signals (${name})`);
    await press(clerk, clerk.locator('main a[href*="/health/S-"]').first());
    assert.equal(await clerk.locator('figure.epi svg').count(), 1, 'one picture');
    assert.ok(await clerk.locator('.epi-alarm').count() > 0, 'the week is marked');
    await good(clerk, `a signal (${name})`);
    for (const path of ['/health/rules', '/health/numbers?source=school', '/health/notices']) {
      await clerk.goto(server.url(path));
      await good(clerk, `${path} (${name})`);
    }
    await clerk.context().close();
  }
});

test('a resident is counted, and nothing more', { timeout: 180_000 }, async () => {
  const resident = await as('resident', { look: PHONE, elder: true, js: false });
  await resident.goto(server.url('/health'));
  await press(resident, resident.locator('main a[href$="/health/mine"]'));
  await good(resident, 'telling of oneself, large print');
  await resident.locator('input[value="fever"]').check();
  await press(resident, resident.locator('form[action$="/health/mine"] button'));
  await good(resident, 'told of oneself, large print');
  assert.match(await resident.locator('[role="status"]').innerText(), /已计入/);
  assert.equal((await json(resident, server, '/health')).sees, false);
});

test('a school tells, a signal arises and is worked on to its end', { timeout: 240_000 }, async () => {
  const clerk = await as('committee', { look: PHONE, elder: true, js: false });
  await clerk.goto(server.url('/health'));
  await press(clerk, clerk.locator('main a[href$="/health/counts"]'));
  await good(clerk, 'telling counts, large print');
  await send(clerk, '/health/counts', { 'n-absent': '60', 'n-fever': '3' });
  await good(clerk, 'counts told, large print');
  const { items } = await json(clerk, server, '/health');
  const mine = items.find((s) => s.syndrome === '因病缺课');
  assert.ok(mine, 'it is there at once');
  const here = `/health/${mine.number}`;
  await clerk.goto(server.url(here));
  assert.match(await clerk.locator('main').innerText(), /才算异常（/);
  await send(clerk, `${here}/verify`, { words: '问了校医，三个班请病假的多。' });
  await send(clerk, `${here}/assess`, { level: 'moderate', words: '同一个年级。' });
  await good(clerk, 'an assessed signal, large print');
  await send(clerk, `${here}/respond`, { words: '请学校晨检、通风。' });
  await send(clerk, `${here}/close`, { disposition: 'true', words: '一周没有新增。' });
  await good(clerk, 'a closed signal, large print');
  assert.equal((await json(clerk, server, here)).disposition, 'true');
});

test('a rule is tried before it works', { timeout: 240_000 }, async () => {
  const clerk = await as('committee', { look: DESK, js: false });
  await clerk.goto(server.url('/health/rules'));
  await press(clerk, clerk.locator('a[href*="/health/rules/pharmacy-weeks/try"]'));
  await good(clerk, 'a rule not tried yet');
  await send(clerk, '/health/rules/pharmacy-weeks/try');
  await good(clerk, 'a rule that was tried');
  assert.match(await clerk.locator('main').innerText(), /一年大约响/);
  await clerk.locator('details.act summary').first().click();
  await send(clerk, '/health/rules/pharmacy-weeks/switch', { why: '试过了' });
  const { rules } = await json(clerk, server, '/health/rules');
  assert.equal(rules.find((r) => r.id === 'pharmacy-weeks').works, true);
});
