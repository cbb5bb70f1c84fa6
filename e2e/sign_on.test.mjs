// Signing in with others' accounts: a resident by the province's ticket and by the city's OpenID Connect, a clerk who ties
// his account first; signing out there, too; and what is said when the other side is down, not sure enough, or does not
// know somebody. (The program must be built with the feature `oidc`: `cargo build -p xiezhi --all-features`.)

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BASE, DESK, PHONE, good, json, open, press, send, signIn, startBrowser, startServer, ways } from './lib.mjs';
import { startProviders } from './provider.mjs';

let server;
let browser;
let there;

before(async () => {
  there = await startProviders();
  [server, browser] = await Promise.all([startServer(['--config', there.config]), startBrowser()]);
  there.lead(server.origin);
  server.origin = there.front;
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await there?.stop();
});

const here = (page) => new URL(page.url()).pathname;

/** Goes there from the sign-in page, and signs in there. */
async function by(page, id) {
  await press(page, page.locator(`main a[href*="/sign-on/${id}"]`).first());
  assert.equal(new URL(page.url()).origin, there.own);
  await press(page, page.locator('#go'));
}

for (const [name, way, id, label] of [
  ['large print on a phone', { look: PHONE, elder: true }, 'province', '省统一认证'],
  ['English without JavaScript', { look: DESK, lang: 'en', js: false }, 'city', 'City sign-on'],
]) {
  test(`a new resident signs in, comes back as himself and signs out there, too: ${name}`, { timeout: 120_000 }, async () => {
    there.person = { subject: `new-${id}`, level: '3', name: '张阿姨', seconds: 3600 };
    const page = await open(browser, server, way);
    await page.goto(server.url('/sign-in?back=/me'));
    await good(page, `sign in with others ${name}`);
    await by(page, id);
    assert.equal(here(page), `${BASE}/me`);
    await good(page, `account by another ${name}`);
    assert.match(await page.locator('main h1').innerText(), /张阿姨/);
    await press(page, page.locator('main a[href$="/me/sign-on"]'));
    await good(page, `ways to sign in ${name}`);
    assert.ok((await page.locator('main').innerText()).includes(label));
    assert.equal(await page.locator('main form[action$="/end"]').count(), 0, 'the only way in stays');
    assert.match(await page.locator('main').innerText(), /唯一的登录方式|only way in/);
    // Out here, then there.
    await page.goto(server.url('/me'));
    await press(page, page.locator('main form[action$="/sign-out"] button'));
    assert.equal(here(page), `${BASE}/sign-on/${id}/out`);
    await good(page, `signed out ${name}`);
    const before = there.out;
    await press(page, page.locator('main a.btn.primary'));
    assert.deepEqual([new URL(page.url()).origin, there.out], [there.own, before + 1]);
    // The next time it is the same account.
    await page.goto(server.url('/sign-in?back=/me/sign-on'));
    await by(page, id);
    assert.ok((await page.locator('main').innerText()).includes(`new-${id}`));
    await page.context().close();
  });
}

test('a clerk ties his account, signs in with it, and takes it away', { timeout: 120_000 }, async () => {
  there.person = { subject: 'clerk-1', level: '3', name: '小李', seconds: 3600 };
  const page = await open(browser, server, { look: DESK });
  await page.goto(server.url('/sign-in'));
  await by(page, 'staff');
  await good(page, 'nobody knows him', { quiet: false });
  assert.match(await page.locator('main').innerText(), /先用原来的办法登录一次/);
  page.noise.length = 0;
  await press(page, page.locator('main a.btn.primary'));
  assert.equal(here(page), `${BASE}/sign-in`);
  await signIn(page, server, 'committee');
  await page.goto(server.url('/me/sign-on'));
  await good(page, 'nothing is tied');
  await press(page, page.locator('main form[action$="/me/sign-on/staff"] button'));
  await good(page, 'on the way to tie');
  await press(page, page.locator('main a.btn.primary'));
  await press(page, page.locator('#go'));
  assert.equal(here(page), `${BASE}/me/sign-on`);
  await good(page, 'tied');
  const { tied } = await json(page, server, '/me/sign-on');
  assert.deepEqual([tied.length, tied[0].subject], [1, 'clerk-1']);

  const second = await open(browser, server, { look: DESK });
  await second.goto(server.url('/sign-in'));
  await by(second, 'staff');
  assert.equal(here(second), `${BASE}/desk`, 'where his work starts');
  await send(page, `/me/sign-on/${tied[0].id}/end`);
  assert.equal(here(page), `${BASE}/me/sign-on`);
  await second.goto(server.url('/desk'));
  assert.equal(here(second), `${BASE}/sign-in`, 'what it had opened is closed');
  for (const p of [page, second]) await p.context().close();
});

for (const [name, way] of ways([['large print on a phone', { look: PHONE, elder: true }], ['English', { look: DESK, lang: 'en' }]])) {
  test(`what is said when it does not work: ${name}`, { timeout: 120_000 }, async () => {
    const page = await open(browser, server, way);
    // Not sure enough.
    there.person = { subject: 'low', level: '1', name: '王大爷', seconds: 3600 };
    await page.goto(server.url('/sign-in'));
    await by(page, 'province');
    await good(page, `not sure enough ${name}`, { quiet: false });
    assert.match(await page.locator('main .error-box').innerText(), /级别不够|not verified/);
    // The way back once more, as after pressing back in the browser.
    there.person = { ...there.person, level: '3' };
    page.noise.length = 0;
    await page.reload();
    await good(page, `walked before ${name}`, { quiet: false });
    // Down after people were sent there.
    await page.goto(server.url('/sign-in'));
    await press(page, page.locator('main a[href*="/sign-on/province"]').first());
    there.down = true;
    try {
      page.noise.length = 0;
      await press(page, page.locator('#go'));
      await good(page, `down ${name}`, { quiet: false });
      assert.match(await page.locator('main .error-box').innerText(), /连不上|cannot be reached/);
      for (const path of ['/card', '/progress', '/report']) assert.ok(await page.locator(`main a[href$="${path}"]`).isVisible(), path);
      assert.ok(await page.locator('main a[href*="/sign-in"]').isVisible());
    } finally {
      there.down = false;
    }
    page.noise.length = 0;
    await press(page, page.locator('main a.btn.primary'));
    await press(page, page.locator('#go'));
    assert.equal(here(page), `${BASE}/`, 'once more, and in');
    await page.context().close();
  });
}
