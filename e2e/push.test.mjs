// Web Push, from the button to the message on the screen: the browser is a real one, its vendor is not.
// Needs a program built with the feature `push`.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BASE, DESK, browser, good, json, open, post, reported, send, server, shot, stage } from './lib.mjs';

const calls = [];
const vendor = createServer((asked, answer) => {
  let body = '';
  asked.on('data', (chunk) => { body += chunk; });
  asked.on('end', () => {
    calls.push({ path: asked.url, body, signed: asked.headers.authorization });
    answer.writeHead(201).end();
  });
});
await new Promise((listening) => { vendor.listen(0, '127.0.0.1', listening); });
const host = `http://127.0.0.1:${vendor.address().port}`;
const folder = await mkdtemp(join(tmpdir(), 'xiezhi-push-'));
const config = join(folder, 'xiezhi.toml');
await writeFile(config, `public_url = "http://c.example"\n[notice.push]\ncontact = "mailto:a@c.example"\nhosts = ["${host}"]\n`);
after(async () => {
  vendor.close();
  await rm(folder, { recursive: true, force: true });
});
stage(undefined, ['--config', config]);

/** Lets a page have a browser whose vendor is ours: what is asked of it is kept in `window.asked`. */
function ours(endpoint) {
  window.asked = [];
  PushManager.prototype.subscribe = async function subscribe(wish) {
    window.asked.push(wish);
    return { endpoint };
  };
}

async function until(what, fits) {
  for (let i = 0; i < 1200; i += 1) {
    const found = await what();
    if (fits(found)) return found;
    await new Promise((later) => { setTimeout(later, 25); });
  }
  throw new Error(`it never came: ${what}`);
}

test('a browser is woken, asks what there is, and shows a number', async () => {
  const page = await open(browser, server, { role: 'resident' });
  await page.context().grantPermissions(['notifications'], { origin: server.origin });
  await page.addInitScript(ours, `${host}/send/1`);
  await page.goto(server.url('/me/notices'));
  await good(page, 'push: off');
  const button = page.locator('wake-here button');
  await button.waitFor();
  await shot(page, 'push-off');
  const loaded = page.waitForEvent('load');
  await button.click();
  await page.locator('form:has([value=push])').waitFor();
  await loaded;
  await good(page, 'push: on');
  await shot(page, 'push-on');

  // Something happens that the resident is told of, at whatever hour this runs.
  await send(page, '/me/notices', { digest: 'now', quiet_from: '00:00', quiet_to: '00:00' });
  await good(page, 'push: at any hour');
  const { communities } = await json(page, server, '/');
  const { number } = await reported(page, '楼道灯坏了', { place: { area: communities[0].code } });
  const clerk = await open(browser, server, { look: DESK, role: 'committee' });
  await post(clerk, `/cases/${number}/accept`, { class: 'lighting' });
  const call = await until(() => calls[0], Boolean);
  assert.equal(call.path, '/send/1');
  assert.equal(call.body, '', 'no words pass the vendor');
  assert.match(call.signed, /^vapid t=.+\..+\..+, k=.+$/);

  // What a vendor does then: the worker gets an empty push.
  const cdp = await page.context().newCDPSession(page);
  let registration;
  cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    registration = registrations.find((r) => r.scopeURL.endsWith(`${BASE}/inbox`))?.registrationId ?? registration;
  });
  await cdp.send('ServiceWorker.enable');
  await until(() => registration, Boolean);
  await until(() => page.evaluate(async (scope) => {
    const worker = await navigator.serviceWorker.getRegistration(scope);
    return worker?.active?.state;
  }, `${BASE}/inbox`), (state) => state === 'activated');
  // The browser does not say whether it gave the push to the worker: a second one replaces what the first showed.
  let asked = 0;
  const shown = await until(async () => {
    if (asked % 200 === 0) await cdp.send('ServiceWorker.deliverPushMessage', { origin: server.origin, registrationId: registration, data: '' });
    asked += 1;
    return page.evaluate(async (scope) => {
      const worker = await navigator.serviceWorker.getRegistration(scope);
      return (await worker.getNotifications()).map((n) => ({ title: n.title, body: n.body, tag: n.tag }));
    }, `${BASE}/inbox`);
  }, (all) => all.length > 0);
  assert.equal(shown.length, 1);
  assert.equal(shown[0].tag, 'inbox');
  assert.match(shown[0].body, /^\d+ 条消息没有看$/);
  await clerk.context().close();
  await page.context().close();
});

test('who does not allow it is told how, and a browser that cannot says so', async () => {
  const page = await open(browser, server, { role: 'resident' });
  await page.addInitScript(() => { Notification.requestPermission = async () => 'denied'; });
  await page.goto(server.url('/me/notices'));
  await page.locator('wake-here button').click();
  await page.locator('wake-here [role=status]', { hasText: '网站设置' }).waitFor();
  await page.context().close();
  const old = await open(browser, server, { role: 'resident', js: false });
  await old.goto(server.url('/me/notices'));
  assert.ok(await old.locator('wake-here [data-cannot]').isVisible());
  assert.ok(!(await old.locator('wake-here button').isVisible()));
  await old.context().close();
});
