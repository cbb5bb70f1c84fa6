// A grid worker's week without a network: five hundred things noted on a phone whose clock is wrong, the browser killed in
// between, a case that changed meanwhile, a photo; then everything arrives once and in order, and what cannot be done any
// more is shown. And the phone that is lost.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chromium } from 'playwright-core';
import { BASE, DESK, PHONE, browser, good, json, open, post, reported, server, signIn, stage } from './lib.mjs';

const DAY = 86_400_000;
const ITEMS = 500;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];
const ARRIVAL_MS = 120_000;

const QUEUE = `${BASE}/assets/js/field-queue.js`;

let clerk;
const dirs = [];
const phones = [];

stage(async () => { clerk = await open(browser, server, { look: DESK, role: 'committee' }); }, ['--clock', 'manual']);
after(async () => {
  for (const context of phones) await context.close();
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
});

/** A phone: a browser that keeps what it has when it is closed. Its clock is off by what `clock` says in its storage. */
async function phone(dir, more = {}) {
  const context = await chromium.launchPersistentContext(dir, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS, ...PHONE, locale: 'zh-CN', reducedMotion: 'reduce', ...more,
  });
  phones.push(context);
  await context.addInitScript(() => {
    const real = Date.now;
    const off = () => { try { return Number(localStorage.getItem('clock') ?? 0); } catch { return 0; } };
    Date.now = () => real() + off();
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(15_000);
  page.scripted = true;
  page.noise = [];
  return page;
}

async function pocketDir() {
  const dir = await mkdtemp(join(tmpdir(), 'xiezhi-phone-'));
  dirs.push(dir);
  return dir;
}

const pocket = (page) => page.locator('field-pocket[data-ready]');
const queued = async (page) => Number(await page.locator('[data-part=queue] h2 .num').innerText());

/** Opens the pocket page and takes a pack along; waits until the page would open without a network. */
async function takeAlong(page, worker = true) {
  await page.goto(server.url('/field/pocket'));
  await pocket(page).waitFor();
  await page.getByRole('button', { name: '更新资料' }).click();
  await page.locator('[data-part=state] .say[data-tone=jade]').first().waitFor();
  if (worker) await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
}

/** A case that lies with the grid worker by name, ready to be handled. */
async function assigned(text) {
  const grid = await open(browser, server, { look: DESK, role: 'grid_worker' });
  const area = (await json(grid, server, '/me')).roles.find((r) => r.kind === 'grid_worker').area;
  await grid.context().close();
  const { number } = await reported(clerk, text, { place: { area }, class: 'noise' });
  await post(clerk, `/cases/${number}/accept`, { class: 'noise' });
  const { parties } = await json(clerk, server, `/cases/${number}`);
  const me = (await json(clerk, server, '/me')).roles.find((r) => r.kind === 'committee').body;
  const own = parties.find((p) => p.name === (me.name ?? me));
  await post(clerk, `/cases/${number}/dispatch`, { to: own.id });
  await post(clerk, `/cases/${number}/accept`);
  const { people } = await json(clerk, server, `/cases/${number}`);
  const walker = server.account('grid_worker');
  const worker = await open(browser, server, { look: DESK, role: 'grid_worker' });
  const { name } = await json(worker, server, '/me');
  await worker.context().close();
  const person = people.find((p) => p.name === name);
  assert.ok(person, `${walker.name} is a colleague: ${people.map((p) => p.name)}`);
  await post(clerk, `/cases/${number}/assign`, { to: person.id });
  return number;
}

/** Keeps an item by the page's own queue. */
const put = (page, kind, fields) => page.evaluate(async ([path, ...item]) => (await import(path)).add(...item), [QUEUE, kind, fields]);

/** What lies on the phone in one of its stores: bytes that are sealed, and whether anything is open. */
const lies = (page, store) => page.evaluate((name) => new Promise((ok) => {
  indexedDB.open('field').onsuccess = ({ target: request }) => {
    const got = request.result.transaction(name).objectStore(name).getAll();
    const bodies = () => got.result.map((row) => row?.body ?? row).filter((b) => b?.sealed || b?.plain);
    got.onsuccess = () => { request.result.close(); ok(bodies().map((b) => ({ sealed: b.sealed?.byteLength ?? 0, open: 'plain' in b }))); };
  };
}), store);

/** The button of the form that keeps something. */
const keep = (page) => page.locator('[data-part=record] form .btn.primary').click();

test('seven days without a network, five hundred items, a wrong clock and a killed browser', { timeout: 480_000 }, async () => {
  const number = await assigned('楼下早市太吵');
  const dir = await pocketDir();
  let page = await phone(dir);
  await signIn(page, server, 'grid_worker');
  await page.evaluate((off) => localStorage.setItem('clock', String(off)), -3 * DAY);
  await takeAlong(page);
  assert.match(await page.locator('[data-part=cases]').innerText(), new RegExp(number));
  await good(page, 'pocket with a pack', { quiet: false });
  // Nothing personal lies open on the phone.
  assert.deepEqual((await lies(page, 'meta')).map(({ sealed, open }) => [sealed > 0, open]), [[true, false]]);

  await page.context().setOffline(true);
  await page.reload();
  await pocket(page).waitFor();
  // By hand: a step of the case, and a report with a photo.
  const form = page.locator('[data-part=record] form');
  await form.locator('[name=kind]').selectOption('act');
  await form.locator('[name=number]').selectOption(number);
  await form.locator('[name=action]').selectOption('feedback');
  await form.locator('[name=text]').fill('和摊主说好了，七点以后再开始');
  await keep(page);
  await page.locator('[data-part=state] .say').filter({ hasText: '已保存在本机' }).waitFor();
  await form.locator('[name=kind]').selectOption('report');
  await form.locator('[name=text]').fill('离线报事 0');
  // Shown and made smaller here too.
  const big = Buffer.from(await page.evaluate((size, canvas = Object.assign(document.createElement('canvas'), size)) => {
    const noise = new ImageData(size.width, size.height);
    for (let i = 0, n = 1; i < noise.data.length; i += 1) noise.data[i] = i % 4 === 3 ? 255 : (n = (n * 48271) % 2147483647) & 255;
    canvas.getContext('2d').putImageData(noise, 0, 0);
    return canvas.toDataURL('image/png').split(',')[1];
  }, { width: 2400, height: 400 }), 'base64');
  await form.locator('[name=media]').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: big });
  await form.locator('.previews img').first().waitFor();
  await keep(page);
  await page.locator('[data-part=record] .previews li').waitFor({ state: 'detached' });
  assert.ok((await lies(page, 'photos'))[0].sealed < big.length / 2);
  await page.waitForFunction(() => document.querySelector('[data-part=queue] h2 .num')?.textContent === '2');
  // Through the page's own queue: the rest of the week.
  const made = await page.evaluate(async ([path, items, day]) => {
    const queue = await import(path);
    const buildings = (await queue.pack()).buildings;
    const begin = Number(localStorage.getItem('clock'));
    for (let n = 2; n < items; n += 1) {
      localStorage.setItem('clock', String(begin + Math.floor((n * 6.9 * day) / items)));
      const building = buildings[n % buildings.length].id;
      if (n % 5 === 0) await queue.add('report', { text: `离线报事 ${n}`, building });
      else await queue.add(n % 7 === 0 ? 'here' : 'patrol', n % 7 === 0 ? { building } : { building, note: `第 ${n} 条` });
    }
    return (await queue.list(0)).map((item) => item.id);
  }, [QUEUE, ITEMS, DAY]);
  assert.equal(made.length, ITEMS);

  // Killed, and opened again, still without a network.
  await page.context().close();
  await post(clerk, '/demo/clock', { advance: 'P7D' });
  await post(clerk, `/cases/${number}/note`, { text: '居民又打来电话' });
  page = await phone(dir, { offline: true });
  await page.goto(server.url('/field/pocket'));
  await pocket(page).waitFor();
  assert.equal(await queued(page), ITEMS);
  assert.match(await page.locator('field-outbox').innerText(), /已保存在本机，等待上传（\D*500\D*）/);
  const order = [];
  page.on('response', async (answer) => {
    if (!answer.url().endsWith('/field/items')) return;
    order.push({ id: answer.request().postDataJSON().id, status: answer.status() });
  });
  await page.context().setOffline(false);
  await page.waitForFunction(() => document.querySelector('[data-part=queue] h2 .num')?.textContent === '1', null, { timeout: ARRIVAL_MS });
  assert.deepEqual(order.map((o) => o.id), made, 'each once, in order');
  assert.deepEqual(order.filter((o) => o.status !== 201).map((o) => o.id), [made[0]], 'only the step on what had changed was refused');

  // The worker sees what the server says now and decides.
  const refused = page.locator('[data-item][data-state=stuck]');
  assert.match(await refused.innerText(), /这件事有了变化/);
  assert.match(await refused.innerText(), /现在是/);
  await good(page, 'a conflict', { quiet: false });
  assert.equal((await json(clerk, server, `/cases/${number}`)).state, 'handling', 'nothing was done over it');
  // In seven days its time ran out and it went to the desk above: it is no longer his, and that is said too.
  await refused.locator('[data-how=anyway]').click();
  await refused.filter({ hasText: '不归您办' }).waitFor();
  await refused.locator('[data-how=note]').click();
  await page.locator('[data-part=queue] .empty').waitFor();
  const { state, events } = await json(clerk, server, `/cases/${number}`);
  assert.equal(state, 'handling');
  assert.ok(events.some((e) => e.text?.includes('和摊主说好了')), 'his words are with the case');

  // What arrived: each report once, in order; the clock was three days slow and is corrected.
  const arrived = [];
  for (let next = ''; next !== null;) {
    const list = await json(page, server, `/cases?area=${(await json(page, server, '/me')).roles[0].area}&cursor=${encodeURIComponent(next)}`);
    arrived.push(...list.items.filter((i) => i.text?.startsWith('离线报事')));
    next = list.next;
  }
  const wanted = [0, ...Array.from({ length: ITEMS }, (_, n) => n).filter((n) => n >= 2 && n % 5 === 0)].map((n) => `离线报事 ${n}`);
  // Days have as many numbers as they need; the clock stands still, so only numbers tell the order.
  const nth = (item) => Number(item.number.split('-')[1]);
  assert.deepEqual(arrived.sort((a, b) => nth(a) - nth(b)).map((i) => i.text), wanted);
  const { sent } = await json(page, server, '/field');
  assert.ok(sent.every((s) => s.trust === 'corrected' && s.made_at !== s.at), 'both clocks are kept');
  const last = sent.find((s) => s.sort !== 'act');
  assert.ok(Math.abs(Date.parse(last.at) - Date.parse(last.received_at)) < DAY, 'what was noted last happened just before');
  await page.goto(server.url('/field'));
  assert.match(await page.locator('main').textContent(), /手机时间不准，已按服务器时间校正/);
  await page.context().close();
});

test('a lost phone is cut off, an ended session keeps what waits, a full phone says so', { timeout: 240_000 }, async () => {
  const page = await phone(await pocketDir());
  await signIn(page, server, 'grid_worker');
  await takeAlong(page);

  // The session ends while something waits: nothing is lost, and it goes on after signing in.
  const other = await open(browser, server, { look: DESK, role: 'grid_worker' });
  await page.context().setOffline(true);
  await put(page, 'report', { text: '会话结束前记的' });
  const { sessions } = await json(other, server, '/me');
  for (const s of sessions.filter((s) => !s.this)) await post(other, `/me/sessions/${s.id}/end`);
  await page.context().setOffline(false);
  await page.getByRole('link', { name: '去登录' }).waitFor();
  assert.equal(await queued(page), 1);
  assert.doesNotMatch(await page.locator('[data-part=homes], [data-part=cases]').first().innerText(), /\d{6}-\d{4}/, 'the pack is gone');
  await signIn(page, server, 'grid_worker');
  await page.goto(server.url('/field/pocket'));
  await page.locator('[data-part=queue] .empty').waitFor();

  // No room: it is said, and nothing half kept.
  await page.evaluate(() => {
    IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError'); };
  });
  await page.locator('[data-part=record] [name=text]').fill('存不下的');
  await keep(page);
  await page.locator('[data-part=state] .say').filter({ hasText: '手机存不下了' }).waitFor();
  assert.equal(await page.locator('[data-part=record] [name=text]').inputValue(), '存不下的', 'what was typed stays');
  await page.reload();
  await pocket(page).waitFor();

  // What the server will never take can be changed, or thrown away by its person.
  await put(page, 'act', { number: '200101-0001', action: 'note', text: '没有这件事' });
  await page.getByRole('button', { name: '现在上传' }).click();
  const refused = page.locator('[data-item][data-state=stuck]');
  await refused.waitFor();
  page.once('dialog', (dialog) => dialog.accept());
  await refused.locator('[data-how=drop]').click();
  await page.locator('[data-part=queue] .empty').waitFor();

  // Lost: cut off from another browser; at its next contact it keeps nothing, not even what waited.
  await takeAlong(page);
  await page.context().setOffline(true);
  await put(page, 'report', { text: '丢了的手机上的' });
  await other.goto(server.url('/field'));
  await other.locator('details', { has: other.locator('form[action$="/cut"]') }).locator('summary').click();
  const cut = other.locator('form[action$="/cut"]').first();
  await Promise.all([other.waitForEvent('load'), cut.locator('button').click()]);
  await page.context().setOffline(false);
  await page.locator('[data-part=state] .say').filter({ hasText: '已被停用' }).waitFor();
  assert.equal(await queued(page), 0);
  const left = await page.evaluate(() => new Promise((ok) => {
    const request = indexedDB.open('field');
    request.onsuccess = () => {
      const all = request.result.transaction('meta').objectStore('meta').getAllKeys();
      all.onsuccess = () => { request.result.close(); ok(all.result); };
    };
  }));
  assert.ok(!left.includes('pack') && !left.includes('key') && !left.includes('half'), `${left}`);
  await other.context().close();
  await page.context().close();
});

test('without a service worker an open page works all the same', { timeout: 120_000 }, async () => {
  const number = await assigned('凌晨装修太吵');
  const page = await phone(await pocketDir(), { serviceWorkers: 'block' });
  await signIn(page, server, 'grid_worker');
  await takeAlong(page, false);
  await page.context().setOffline(true);
  const form = page.locator('[data-part=record] form');
  await form.locator('[name=text]').fill('没有服务工作线程');
  await keep(page);
  await page.waitForFunction(() => document.querySelector('[data-part=queue] h2 .num')?.textContent === '1');
  await form.locator('[name=kind]').selectOption('act');
  await form.locator('[name=number]').selectOption(number);
  await form.locator('[name=action]').selectOption('feedback');
  await form.locator('[name=text]').fill('已经停工');
  await keep(page);
  await page.waitForFunction(() => document.querySelector('[data-part=queue] h2 .num')?.textContent === '2');
  // Moves the clock, so that the word of the desk is later than what the phone saw.
  await post(clerk, '/demo/clock', { advance: 'PT1M' });
  await post(clerk, `/cases/${number}/note`, { text: '请尽快' });
  await page.context().setOffline(false);
  const refused = page.locator('[data-item][data-state=stuck]');
  await refused.filter({ hasText: '这件事有了变化' }).waitFor();
  assert.equal(await queued(page), 1, 'the report has gone');
  await refused.locator('[data-how=anyway]').click();
  await page.locator('[data-part=queue] .empty').waitFor();
  assert.equal((await json(clerk, server, `/cases/${number}`)).state, 'feedback');
  await page.context().close();
});
