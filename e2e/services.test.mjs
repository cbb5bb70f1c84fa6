// Finding a service: a resident asks in everyday words on a phone, in large print and without scripts, reads when it is open
// and what to bring; the desk writes an entry, shuts it, and confirms what nobody checked for too long.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, fill, form, good, json, press, send, server, stage, ways } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

const WAYS = ways([
  ['phone', { look: PHONE }],
  ['large print', { look: PHONE, elder: true }],
  ['en, no scripts', { look: PHONE, js: false, lang: 'en' }],
  ['desk, en', { look: DESK, lang: 'en' }],
]);

test('a resident finds a service in his own words and reads what he needs', { timeout: 240_000 }, async () => {
  for (const [name, way] of WAYS) {
    const reader = await as('resident', way);
    await reader.goto(server.url('/'));
    await press(reader, reader.locator('a.door[href$="/services"]'));
    await good(reader, `services (${name})`);
    await reader.locator('#q').fill('看腰');
    await press(reader, reader.locator('form[role=search] button.primary'));
    assert.match(await reader.locator('main .list .row').first().innerText(), /骨科/);
    await good(reader, `services found (${name})`);
    await press(reader, reader.locator('main .list a.row').first());
    const linked = JSON.parse(await reader.locator('script[type="application/ld+json"]').textContent());
    assert.equal(linked['@type'], 'GovernmentService');
    assert.ok(await reader.locator('a[href^="tel:"]').count());
    await good(reader, `service (${name})`);
    await reader.goto(server.url('/services?q=食堂'));
    await press(reader, reader.locator('main .list a.row').first());
    await good(reader, `canteen (${name})`);
    await press(reader, reader.locator('a[href*="/report?text="]'));
    assert.match(await reader.locator('#text').inputValue(), /食堂/);
    await reader.goto(server.url('/services?term=health'));
    await good(reader, `services of a kind (${name})`);
    await reader.goto(server.url('/services/sheet?term=office'));
    await good(reader, `services on paper (${name})`);
    await reader.goto(server.url('/services?q=zzzzqqqq'));
    await good(reader, `no service (${name})`);
    await reader.context().close();
  }
});

test('the desk writes an entry, shuts it, and confirms what is stale', { timeout: 240_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/services/new'));
  await good(clerk, 'new service');
  const filled = await form(clerk, '/services');
  await filled.locator('details:has([name=terms][value=culture-sport]) > summary').click();
  for (const [name, value] of Object.entries({
    name: '乒乓球室', about: '两张球台，自己带拍子。', hours: '每天 8:00-20:00', phones: '0514-80009999', costs: '免费', address: '杏林路 1 号',
  })) await fill(filled, name, value);
  await filled.locator('[name=terms][value=culture-sport]').check({ force: true });
  await filled.locator('select[name=body]').selectOption({ index: 1 });
  await press(clerk, filled.locator('button.primary'));
  const id = new URL(clerk.url()).pathname.split('/').at(-1);
  await good(clerk, 'service written');
  await clerk.goto(server.url(`/services/${id}/edit`));
  assert.equal(await clerk.locator('#hours').inputValue(), '每天 08:00-20:00');
  await good(clerk, 'service to change');
  await clerk.goto(server.url(`/services/${id}`));
  await send(clerk, `/services/${id}/status`, { status: 'temporarily closed', note: '换地板，月底再开' });
  await good(clerk, 'service shut');
  assert.equal((await json(clerk, server, `/services/${id}`)).alert, '换地板，月底再开');
  await clerk.goto(server.url('/services/stale'));
  const before = (await json(clerk, server, '/services/stale')).items.length;
  assert.ok(before > 0, 'the demo has an entry that nobody checked');
  await good(clerk, 'stale services');
  await press(clerk, clerk.locator('form[action$="/confirm"] button').first());
  assert.equal((await json(clerk, server, '/services/stale')).items.length, before - 1);
  await good(clerk, 'services confirmed');
});

test('a clerk brings a table, and the lines that cannot be read are named', { timeout: 120_000 }, async () => {
  for (const [name, way] of ways([['zh', { look: DESK }], ['en', { look: DESK, lang: 'en' }]])) {
    const clerk = await as('committee', way);
    await clerk.goto(server.url('/services/import'));
    await good(clerk, `import services (${name})`);
    const table = '服务名称,提供单位,开门时间\n读报角,演示读书会,每天 9:00-11:00\n坏的一行,演示读书会,随便\n';
    const filled = await form(clerk, '/services/import');
    await fill(filled, 'source', '自己的表');
    await fill(filled, 'file', { name: 'services.csv', mimeType: 'text/csv', buffer: Buffer.from(table) });
    await press(clerk, filled.locator('button.primary'));
    await good(clerk, `services imported (${name})`);
    assert.match(await clerk.locator('main table').innerText(), /3/);
  }
});
