// The pages of field work in every look: a worker's day, a building with what residents read about who looks after it, who
// looks after a community, coverage; and an emergency from its declaration to its end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, browser, good, json, open, post, server, stage, ways } from './lib.mjs';

let clerk;

stage(async () => { clerk = await open(browser, server, { look: DESK, role: 'committee' }); }, ['--clock', 'manual']);

for (const [name, way] of ways([['phone', { look: PHONE }], ['large print', { look: PHONE, elder: true }], ['English, no script', { look: DESK, lang: 'en', js: false }]])) {
  test(`the pages of field work (${name})`, { timeout: 180_000 }, async () => {
    const page = await open(browser, server, { ...way, role: 'grid_worker' });
    const { buildings, grids } = await json(page, server, '/field');
    await page.goto(server.url('/field'));
    await good(page, 'field');
    for (const path of ['/field/coverage', `/buildings/${buildings[0].id}`, '/field/emergency', `/places/${grids[0].code}/care`, '/field/pocket']) {
      await page.goto(server.url(path));
      await good(page, path);
    }
    // A small matter, settled where it was found, and a word to the residents: also without a script.
    await page.goto(server.url(`/buildings/${buildings[0].id}`));
    const spot = page.locator('form:has([name=kind][value=spot])');
    await page.locator('details', { has: spot }).locator('summary').first().click();
    await spot.locator('[name=class]').selectOption('noise');
    await spot.locator('[name=text]').fill('楼道里吵');
    await spot.locator('[name=done]').fill('劝过了');
    await Promise.all([page.waitForEvent('load'), spot.locator('button').click()]);
    await Promise.all([page.waitForEvent('load'), page.locator('form:has([name=kind][value=here]) button').click()]);
    await good(page, 'building, noted');
    const visitor = await open(browser, server, { ...way });
    await visitor.goto(server.url(`/buildings/${buildings[0].id}`));
    await good(visitor, 'building, for a resident');
    await visitor.context().close();
    await page.context().close();
  });
}

test('an emergency is declared, seen by all it concerns, and over by itself', { timeout: 120_000 }, async () => {
  const street = await open(browser, server, { look: DESK, js: false, role: 'subdistrict' });
  await street.goto(server.url('/field/emergency'));
  await street.locator('main details > summary').last().click();
  const form = street.locator('form[action$="/field/emergency"]');
  await form.locator('[name=reason]').fill('暴雨红色预警，低洼处可能积水');
  await form.locator('[name=hours]').fill('6');
  await Promise.all([street.waitForEvent('load'), form.locator('button').click()]);
  await good(street, 'emergency, declared');
  const grid = await open(browser, server, { look: PHONE, role: 'grid_worker' });
  await grid.goto(server.url('/today'));
  assert.match(await grid.locator('.banner').innerText(), /暴雨红色预警/);
  await grid.goto(server.url('/field'));
  await good(grid, 'field in an emergency');
  await Promise.all([grid.waitForEvent('load'), grid.locator('form[action$="/here"] button').click()]);
  assert.match(await grid.locator('main').innerText(), /您已经报过了/);
  await post(clerk, '/demo/clock', { advance: 'PT6H' });
  await grid.goto(server.url('/field'));
  assert.equal(await grid.locator('.banner, form[action$="/here"]').count(), 0);
  await grid.context().close();
  await street.context().close();
});

test('an open page keeps its form without a network, and a PIN guards what is kept', { timeout: 120_000 }, async () => {
  const page = await open(browser, server, { look: PHONE, role: 'grid_worker' });
  const { buildings } = await json(page, server, '/field');
  await page.goto(server.url(`/buildings/${buildings[1].id}`));
  await page.locator('field-outbox[role=status]').waitFor({ state: 'attached' });
  await page.context().setOffline(true);
  await page.locator('form[data-queue=here] button').click();
  await page.locator('field-outbox a').filter({ hasText: '等待上传' }).waitFor();
  await page.context().setOffline(false);
  await page.locator('field-outbox[hidden]').waitFor({ state: 'attached' });
  assert.ok((await json(page, server, `/buildings/${buildings[1].id}`)).last, 'residents read that somebody was here');

  await page.goto(server.url('/field/pocket'));
  const fresh = page.locator('[data-part=state] .say[data-tone=jade]');
  await page.getByRole('button', { name: '更新资料' }).click();
  await fresh.waitFor();
  const pin = async (digits) => {
    await page.locator('#pin').fill(digits);
    await page.locator('[data-part=pin] form button').click();
  };
  await page.locator('[data-part=pin] summary').click();
  await pin('246810');
  await page.locator('[data-part=pin] form').waitFor({ state: 'detached' });
  await page.context().setOffline(true);
  await page.reload().catch(() => {});
  await page.locator('[data-part=state] .say').filter({ hasText: '锁住' }).waitFor();
  assert.equal(await page.locator('[data-part=cases] li').count(), 0, 'nothing of the pack is shown');
  await pin('135790');
  await page.locator('[data-part=state] .say').filter({ hasText: '口令不对' }).waitFor();
  await pin('246810');
  await fresh.waitFor();
  assert.ok((await page.locator('[data-part=cases] li').count()) > 0);
  await page.context().close();
});
