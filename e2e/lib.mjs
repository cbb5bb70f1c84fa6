// What every story needs: a server with the demo, a browser, and the questions asked of each page (does it speak, is it
// accessible, does it stay quiet, does it fit).
//
// Settings: those of the server, CHROMIUM, XIEZHI_E2E_SHOTS=1 (keeps pictures in out/).

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { accessible } from './accessible.mjs';
import { THOROUGH, startServer } from './server.mjs';

export { BASE, BIN, THOROUGH, startServer, xiezhi } from './server.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const STEP_MS = 15_000;
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

export const PHONE = { viewport: { width: 360, height: 780 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
export const DESK = { viewport: { width: 1366, height: 768 } };

/**
 * The ways in which a story is told, of all that there are: looks, languages, without scripts. On the other engine the first is
 * enough: whichever way somebody goes, the same is written and read.
 */
export function ways(all) {
  return THOROUGH ? all : all.slice(0, 1);
}

/** A browser. One that dies while it starts, on a busy machine, tells nothing about us: another one is started. */
export async function startBrowser(tries = 3) {
  try {
    return await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  } catch (error) {
    if (tries <= 1) throw error;
    console.error(`the browser did not start: ${error.message.split('\n')[0]}`);
    return startBrowser(tries - 1);
  }
}

/** The demo and the browser of a file of stories: there from [`stage`] on. */
export let server;
export let browser;

/** Starts both (`extra`: more for the demo) before the stories of a file, stops them after; `ready` makes what they share. */
export function stage(ready, extra) {
  before(async () => {
    await raise(extra);
    await ready?.();
  });
  after(lower);
}

/** Starts both. */
export async function raise(extra) {
  [server, browser] = await Promise.all([startServer(extra), startBrowser()]);
}

/** Stops both. */
export async function lower() {
  await browser?.close();
  await server?.stop();
}

/** Does something as a program would, with the cookies of the page: for what a story only builds upon. */
export async function post(page, path, data = {}) {
  const answer = await page.context().request.post(server.url(path), {
    headers: { accept: 'application/json', origin: server.origin, 'idempotency-key': randomBytes(8).toString('hex') }, data,
  });
  assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`);
  return answer.json();
}

/** Reports something without the form; gives number and tracking code. */
export function reported(page, text, more = {}) {
  return post(page, '/reports', { text, ...more });
}

/** A day from today on, as a date field takes it. */
export function day(ahead) {
  return new Date(Date.now() + ahead * 86_400_000 + 8 * 3_600_000).toISOString().slice(0, 10);
}

/** Opens a page in a context of its own. `look`: PHONE or DESK; `js`, `elder`, `lang`, `role` as wanted. */
export async function open(browser, server, { look = PHONE, js = true, elder = false, lang = 'zh', role } = {}) {
  const context = await browser.newContext({
    ...look, javaScriptEnabled: js, acceptDownloads: true, locale: lang === 'en' ? 'en-GB' : 'zh-CN', reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MS);
  page.scripted = js;
  page.noise = [];
  page.on('console', (message) => { if (message.type() === 'error') page.noise.push(`console: ${message.text()}`); });
  page.on('pageerror', (error) => page.noise.push(`script: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) page.noise.push(`${response.status()} ${response.url()}`);
  });
  const wishes = [elder && 'elder=1', lang === 'en' && 'lang=en'].filter(Boolean);
  if (wishes.length) await context.request.get(server.url(`/settings?${wishes.join('&')}`), { maxRedirects: 0 });
  if (role) await known(context, server, role);
  return page;
}

/** Lets the server know a browser as somebody's, without the page for it: stories begin where people are signed in. */
async function known(context, server, role) {
  const { name, password } = server.account(role);
  const answer = await context.request.post(server.url('/sign-in'), {
    headers: { accept: 'application/json', origin: server.origin }, data: { name, password },
  });
  assert.ok(answer.ok(), `${role} could not sign in: ${answer.status()}`);
}

/** A page for somebody who works at a desk, or `undefined` for anybody; with a way of looking as for [`open`]. */
export function as(role, way = {}) {
  return open(browser, server, { look: DESK, ...way, role });
}

/** Signs in on the page for it. */
export async function signIn(page, server, role) {
  const { name, password } = server.account(role);
  await page.goto(server.url('/sign-in'));
  await page.locator('main [name=name]').first().fill(name);
  await page.locator('main [name=password]').first().fill(password);
  await press(page, page.locator('main form:has([name=password]) button[type=submit], main form:has([name=password]) button:not([type])').first());
  assert.ok(!new URL(page.url()).pathname.endsWith('/sign-in'), `${role} could not sign in`);
}

/** Presses a button or link that leads to another page, and waits for it. */
export async function press(page, locator) {
  const loaded = page.waitForEvent('load');
  await locator.click();
  await loaded;
}

/** Fills a field of a form, whatever it is: text, choice, score or files. */
export async function fill(form, name, value) {
  const field = form.locator(`[name="${name}"]`);
  const kind = await field.first().evaluate((f) => (f.tagName === 'INPUT' ? f.type : f.tagName.toLowerCase()));
  if (kind === 'file') return field.first().setInputFiles(value);
  if (kind === 'select') return field.first().selectOption(value);
  if (kind === 'radio' || kind === 'checkbox') return form.locator(`[name="${name}"][value="${value}"]`).check({ force: true });
  return field.first().fill(String(value));
}

/** Values and labels of a choice. */
export function options(form, name) {
  return form.locator(`select[name="${name}"] option, input[type=radio][name="${name}"]`).evaluateAll((all) => all.map((o) => ({
    value: o.value, label: o.label || o.labels?.[0]?.textContent?.trim() || o.textContent,
  })).filter((o) => o.value));
}

/** The form that posts to an address that ends so; whatever it is folded into is opened, the outermost first. */
export async function form(page, action) {
  const found = page.locator(`form[action$="${action}"][method=post]`).first();
  assert.equal(await found.count(), 1, `no form for ${action} on ${page.url()}`);
  const folded = page.locator('details:not([open])', { has: page.locator(`form[action$="${action}"][method=post]`) });
  for (let i = 0; i < 5 && !(await found.isVisible()); i += 1) await folded.first().locator(':scope > summary').click();
  return found;
}

/** Fills a form and sends it. A value may be a function that picks one of the choices. */
export async function send(page, action, fields = {}) {
  const filled = await form(page, action);
  for (const [name, value] of Object.entries(fields)) {
    await fill(filled, name, typeof value === 'function' ? value(await options(filled, name)) : value);
  }
  await press(page, filled.locator('button[type=submit], button:not([type])').first());
}

/** Does an action on the page of a matter. */
export function act(page, number, action, fields = {}) {
  return send(page, `/cases/${number}/${action}`, fields);
}

/** Asks for data as a program would, with the cookies of the page. */
export async function json(page, server, path) {
  const answer = await page.context().request.get(server.url(path), { headers: { accept: 'application/json' } });
  assert.equal(answer.status(), 200, path);
  return answer.json();
}

/** The page is accessible, translated, quiet, and as wide as its screen. */
export async function good(page, what, { quiet = true } = {}) {
  if (quiet) assert.deepEqual(page.noise, [], `${what}: errors in the browser`);
  const { missing, wide, seen, lang, twice } = await page.evaluate(() => {
    const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
    return {
      missing: document.documentElement.outerHTML.match(/⟦[^⟧]*⟧?/)?.[0],
      wide: document.documentElement.scrollWidth, seen: document.documentElement.clientWidth, lang: document.documentElement.lang,
      twice: ids.filter((id, i) => ids.indexOf(id) !== i),
    };
  });
  assert.equal(missing, undefined, `${what}: a text is missing`);
  assert.deepEqual(twice, [], `${what}: names that stand twice`);
  assert.ok(wide <= seen + 1, `${what}: ${wide} px wide on a screen of ${seen}`);
  assert.match(lang, /^(zh-CN|en)$/, `${what}: language of the page`);
  await accessible(page, what);
  if (process.env.XIEZHI_E2E_SHOTS) await shot(page, what.replace(/[^\p{L}\p{N}]+/gu, '-'));
}

/** Keeps a picture in out/. */
export async function shot(page, name, dir = join(HERE, 'out'), full = false) {
  await mkdir(dir, { recursive: true });
  const path = join(dir, `${name}.png`);
  await page.screenshot({ path, fullPage: full });
  return path;
}
