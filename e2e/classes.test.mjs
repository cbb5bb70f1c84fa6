// The catalogue, as a clerk and as a resident meet it: the clerk downloads the workbook, sends it back as a new version,
// sends a file that is none and is told so; the resident looks up how long a broken lamp takes and reports it.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { DESK, PHONE, browser, form, good, open, press, server, stage, ways } from './lib.mjs';

stage();

/** Opens the form for an upload and sends a file. */
async function upload(page, file) {
  const sending = await form(page, '/admin/classes');
  await sending.locator('[name=file]').setInputFiles(file);
  await press(page, sending.locator('button'));
}

for (const js of ways([true, false])) {
  test(`a clerk edits the catalogue in a workbook${js ? '' : ', without JavaScript'}`, async () => {
    const page = await open(browser, server, { look: DESK, js, role: 'system_admin' });
    await page.goto(server.url('/admin/classes'));
    await good(page, 'catalogue');
    const [download] = await Promise.all([
      page.waitForEvent('download'), page.locator('main a[href*="/admin/classes/workbook"]').click(),
    ]);
    assert.match(download.suggestedFilename(), /^classes-\d+\.xlsx$/);
    const file = await download.path();
    const book = { name: 'classes.xlsx', mimeType: 'application/octet-stream', buffer: await readFile(file) };
    assert.equal(book.buffer.subarray(0, 2).toString(), 'PK');
    await upload(page, book);
    await good(page, 'a new version');
    assert.match(page.url(), /made=\d+$/);
    assert.equal(await page.locator('main [role=status]').count(), 1);
    const broken = join(server.data, 'broken.xlsx');
    await writeFile(broken, 'no workbook');
    await upload(page, broken);
    assert.match(await page.locator('main').innerText(), /Excel/);
    await page.goto(server.url('/admin/calendar'));
    page.noise.length = 0;
    await good(page, 'calendar');
    await page.context().close();
  });
}

for (const lang of ways(['zh', 'en'])) {
  test(`a resident looks up how long a lamp takes (${lang})`, async () => {
    const page = await open(browser, server, { look: PHONE, lang });
    await page.goto(server.url('/classes'));
    await good(page, 'classes');
    await page.locator('[name=q]').fill(lang === 'zh' ? '路灯' : 'lamp');
    await press(page, page.locator('main form button'));
    await good(page, 'classes found');
    await press(page, page.locator('a[href$="/classes/lighting"]'));
    await good(page, 'one class');
    assert.match(await page.locator('main').innerText(), lang === 'zh' ? /3 个工作日/ : /3 working days/);
    await press(page, page.locator('main a[href*="/report?class=lighting"]'));
    await good(page, 'reporting it');
    assert.equal(await page.locator('[name=class][value=lighting]').isChecked(), true);
    await page.goto(server.url('/classes/tax'));
    await good(page, 'out of scope');
    await page.context().close();
  });
}
