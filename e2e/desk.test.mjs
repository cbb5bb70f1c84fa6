// Tasks at a desk that no other story walks to the end: a matter sent on to another unit, a shift in the week it is for, a new
// password by a code, tables that are none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE, act, as, form, good, json, options, press, reported, send, server, stage, ways } from './lib.mjs';

stage();

test('a clerk sends a matter on to another unit, and it goes on there', { timeout: 120_000 }, async () => {
  const clerk = await as('committee');
  const { roles } = await json(clerk, server, '/me');
  const { number } = await reported(clerk, '三栋门口路灯不亮，晚上看不见', { place: { area: roles[0].area } });
  await clerk.goto(server.url(`/desk?queue=received&open=${number}`));
  await act(clerk, number, 'accept', { class: 'lighting' });
  const units = (await options(await form(clerk, `/cases/${number}/dispatch`), 'to')).filter((o) => !o.value.startsWith('-'));
  assert.ok(units.length >= 2, 'there is another unit');
  for (const unit of units.slice(0, 2)) {
    await act(clerk, number, 'dispatch', { to: unit.value });
    await clerk.locator('main [role=status]').filter({ hasText: '已经派出' }).waitFor();
  }
  await good(clerk, 'sent on');
  const { state, events } = await json(clerk, server, `/cases/${number}`);
  assert.equal(state, 'dispatched');
  assert.equal(events.filter((e) => e.kind === 'dispatch').length, 2, 'both are in its story');
  await clerk.context().close();
});

for (const [lang, js] of ways([['zh', true], ['en', false]])) {
  test(`a shift is seen in its week once it is saved (${lang}${js ? '' : ', without JavaScript'})`, { timeout: 60_000 }, async () => {
    const page = await as('committee', { lang, js });
    await page.goto(server.url('/roster'));
    await press(page, page.locator('main .buttons a').last());
    // The form begins with a day of the week that is shown.
    await send(page, '/roster/shifts');
    await page.locator('main [role=status]').waitFor();
    assert.ok(await page.locator('main table .badge[data-tone=jade]').count() > 0, 'it stands in the table');
    await good(page, 'a shift');
    await press(page, page.locator('main form[action$="/cancel"] button').last());
    await page.locator('main [role=status]').waitFor();
    await page.context().close();
  });

  test(`whoever forgot the password gets a code (${lang}${js ? '' : ', without JavaScript'})`, { timeout: 120_000 }, async () => {
    const admin = await as('system_admin', { lang, js });
    await admin.goto(server.url('/people'));
    // Whoever the other stories sign in as keeps his own.
    const known = new Set(server.accounts.map((a) => a.name));
    const { people } = await json(admin, server, '/people');
    const one = people.filter((p) => p.may_reset && !known.has(p.login))[js ? 0 : 1];
    const giving = await form(admin, `/people/${one.id}/password`);
    await giving.locator('summary').click();
    await good(admin, 'people, before a code is given');
    await press(admin, giving.locator('button'));
    await good(admin, 'a code');
    const code = await admin.locator('main .big-figures').innerText();
    const page = await as(undefined, { lang, js, look: PHONE });
    await page.goto(server.url('/sign-in'));
    await press(page, page.locator('main a[href$="/new-password"]'));
    await good(page, 'a new password');
    await send(page, '/new-password', { name: one.login, code: '0000-0000-0000', password: 'a new good one' });
    await page.locator('main [role=alert]').waitFor();
    await good(page, 'a wrong code', { quiet: false });
    await send(page, '/new-password', { name: one.login, code: code.toLowerCase(), password: 'a new good one' });
    await page.locator('main [role=status]').waitFor();
    await send(page, '/sign-in', { name: one.login, password: 'a new good one' });
    await page.goto(server.url('/me'));
    await page.locator('main .say').waitFor();
    await good(page, 'me, after a code', { quiet: false });
    for (const open of [admin, page]) await open.context().close();
  });
}

test('a table that is none is refused in words, and the way back is there', { timeout: 120_000 }, async () => {
  const admin = await as('system_admin');
  for (const path of ['/admin/routing', '/admin/calendar', '/admin/grids', '/admin/classes', '/components']) {
    for (const [name, text] of [['a.txt', 'hello'], ['b.csv', '区划,类别\n全部,全部\n'], ['c.xlsx', 'PK\u0003\u0004 nonsense']]) {
      await admin.goto(server.url(path));
      await admin.evaluate(() => document.querySelectorAll('main details').forEach((d) => { d.open = true; }));
      const sending = admin.locator('main form[method=post]:has(input[type=file])').first();
      const area = sending.locator('input[name=community]:not([type=hidden])');
      if (await area.count()) await area.fill('000000000000');
      await sending.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) });
      await press(admin, sending.locator('button:not([type=button])').first());
      await good(admin, `${path} ${name}`, { quiet: false });
      assert.match(await admin.locator('main').innerText(), /没办成|有问题|问题|不收|读不了/, `${path} ${name}`);
    }
  }
  await admin.context().close();
});
