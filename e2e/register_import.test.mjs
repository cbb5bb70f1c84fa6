// A committee's table comes into the register: looked at first, a column named, written while a page tells how far it is, the
// problems fetched as a workbook; then a list goes out, which everybody on it can see.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, browser, form, good, json, open, press, server, stage, ways } from './lib.mjs';

stage();

for (const [js, lang, look] of ways([[true, 'zh', DESK], [false, 'en', PHONE]])) {
  test(`a table comes in and a list goes out (${lang}${js ? '' : ', without JavaScript'})`, { timeout: 120_000 }, async () => {
    const page = await open(browser, server, { look, js, lang, role: 'committee' });
    await page.goto(server.url('/register'));
    const ask = page.locator('button[name=purpose][value=register-keep]');
    if (await ask.count()) await press(page, ask);
    const house = (await json(page, server, '/register')).areas[0].buildings[0].address;
    await press(page, page.locator('main a[href$="/register/import"]'));
    await good(page, 'tables');

    const name = js ? '欧阳传' : '司马表';
    const row = (n, said) => `${name}${n},${said},户主,${house}${n}单元301,备用`;
    const rows = ['称呼,出生日期,与户主关系,住址,备注', row('甲', '1960年1月2日'), row('乙', '去年'), ',,,,没有姓名', row('丙', '32874')];
    const upload = await form(page, '/register/import');
    await upload.locator('[name=file]').setInputFiles({ name: 'residents.csv', mimeType: 'text/csv', buffer: Buffer.from(`${rows.join('\n')}\n`) });
    await press(page, upload.locator('button'));
    await good(page, 'looked at');
    if (js) {
      // Which column is the name, it has to be told once.
      await page.locator('[name=c0]').selectOption('register.name');
    } else {
      assert.equal(await page.locator('[name=c0]').inputValue(), 'register.name', 'remembered');
    }
    await press(page, page.locator('button[name=then][value=look]'));
    await good(page, 'looked at with its columns');
    assert.equal(await page.locator('[name=c0]').inputValue(), 'register.name');
    assert.match(await page.locator('main').innerText(), lang === 'zh' ? /没有姓名/ : /no name/);
    await press(page, page.locator('button[name=then][value=start]'));
    const here = page.url();
    while (await page.locator('main progress').count()) await page.goto(here);
    await good(page, 'done');
    const sums = await page.locator('.figures dd').allInnerTexts();
    assert.deepEqual(sums, ['3', '0', '0', '1']);
    const fetched = async (link) => {
      const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
      return file.suggestedFilename();
    };
    assert.equal(await fetched(page.locator('main a[href$="/problems"]')), 'register-problems.xlsx');
    await page.goto(server.url('/register'));
    const search = page.locator('main form.filters').first();
    await search.locator('[name=q]').fill(`${name}甲`);
    await press(page, search.locator('button'));
    assert.ok(!page.url().includes('q='), 'whom somebody looks for stands in no address');
    assert.match(await page.locator('main').innerText(), new RegExp(`${name}甲`));

    await page.goto(server.url('/register/export'));
    await good(page, 'lists');
    const list = await form(page, '/register/export');
    await list.locator('[value="register.birth"]').check();
    await press(page, list.locator('button'));
    await good(page, 'a list was asked for');
    const ready = page.locator('main a[href$="/file"]').first();
    // A long one waits for a colleague.
    if (await ready.count()) assert.equal(await fetched(ready), 'register-list.xlsx');
    else assert.equal(await page.locator('main form[action$="/allow"]').count(), 0, 'nobody allows his own');
    await page.context().close();
  });
}
