// Rights and duties: a department asks to hand work down, the community and the sub-district each decide with a reason,
// the department hands a task down, a resident reads who asked for what and why it was refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, browser, day, good, open, press, send, server, stage, ways } from './lib.mjs';

stage();

/** Files a request; gives its number. */
async function ask(page, what) {
  await page.goto(server.url('/duties/requests'));
  await send(page, '/duties/requests', { what, basis: '区文件〔2026〕1号', money: '每户 5 元', until: day(40) });
  return page.url().split('/').pop();
}

for (const [js, lang] of ways([[true, 'zh'], [false, 'en']])) {
  test(`work is handed down only with consent (${lang}${js ? '' : ', without JavaScript'})`, { timeout: 120_000 }, async () => {
    const department = await open(browser, server, { look: DESK, js, lang, role: 'department' });
    const refused = await ask(department, `请社区组织点赞转发 ${lang}`);
    await good(department, 'refused by the lists');
    assert.match(await department.locator('main [role=status]').innerText(), /点赞|check-ins/);
    const number = await ask(department, `协助登记电动车棚 ${lang}`);
    await good(department, 'asked');
    assert.equal(await department.locator('form[action$="/duties/tasks"]').count(), 0, 'nothing to hand down yet');

    for (const role of ['committee', 'subdistrict']) {
      const page = await open(browser, server, { look: DESK, js, lang, role });
      await page.goto(server.url('/duties/requests'));
      await good(page, `requests of ${role}`);
      await press(page, page.locator(`a[href$="/duties/requests/${number}"]`));
      await send(page, '/consent', { reason: '人手够' });
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
  await send(page, '/duties/lists', { file: await download.path() });
  await good(page, 'lists in force');
  assert.match(page.url(), /made=1$/);
  await page.context().close();
});
