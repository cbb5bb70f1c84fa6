// What an administrator sets up: assets from a workbook, grids cut anew, a routing table that has a hole.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { as, good, json, press, send, server, stage, ways } from './lib.mjs';
import { workbook } from './workbook.mjs';

let community;

stage(async () => {
  const clerk = await as('committee');
  community = (await json(clerk, server, '/me')).roles[0].area;
  await clerk.context().close();
});

/** The grids of the community as its map shows them. */
async function grids(page) {
  const { features } = await json(page, server, `/places/${community}/map`);
  return features.filter((f) => f.geometry.type === 'Polygon');
}

for (const [lang, js] of ways([['zh', true], ['en', false]])) {
  test(`assets come in from a workbook, wrong rows are named (${lang}${js ? '' : ', without JavaScript'})`, { timeout: 60_000 }, async () => {
    const page = await as('system_admin', { lang, js });
    const [{ properties: grid }] = await grids(page);
    const head = ['部件编码', '类别', '名称', '纬度', '经度', '网格', '权属单位', '权属起始日', '养护单位'];
    const row = (code, name, area) => [code, '', name, '', '', area, '', '', ''];
    const file = workbook('部件', [head, row(`e2e-${lang}-1`, '门口长椅', grid.code), row(`e2e-${lang}-2`, '没有地方', '')]);
    await page.goto(server.url('/components'));
    await send(page, '/components', { file });
    await good(page, 'assets in');
    assert.match(await page.locator('main [role=status]').innerText(), /1/);
    assert.equal(await page.locator('tbody tr').count(), 1, 'the row without a place is named');
    await page.goto(server.url(`/components?q=e2e-${lang}`));
    await good(page, 'assets found');
    await press(page, page.locator('main tbody a').first());
    await good(page, 'one asset');
    assert.match(await page.locator('main').innerText(), /门口长椅/);
    await page.context().close();
  });
}

test('a grid is cut anew: an overlap is refused, the rest takes force', { timeout: 120_000 }, async () => {
  const page = await as('system_admin');
  const all = await grids(page);
  const file = (features) => ({
    name: 'grids.geojson', mimeType: 'application/geo+json', buffer: Buffer.from(JSON.stringify({ type: 'FeatureCollection', features })),
  });
  const renamed = all.map((f, i) => ({ ...f, properties: i ? f.properties : { code: `${community}099`, name: '新一网格' } }));
  await page.goto(server.url('/admin/grids'));
  await send(page, '/admin/grids', { community, file: file([...renamed, { ...all[0], properties: { code: `${community}098`, name: '压上去的' } }]) });
  await good(page, 'an overlap', { quiet: false });
  assert.match(await page.locator('main').innerText(), new RegExp(`${community}098.*重叠`), 'which grid, and where');
  assert.equal(await page.locator('main form[action*="/admin/grids/"]').count(), 0, 'what overlaps cannot be enabled');
  page.noise.length = 0;
  await page.goto(server.url('/admin/grids'));
  await send(page, '/admin/grids', { community, file: file(renamed) });
  await good(page, 'what it means');
  await press(page, page.locator('main form[action*="/admin/grids/"] button'));
  await good(page, 'enabled');
  const codes = async () => (await grids(page)).map((g) => g.properties.code);
  for (let tries = 0; !(await codes()).includes(`${community}099`); tries += 1) {
    assert.ok(tries < 40, 'the new grid takes force by itself');
    await page.waitForTimeout(250);
  }
  await page.goto(server.url('/admin/grids'));
  await good(page, 'cuts');
  await page.context().close();
});

test('a routing table with a hole is refused by name', { timeout: 60_000 }, async () => {
  const page = await as('system_admin', { js: false });
  const head = ['区划', '类别', '时间', '派给', '备注'];
  const rule = (time) => ['全部', '全部', time, '按目录', ''];
  await page.goto(server.url('/admin/routing'));
  await send(page, '/admin/routing', { file: workbook('派单规则', [head, rule('工作时间')]) });
  await good(page, 'a hole', { quiet: false });
  assert.match(await page.locator('main').innerText(), /非工作时间/, 'the hole is named');
  page.noise.length = 0;
  await page.goto(server.url('/admin/routing'));
  await send(page, '/admin/routing', { file: workbook('派单规则', [head, rule('工作时间'), rule('非工作时间')]) });
  await good(page, 'the trial');
  assert.match(page.url(), /admin\/routing\/1$/);
  await page.context().close();
});
