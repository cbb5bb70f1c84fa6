// Signing in without a password: a resident asks for a code by SMS (large print on a phone, and English without JavaScript),
// one whose SMS never comes is told of the other ways; and all a resident does inside a chat app's own browser, which keeps
// nothing, opens no windows and downloads nothing. The gateway is a server of our own.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startGateway } from './gateway.mjs';
import { BASE, DESK, PHONE, good, json, open, press, send, signIn, startBrowser, startServer, ways } from './lib.mjs';

let server;
let browser;
let gateway;

/** The code that came to a number; the newest when `n` came already. */
async function code(phone, n = 0) {
  const to = () => gateway.messages.filter((m) => m.to === phone)[n];
  const found = await gateway.came((m) => m === to());
  return found.text.match(/\d{6}/)[0];
}

before(async () => {
  gateway = await startGateway();
  [server, browser] = await Promise.all([startServer(['--config', gateway.config]), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await gateway?.stop();
});

/** The button of the form that a field stands in. */
const sends = (page, field) => press(page, page.locator(`main form:has([name=${field}]:not([type=hidden])) button[type=submit]`).first());

for (const [name, phone, way] of ways([
  ['phone, large print', '13912340001', { look: PHONE, elder: true }],
  ['phone, English, no JavaScript', '13912340002', { look: PHONE, lang: 'en', js: false }],
  ['desk', '13912340003', { look: DESK }],
])) {
  test(`a code by SMS signs in, and a name is asked once (${name})`, { timeout: 120_000 }, async () => {
    const page = await open(browser, server, way);
    await page.goto(server.url('/sign-in?back=/me'));
    await good(page, `sign in ${name}`);
    await page.locator('main [name=phone]').fill('0514-87654321');
    await sends(page, 'phone');
    await good(page, `not a mobile number ${name}`, { quiet: false });
    assert.equal(await page.locator('main [name=phone]:visible').inputValue(), '0514-87654321', 'what was typed stays');
    await page.locator('main [name=phone]:visible').fill(phone);
    page.noise.length = 0;
    await sends(page, 'phone');
    await good(page, `code ${name}`);
    const field = page.locator('main [name=code]');
    assert.deepEqual([await field.getAttribute('autocomplete'), await field.getAttribute('inputmode')], ['one-time-code', 'numeric']);
    // Pressed again at once: how long to wait, and where else to go.
    const right = await code(phone);
    await page.locator('main details summary').click();
    await press(page, page.locator('main form:has([name=phone]) button', { hasText: /再发|again/ }));
    await good(page, `too soon ${name}`, { quiet: false });
    assert.match(await page.locator('main .error-box').innerText(), /\d+ 秒|\d+ seconds/);
    for (const path of ['/card', '/progress', '/report']) assert.ok(await page.locator(`main details a[href$="${path}"]`).isVisible(), path);
    const wrong = String((Number(right) + 1) % 1_000_000).padStart(6, '0');
    await page.locator('main [name=code]').fill(wrong);
    await sends(page, 'code');
    await good(page, `wrong code ${name}`, { quiet: false });
    assert.match(await page.locator('main .error-box').innerText(), /验证码不对|code is wrong/);
    await page.locator('main [name=code]').fill(`${right.slice(0, 3)} ${right.slice(3)}`);
    page.noise.length = 0;
    await sends(page, 'code');
    assert.equal(new URL(page.url()).pathname, `${BASE}/me/name`);
    await good(page, `how to be called ${name}`);
    if (way.elder) await press(page, page.locator('main form a.btn'));
    else await send(page, '/me/name', { name: '王阿姨' });
    assert.equal(new URL(page.url()).pathname, `${BASE}/me`, 'back to where it was going');
    await good(page, `account by SMS ${name}`);
    assert.match(await page.locator('main').innerText(), new RegExp(phone));
    await page.context().close();
  });
}

/** A chat app's own browser: large letters, a small window, and much that is not there. */
async function inApp() {
  const page = await open(browser, server, {
    look: {
      viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, serviceWorkers: 'block',
      userAgent: 'Mozilla/5.0 (Linux; Android 12; V2048A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 MMWEBID/1 MicroMessenger/8.0.44 WeChat/arm64 Weixin NetType/4G Language/zh_CN',
    },
  });
  await page.addInitScript(() => {
    const gone = (of, name) => Object.defineProperty(of, name, { value: undefined, configurable: true });
    gone(Navigator.prototype, 'serviceWorker');
    gone(Navigator.prototype, 'locks');
    gone(Navigator.prototype, 'storage');
    gone(Navigator.prototype, 'clipboard');
    gone(Navigator.prototype, 'mediaDevices');
    gone(HTMLInputElement.prototype, 'capture');
    window.open = () => null;
    // Some have no database, others one that throws.
    if (location.search.includes('throws')) Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('shut', 'SecurityError'); } });
    else gone(window, 'indexedDB');
    Object.defineProperty(HTMLAnchorElement.prototype, 'download', { set() { throw new Error('nothing is downloaded here'); }, get: () => '' });
    const large = () => document.documentElement.style.setProperty('font-size', '140%');
    document.addEventListener('readystatechange', large);
  });
  return page;
}

test('in a chat app’s browser a resident reports with a photo, signs in, follows and rates', { timeout: 180_000 }, async () => {
  const page = await inApp();
  const clerk = await open(browser, server, { look: DESK, role: 'committee' });
  const area = (await json(clerk, server, '/me')).roles.find((r) => r.kind === 'committee').area;
  const call = async (path, data = {}) => {
    const answer = await clerk.context().request.post(server.url(path), { headers: { accept: 'application/json', origin: server.origin }, data });
    assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`);
  };
  await page.goto(server.url('/sign-in?back=/report'));
  await good(page, 'in app sign in');
  await page.locator('main [name=phone]').fill('13912340009');
  await sends(page, 'phone');
  await good(page, 'in app code');
  await page.locator('main [name=code]').fill(await code('13912340009'));
  await sends(page, 'code');
  await press(page, page.locator('main form a.btn'));
  await page.goto(server.url(`/report?area=${area}`));
  await page.locator('main [name=text]:visible').first().fill('楼下夜里太吵');
  const picture = Buffer.from(await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 900;
    canvas.height = 700;
    canvas.getContext('2d').fillRect(20, 20, 300, 200);
    return canvas.toDataURL('image/jpeg').split(',')[1];
  }), 'base64');
  await page.locator('main input[type=file][accept^="image"]').first().setInputFiles({ name: 'street.jpg', mimeType: 'image/jpeg', buffer: picture });
  await good(page, 'in app report');
  await press(page, page.locator('main button[name=go][value=next]').first());
  await good(page, 'in app where');
  await press(page, page.locator('main button[name=go][value=next]').first());
  await good(page, 'in app contact');
  await press(page, page.locator('main form[action$="/reports"] button[type=submit]').first());
  await good(page, 'in app receipt');
  const [number] = (await page.locator('main').innerText()).match(/\d{6}-\d{4,}/);
  // The picture of the receipt is shown to be kept by a long press, because nothing is downloaded here.
  await page.locator('save-picture button').click();
  await page.locator('save-picture img').waitFor();
  await page.goto(server.url('/progress'));
  await press(page, page.locator(`main a[href*="${number}"]`).first());
  await good(page, 'in app matter');
  assert.ok(await page.locator('main img').count(), 'the photo came with it');
  await call(`/cases/${number}/accept`, { class: 'noise' });
  const { parties } = await json(clerk, server, `/cases/${number}`);
  await call(`/cases/${number}/dispatch`, { to: parties.find((p) => p.kind === 'property').id });
  const property = await open(browser, server, { look: DESK, role: 'property' });
  for (const [step, data] of [['accept', {}], ['feedback', { text: '跟他们说好了' }]]) {
    const answer = await property.context().request.post(server.url(`/cases/${number}/${step}`), { headers: { accept: 'application/json', origin: server.origin }, data });
    assert.ok(answer.ok(), `${step}: ${await answer.text()}`);
  }
  await call(`/cases/${number}/check`);
  await call(`/cases/${number}/close`, { text: '夜里安静了' });
  await page.reload();
  await good(page, 'in app closed');
  await send(page, `/cases/${number}/rate`, { score: '5' });
  await good(page, 'in app rated');
  const here = new URL(page.url());
  assert.equal((await json(page, server, `${here.pathname.slice(BASE.length)}${here.search}`)).rating.score, 5);
  for (const p of [page, clerk, property]) await p.context().close();
});

test('where a browser keeps nothing, field work says so and what was typed stays', { timeout: 120_000 }, async () => {
  const page = await inApp();
  await signIn(page, server, 'grid_worker');
  for (const path of ['/field/pocket', '/field/pocket?throws']) {
    await page.goto(server.url(path));
    await page.locator('field-pocket[data-ready]').waitFor();
    await good(page, `in app pocket ${path}`);
    assert.match(await page.locator('main').innerText(), /不能在手机上保存/);
    assert.equal(await page.locator('field-pocket textarea').count(), 0, 'nothing can be typed that would be lost');
  }
  await press(page, page.locator('field-pocket a[href$="/report?channel=patrol"]'));
  await good(page, 'in app report at once');
  // A form that would have been kept: without a network it stays as it is, and its person is told.
  await page.goto(server.url('/field'));
  await page.waitForFunction(() => customElements.get('field-outbox'));
  await page.evaluate(() => {
    const form = document.createElement('form');
    form.dataset.queue = 'report';
    form.innerHTML = '<textarea name="text"></textarea><button>x</button>';
    document.querySelector('main').append(form);
  });
  await page.locator('form[data-queue=report] textarea').fill('井盖松了');
  await page.context().setOffline(true);
  await page.locator('form[data-queue=report] button').click();
  await page.locator('field-outbox', { hasText: '还在这一页上' }).waitFor();
  assert.equal(await page.locator('form[data-queue=report] textarea').inputValue(), '井盖松了');
  await page.context().close();
});
