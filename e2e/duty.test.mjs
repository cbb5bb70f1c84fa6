// Rights and duties: a department asks to hand work down, the community and the sub-district each decide with a reason,
// the department hands a task down, a resident reads who asked for what and why it was refused.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESK, PHONE, fill, good, open, press, startBrowser, startServer } from './lib.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Files a request; gives its number. */
async function ask(page, what) {
  await page.goto(server.url('/duties/requests'));
  const form = page.locator('form[action$="/duties/requests"]');
  await page.locator('details:not([open])', { has: form }).locator('summary').click();
  await fill(form, 'what', what);
  await fill(form, 'basis', '区文件〔2026〕1号');
  await fill(form, 'money', '每户 5 元');
  await fill(form, 'until', new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10));
  await press(page, form.locator('button'));
  return page.url().split('/').pop();
}

for (const [js, lang] of [[true, 'zh'], [false, 'en']]) {
  test(`work is handed down only with consent (${lang}${js ? '' : ', without JavaScript'})`, { timeout: 120_000 }, async () => {
    const department = await open(browser, server, { look: DESK, js, lang, role: 'department' });
    const refused = await ask(department, `请社区组织点赞转发 ${lang}`);
    await good(department, 'refused by the lists');
    assert.match(await department.locator('[role=status]').innerText(), /点赞|check-ins/);
    const number = await ask(department, `协助登记电动车棚 ${lang}`);
    await good(department, 'asked');
    assert.equal(await department.locator('form[action$="/duties/tasks"]').count(), 0, 'nothing to hand down yet');

    for (const role of ['committee', 'subdistrict']) {
      const page = await open(browser, server, { look: DESK, js, lang, role });
      await page.goto(server.url('/duties/requests'));
      await good(page, `requests of ${role}`);
      await press(page, page.locator(`a[href$="/duties/requests/${number}"]`));
      const form = page.locator('form[action$="/consent"]');
      await fill(form, 'reason', '人手够');
      await press(page, form.locator('button'));
      await good(page, `${role} consented`);
      await page.context().close();
    }

    await department.goto(server.url(`/duties/requests/${number}`));
    const task = department.locator('form[action$="/duties/tasks"]');
    await press(department, task.locator('button'));
    await good(department, 'handed down');
    assert.equal(await department.locator('dl a[href*="/cases/"]').count(), 1);
    await department.context().close();

    const resident = await open(browser, server, { look: PHONE, js, lang });
    await resident.goto(server.url('/duties'));
    await good(resident, 'in public');
    const text = await resident.locator('main').innerText();
    assert.ok(text.includes(refused) && text.includes(number), 'who asked, what was refused, what came of it');
    await resident.context().close();
  });
}

test('an administrator takes the lists out and puts them back', { timeout: 60_000 }, async () => {
  const page = await open(browser, server, { look: DESK, role: 'system_admin' });
  await page.goto(server.url('/duties'));
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('a[href$="/duties/workbook"]').click()]);
  const form = page.locator('form[action$="/duties/lists"]');
  await page.locator('details:not([open])', { has: form }).locator('summary').click();
  await form.locator('[name=file]').setInputFiles(await download.path());
  await press(page, form.locator('button'));
  await good(page, 'lists in force');
  assert.match(page.url(), /made=1$/);
  await page.context().close();
});
