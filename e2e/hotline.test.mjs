// Work orders of the hotline, as the clerks of a sub-district live with them: a file comes in (twice), orders are signed
// for, one caller is called, one order is answered, the replies go out as a workbook.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, browser, form, good, json, open, press, server, stage, ways } from './lib.mjs';

stage();

const two = (n) => String(n).padStart(2, '0');

/** A moment as the hotline writes it, some minutes ago, in the zone of the demo. */
function ago(minutes) {
  const t = new Date(Date.now() - minutes * 60_000 + 8 * 3_600_000);
  return `${t.getUTCFullYear()}-${two(t.getUTCMonth() + 1)}-${two(t.getUTCDate())} ${two(t.getUTCHours())}:${two(t.getUTCMinutes())}`;
}

for (const [js, lang] of ways([[true, 'zh'], [false, 'en']])) {
  test(`a clerk works on the hotline's orders (${lang}${js ? '' : ', without JavaScript'})`, { timeout: 120_000 }, async () => {
    const mark = `E2E${lang}`;
    const page = await open(browser, server, { look: DESK, js, lang, role: 'committee' });
    const area = (await json(page, server, '/me')).roles[0].area;
    const head = '工单编号,来电时间,诉求人,联系电话,诉求内容,诉求分类,事发地址,所属社区,派单时间,响应时限,办结时限,关联工单';
    const row = (n, text, repeats = '') => `${mark}${n},${ago(9)},甲某,19900009999,${text},环境卫生/清扫,东门,${area},${ago(5)},,,${repeats}`;
    const rows = [head, row(1, '东门口堆了纸箱'), row(2, '东门口纸箱还在', `${mark}1`), row(3, ''), row(4, '想问垃圾几点收')];
    const file = { name: 'orders.csv', mimeType: 'text/csv', buffer: Buffer.from(`${rows.join('\n')}\n`) };

    await page.goto(server.url('/desk'));
    await press(page, page.locator('nav.desk-doors a[href$="/hotline"]'));
    await good(page, 'the queue');
    for (const times of ['first', 'second']) {
      await page.goto(server.url('/hotline'));
      const upload = await form(page, 'hotline/import');
      await upload.locator('[name=file]').setInputFiles(file);
      await press(page, upload.locator('button'));
      await good(page, `${times} import`);
      const told = await page.locator('main [role=status]').innerText();
      assert.match(told, times === 'first' ? /^(新收 3 件|3 new)/ : /^(新收 0 件|0 new)/);
      assert.equal(await page.locator('tbody th').innerText(), '4', 'the row without words is named');
    }

    await page.goto(server.url('/hotline?tab=new'));
    await page.locator(`tr:has-text("${mark}1") [name=id]`).check();
    await page.locator(`tr:has-text("${mark}4") [name=id]`).check();
    await press(page, page.locator('form[action$="/hotline/claim"] button'));
    await good(page, 'signed for');
    assert.ok(await page.locator(`tr:has-text("${mark}4")`).count());

    await page.locator('[name=q]').fill(`${mark}4`);
    await press(page, page.locator('form[role=search] button'));
    await press(page, page.locator('tbody th a'));
    await good(page, 'an order');
    const contact = await form(page, '/contact');
    await contact.locator('[name=how]').selectOption('phone');
    await press(page, contact.locator('button'));
    await good(page, 'the caller was called');
    const answer = await form(page, '/answer');
    assert.equal(await answer.locator('[name=solved] option[value=yes]').count(), 0, 'not solved while the matter is open');
    await answer.locator('[name=text]').fill('已电话告诉诉求人：早上七点和傍晚六点。');
    for (const name of ['solved', 'satisfied', 'reasonable']) {
      await answer.locator(`[name=${name}]`).selectOption(name === 'solved' ? 'partly' : 'yes');
    }
    await press(page, answer.locator('button'));
    await good(page, 'answered');
    assert.match(await page.locator('main').innerText(), /早上七点/);

    await page.goto(server.url('/hotline?tab=answered'));
    const [download] = await Promise.all([
      page.waitForEvent('download'), page.locator('a[href*="/hotline/export?format=xlsx"]').click(),
    ]);
    assert.equal(download.suggestedFilename(), 'hotline-replies.xlsx');
    await page.context().close();
  });
}
