// L8: a clerk complains with the button on her page; her own desk neither reads nor closes it, the one above does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, browser, good, open, press, server, stage, ways } from './lib.mjs';

stage();

for (const [js, lang, look] of ways([[true, 'zh', PHONE], [false, 'en', DESK]])) {
  test(`l08 a complaint goes to the desk above (${lang}${js ? '' : ', without JavaScript'})`, { timeout: 120_000 }, async () => {
    const words = `同一张表这周填了三遍 ${lang}`;
    const clerk = await open(browser, server, { look, js, lang, role: 'committee' });
    await clerk.goto(server.url('/desk'));
    await press(clerk, clerk.locator('footer a[href*="class=complaint"]'));
    await good(clerk, 'the form of a complaint');
    const about = clerk.locator('select[name=about] option');
    assert.ok((await about.count()) >= 2, 'her own desk, and those above');
    await clerk.locator('textarea[name=text]').fill(words);
    // On through all steps; what it is about is not asked again.
    for (let n = 0; n < 5 && !(await clerk.locator('main form[action$="/reports"]').count()); n += 1) {
      await press(clerk, clerk.locator('main button[name=go][value=next]'));
    }
    await press(clerk, clerk.locator('main form[action$="/reports"] button[type=submit]').first());
    await good(clerk, 'sent');
    const number = clerk.url().match(/\d{6}-\d{4,}/)[0];
    await clerk.goto(server.url(`/cases/${number}`));
    await good(clerk, 'her own complaint');
    assert.ok((await clerk.locator('main').innerText()).includes(words));

    const above = await open(browser, server, { look, js, lang, role: 'subdistrict' });
    await above.goto(server.url(`/cases/${number}`));
    await good(above, 'at the desk above');
    assert.ok((await above.locator('main').innerText()).includes(words));
    await press(above, above.locator('main form[action$="/accept"] button').first());
    await good(above, 'taken in hand');

    // Whoever walks the grid, or stands beside it, is not told what was said.
    for (const role of ['grid_worker', 'property']) {
      const other = await open(browser, server, { look, js, lang, role });
      await other.goto(server.url(`/cases/${number}`));
      const text = await other.locator('main').innerText();
      assert.ok(!text.includes(words), role);
      assert.equal(await other.locator('main form[action*="/close"], main form[action*="/reject"]').count(), 0, role);
      await other.context().close();
    }
    await clerk.context().close();
    await above.context().close();
  });
}
