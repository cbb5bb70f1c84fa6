// Notices that arrive: a clerk sees what waits for him first and tidies up by keyboard, confirms a number with the code that
// came by SMS, and calls those who have no smartphone; a resident asks for a message and rates by answering it. The gateway
// is a server of our own.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startGateway } from './gateway.mjs';
import { BASE, DESK, PHONE, fill, good, json, open, press, send, startBrowser, startServer, ways } from './lib.mjs';

let server;
let browser;
let gateway;

before(async () => {
  gateway = await startGateway(`secret_file = "FOLDER/secret"
reply_secret_file = "FOLDER/reply"
headers = { authorization = "Bearer \${secret}" }
ok = '"OK"'
`, { secret: 's3cret', reply: 'r3ply' });
  [server, browser] = await Promise.all([startServer(['--config', gateway.config]), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await gateway?.stop();
});

/** The committee's community. */
async function community(page) {
  return (await json(page, server, '/me')).roles.find((r) => r.kind === 'committee').area;
}

/** Does something as a program would; `post` of the other stories knows another server. */
async function call(page, path, data = {}) {
  const answer = await page.context().request.post(server.url(path), {
    headers: { accept: 'application/json', origin: server.origin }, data,
  });
  assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`);
  return answer.json();
}

/** Goes on by Tab until an element has the focus, and says so if it never has. */
async function tabTo(page, fits, most = 80) {
  for (let i = 0; i < most; i += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(fits)) return;
  }
  assert.fail(`the keyboard does not reach it on ${page.url()}`);
}

for (const [name, way] of ways([['phone, large print', { look: PHONE, elder: true }], ['desk, English, no JavaScript', { look: DESK, lang: 'en', js: false }]])) {
  test(`what waits stands first, one line for each matter (${name})`, { timeout: 120_000 }, async () => {
    const clerk = await open(browser, server, { look: DESK, role: 'committee' });
    const area = await community(clerk);
    const matter = await call(clerk, '/reports', { text: '楼道灯坏了', class: 'lighting', place: { area } });
    await call(clerk, `/cases/${matter.number}/accept`);
    const parties = (await json(clerk, server, `/cases/${matter.number}`)).parties;
    await call(clerk, `/cases/${matter.number}/dispatch`, { to: parties.find((p) => p.kind === 'property').id });
    const page = await open(browser, server, { ...way, role: 'property' });
    for (let i = 0; ; i += 1) {
      const inbox = await json(page, server, '/inbox');
      if (inbox.items.some((n) => n.subject === matter.number && n.need)) break;
      assert.ok(i < 200, 'the notice never came');
    }
    await page.goto(server.url('/inbox'));
    await good(page, `inbox ${name}`);
    const first = await page.locator('main h2').first().innerText();
    assert.match(first, /等您办的|Waiting for you/);
    assert.match(await page.locator('main .list').first().innerText(), new RegExp(matter.number));
    await page.goto(server.url(`/inbox?subject=${matter.number}`));
    await good(page, `one matter ${name}`);
    // Read by keyboard alone.
    await tabTo(page, () => document.activeElement?.closest('form[action$="/inbox/read"]') !== null);
    const loaded = page.waitForEvent('load');
    await page.keyboard.press('Enter');
    await loaded;
    assert.equal(await page.locator('form[action$="/inbox/read"]').count(), 0, 'all of it is read');
    await good(page, `read ${name}`);
    await page.context().close();
    await clerk.context().close();
  });
}

test('a number is used once its code came back, and off is off', { timeout: 120_000 }, async () => {
  const page = await open(browser, server, { look: PHONE, role: 'grid_worker' });
  await page.goto(server.url('/me'));
  await press(page, page.locator('main a[href$="/me/notices"]'));
  await good(page, 'how I am told');
  await send(page, '/me/notices', { digest: 'daily', quiet_from: '22:00', quiet_to: '07:00' });
  await good(page, 'wishes kept');
  assert.equal((await json(page, server, '/me/notices')).digest, 'daily');
  await send(page, '/me/notices/address', { address: '139 1234 5678' });
  await good(page, 'code asked');
  const code = (await gateway.came((m) => m.to === '13912345678')).text.match(/\d{6}/)[0];
  assert.equal(gateway.messages[0].secret, 'Bearer s3cret');
  await send(page, '/me/notices/confirm', { code });
  await good(page, 'number confirmed');
  assert.match(await page.locator('main').innerText(), /13912345678/);
  await send(page, '/me/notices/off');
  assert.doesNotMatch(await page.locator('main').innerText(), /13912345678/);
  await page.context().close();
});

test('a resident asks for a message, gets it, and rates by answering', { timeout: 120_000 }, async () => {
  const clerk = await open(browser, server, { look: DESK, role: 'committee' });
  const area = await community(clerk);
  const page = await open(browser, server, { look: PHONE, elder: true });
  await page.goto(server.url(`/report?area=${area}`));
  await page.locator('main [name=text]:visible').first().fill('楼下的路灯不亮');
  await press(page, page.locator('main button[name=go][value=next]'));
  await press(page, page.locator('main button[name=go][value=next]'));
  await good(page, 'how to be told');
  await page.locator('main [name=contact_phone]').fill('13812345678');
  await fill(page.locator('main form[action$="/reports"]'), 'contact_wish', 'sms');
  await press(page, page.locator('main form[action$="/reports"] button[type=submit]').first());
  const [number] = (await page.locator('main').innerText()).match(/\d{6}-\d{4,}/);
  await call(clerk, `/cases/${number}/reject`, { reason: '不是本社区的路灯' });
  // By night messages wait for the morning; the story then has nothing more to tell.
  const hour = (new Date().getUTCHours() + 8) % 24;
  if (hour >= 8 && hour < 21) {
    assert.match((await gateway.came((m) => m.text.includes(number))).text, /已收到/);
    await gateway.came((m) => m.text.includes(number) && m.text.includes('没有受理'));
  }
  const message = { id: 'in-1', from: '13812345678', text: '知道了', time: String(Date.now()) };
  const sign = createHmac('sha256', 'r3ply').update(`${message.id}\n${message.from}\n${message.text}\n${message.time}`).digest('hex');
  const bring = (signature) => fetch(server.url('/sms/reply'), {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-signature': signature }, body: JSON.stringify(message),
  });
  assert.equal((await bring('00')).status, 403);
  assert.equal((await bring(sign)).status, 200);
  const short = await page.goto(server.url(`/r/${number}`));
  assert.equal(new URL(short.url()).pathname, `${BASE}/reports/${number}`);
  await page.context().close();
  await clerk.context().close();
});

for (const [name, way] of ways([['desk', { look: DESK }], ['phone, English', { look: PHONE, lang: 'en' }]])) {
  test(`whoever has no smartphone is called (${name})`, { timeout: 120_000 }, async () => {
    const page = await open(browser, server, { ...way, role: 'committee' });
    const area = await community(page);
    const contact = { name: '王秀英', phone: '0514-87654321', wish: 'call' };
    const { number } = await call(page, '/reports', { text: '垃圾没有人收', place: { area }, contact });
    await call(page, `/cases/${number}/reject`, { reason: '已经收了' });
    for (let i = 0; ; i += 1) {
      const list = await json(page, server, '/notices/calls');
      if (list.items.some((c) => c.number === number && c.phone === contact.phone)) break;
      assert.ok(i < 200, 'it never stood on the list');
    }
    await page.goto(server.url('/notices/calls'));
    await good(page, `call list ${name}`);
    await page.emulateMedia({ media: 'print' });
    assert.ok(await page.locator('.on-paper').first().isVisible(), 'boxes to tick on paper');
    assert.ok(!(await page.locator('form.told').first().isVisible()), 'no buttons on paper');
    await page.emulateMedia({ media: null });
    await tabTo(page, `document.activeElement?.closest('form[action$="/notices/calls/${number}"]') !== null && document.activeElement.tagName === 'BUTTON'`);
    const loaded = page.waitForEvent('load');
    await page.keyboard.press('Enter');
    await loaded;
    assert.ok(!(await json(page, server, '/notices/calls')).items.some((c) => c.number === number));
    await good(page, `told ${name}`);
    await page.context().close();
  });
}

test('the administrator sees what left and what did not', { timeout: 60_000 }, async () => {
  for (const way of [{ look: DESK }, { look: PHONE, lang: 'en' }]) {
    const page = await open(browser, server, { ...way, role: 'system_admin' });
    await page.goto(server.url('/people'));
    await press(page, page.locator('main a[href$="/notices/deliveries"]'));
    await good(page, 'deliveries');
    assert.doesNotMatch(await page.locator('main').innerText(), /1391234|1381234/);
    await page.context().close();
  }
});
