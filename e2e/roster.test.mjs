// Who gets it and who is there: the administrator tries a routing table on what has happened and enables it, the clerk is
// offered its party with the reason, and keeps the roster of the committee.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { DESK, PHONE, browser, day, form, good, json, open, press, server, stage, ways } from './lib.mjs';

stage();

test('a routing table is tried, enabled and then offered with its reason', { timeout: 120_000 }, async () => {
  const page = await open(browser, server, { look: DESK, js: false, role: 'system_admin' });
  await page.goto(server.url('/admin/routing'));
  await good(page, 'no table yet');
  const [download] = await Promise.all([
    page.waitForEvent('download'), page.locator('main a[href*="/admin/routing/workbook"]').click(),
  ]);
  assert.equal(download.suggestedFilename(), 'routing-0.xlsx');
  const book = await readFile(await download.path());
  const broken = join(server.data, 'broken.xlsx');
  await writeFile(broken, 'no workbook');
  const upload = async (file) => {
    const sending = await form(page, '/admin/routing');
    await sending.locator('[name=file]').setInputFiles(file);
    await press(page, sending.locator('button'));
  };
  await upload(broken);
  assert.match(await page.locator('main').innerText(), /Excel/);
  page.noise.length = 0;
  await page.goto(server.url('/admin/routing'));
  await upload({ name: 'routing.xlsx', mimeType: 'application/octet-stream', buffer: book });
  assert.match(page.url(), /admin\/routing\/1$/);
  await good(page, 'the trial');
  assert.match(await page.locator('main').innerText(), /按这一版，有 \d+ 件会派给别的单位/);
  await press(page, page.locator('main form button'));
  await good(page, 'enabled');
  assert.equal(await page.locator('main [role=status]').count(), 1);
  await page.context().close();

  const clerk = await open(browser, server, { look: DESK, js: false, role: 'committee' });
  const waiting = await json(clerk, server, '/desk?queue=dispatch');
  const before = await json(clerk, server, '/desk?queue=new');
  const number = (waiting.items[0] ?? before.items[0])?.number;
  assert.ok(number, 'something waits at the desk');
  await clerk.goto(server.url(`/cases/${number}`));
  if (!waiting.items[0]) await press(clerk, clerk.locator('form[action$="/accept"] button'));
  await clerk.goto(server.url(`/cases/${number}`));
  await good(clerk, 'a case to dispatch');
  assert.match(await clerk.locator('form[action$="/dispatch"]').textContent(), /规则 v1 第 1 条/);
  await clerk.context().close();
});

for (const [lang, look, js] of ways([['zh', DESK, true], ['en', PHONE, false]])) {
  test(`a clerk keeps the roster (${lang}${js ? '' : ', without JavaScript'})`, { timeout: 120_000 }, async () => {
    const page = await open(browser, server, { look, js, lang, role: 'committee' });
    await page.goto(server.url('/roster'));
    await good(page, 'roster');
    const duty = await form(page, '/roster/shifts');
    await duty.locator('[name=day]').fill(day(1));
    await press(page, duty.locator('button'));
    const leave = await form(page, '/roster/leave');
    const people = await leave.locator('[name=person] option').evaluateAll((all) => all.map((o) => o.value));
    await leave.locator('[name=person]').selectOption(people[0]);
    await leave.locator('[name=substitute]').selectOption(people[1]);
    await leave.locator('[name=from]').fill(day(lang === 'zh' ? 2 : 12));
    await leave.locator('[name=to]').fill(day(lang === 'zh' ? 3 : 13));
    await press(page, leave.locator('button'));
    await good(page, 'duty and leave');
    const coming = page.locator('form[action$="/cancel"]');
    assert.match(await page.locator('main').innerText(), lang === 'zh' ? /替班/ : /stands in/);
    for (let left = await coming.count(); left > 0; left -= 1) await press(page, coming.first().locator('button'));
    await good(page, 'all taken back');
    assert.equal(await coming.count(), 0);
    await page.context().close();
  });
}
