// What every story needs: a server with the demo, a browser, and the questions asked of each page (does it speak, is it
// accessible, does it stay quiet, does it fit).
//
// Settings: XIEZHI_E2E_DATABASE_URL (a PostgreSQL server; a database is made for each run), XIEZHI_E2E_BASE (/p/app),
// XIEZHI_BIN, CHROMIUM, XIEZHI_E2E_SHOTS=1 (keeps pictures in out/).

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const run = promisify(execFile);
const HERE = fileURLToPath(new URL('.', import.meta.url));
const TARGET = process.env.CARGO_TARGET_DIR ?? join(HERE, '..', 'target');
export const BIN = process.env.XIEZHI_BIN ?? join(TARGET, 'debug', 'xiezhi');
export const BASE = process.env.XIEZHI_E2E_BASE ?? '';
const DATABASE = process.env.XIEZHI_E2E_DATABASE_URL;
/** The other engine repeats the stories, not every mode of every page. */
export const THOROUGH = !DATABASE;

const START_MS = 60_000;
const QUIET_MS = 300;
const STEP_MS = 15_000;
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export const PHONE = { viewport: { width: 360, height: 780 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
export const DESK = { viewport: { width: 1366, height: 768 } };

/** Makes a database of its own, so that each server starts with an empty one. */
async function freshDatabase() {
  const name = `e2e_${randomBytes(6).toString('hex')}`;
  await run('psql', ['-q', '-X', DATABASE, '-c', `create database ${name}`]);
  const url = new URL(DATABASE);
  url.pathname = `/${name}`;
  return url.toString();
}

/** Starts the demo; gives its address, its accounts and a way to stop it. */
export async function startServer(extra = []) {
  const data = await mkdtemp(join(tmpdir(), 'xiezhi-e2e-'));
  const people = extra.includes('--people') ? [] : ['--people', '60']; // each costs a moment of every start
  const args = ['demo', '--data', data, '--listen', '127.0.0.1:0', ...people, ...extra];
  if (DATABASE) args.push('--database-url', await freshDatabase());
  if (BASE) args.push('--base-path', BASE);
  const child = spawn(BIN, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk) => { complaint = (complaint + chunk).slice(-4000); });
  const server = { origin: '', accounts: [], data };
  await new Promise((ready, fail) => {
    let quiet;
    const late = setTimeout(() => fail(new Error(`the server is not ready: ${complaint}`)), START_MS);
    const done = () => { clearTimeout(late); ready(); };
    child.on('exit', (code) => { clearTimeout(late); fail(new Error(`the server ended (${code}): ${complaint}`)); });
    child.on('error', fail);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [word, a, b, c] = line.split(' ');
      if (word === 'listening') server.origin = new URL(a).origin;
      if (word === 'account') server.accounts.push({ role: a, name: b, password: c });
      // The accounts follow the address; nobody says which is the last.
      clearTimeout(quiet);
      if (server.origin) quiet = setTimeout(done, QUIET_MS);
    });
  });
  server.url = (path) => `${server.origin}${BASE}${path}`;
  server.account = (role) => {
    const found = server.accounts.find((a) => a.role === role);
    assert.ok(found, `the demo has no account for ${role}`);
    return found;
  };
  server.stop = async () => {
    child.removeAllListeners('exit');
    const gone = new Promise((done) => { child.once('exit', done); });
    child.kill('SIGTERM');
    await Promise.race([gone, new Promise((late) => { setTimeout(late, 5000); })]);
    child.kill('SIGKILL');
    await rm(data, { recursive: true, force: true });
  };
  return server;
}

export function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
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
  if (elder) await page.goto(server.url('/settings?elder=1&back=/'));
  if (lang === 'en') await page.goto(server.url('/settings?lang=en&back=/'));
  if (role) await signIn(page, server, role);
  return page;
}

/** A page for somebody who works at a desk, or `undefined` for anybody; with a way of looking as for [`open`]. */
export function as(role, way = {}) {
  return open(browser, server, { look: DESK, ...way, role });
}

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
  const text = await page.content();
  assert.ok(!text.includes('⟦'), `${what}: a text is missing: ${text.match(/⟦[^⟧]*⟧?/)?.[0]}`);
  if (quiet) assert.deepEqual(page.noise, [], `${what}: errors in the browser`);
  const { wide, seen, lang, twice } = await page.evaluate(() => {
    const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
    return {
      wide: document.documentElement.scrollWidth, seen: document.documentElement.clientWidth, lang: document.documentElement.lang,
      twice: ids.filter((id, i) => ids.indexOf(id) !== i),
    };
  });
  assert.deepEqual(twice, [], `${what}: names that stand twice`);
  assert.ok(wide <= seen + 1, `${what}: ${wide} px wide on a screen of ${seen}`);
  assert.match(lang, /^(zh-CN|en)$/, `${what}: language of the page`);
  await axeClean(page, what);
  if (process.env.XIEZHI_E2E_SHOTS) await shot(page, what.replace(/[^\p{L}\p{N}]+/gu, '-'));
}

/**
 * The shape of a page as the checker sees it: elements in order with their classes, roles and the attributes that matter,
 * whether each has words, how large the letters and the screen are. Rows that are alike are told once, and words are left
 * out: two pages of one shape differ in nothing that the rules look at.
 */
function shape(page) {
  return page.evaluate(() => {
    const MATTERS = /^(class|role|type|lang|href|for|alt|title|open|disabled|required|tabindex|autocomplete|inputmode|aria-.*|data-(tone|late|soon|elder|dark))$/;
    const WORDS = /^(lang|href|for|alt|title|aria-(label|labelledby|describedby|controls))$/;
    const told = (e) => {
      const own = [...e.attributes].filter((a) => MATTERS.test(a.name));
      const attributes = own.map((a) => (WORDS.test(a.name) ? `${a.name}${a.value ? '' : '!'}` : `${a.name}=${a.value}`)).sort();
      const words = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) ? '.' : '';
      return `${e.tagName}[${attributes}]${words}(${[...new Set([...e.children].map(told))]})`;
    };
    return `${window.innerWidth} ${told(document.documentElement)}`;
  });
}

const checked = new Set();

/**
 * No violation of WCAG 2.2 AA. A shape that was checked is not checked again; on the other engine
 * the pages are the same, and are not checked at all. Without JavaScript the checker cannot run: the same page is checked
 * with it.
 */
export async function axeClean(page, what) {
  if (!page.scripted || !THOROUGH) return;
  const seen = createHash('sha256').update(await shape(page)).digest('hex');
  if (checked.has(seen)) return;
  const { violations } = await new AxeBuilder({ page }).withTags(WCAG).setLegacyMode(true).analyze();
  const told = violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.slice(0, 3).map((n) => `    ${n.html}`).join('\n')}`);
  assert.equal(violations.length, 0, `${what}: not accessible\n${told.join('\n')}`);
  checked.add(seen);
}

/** Keeps a picture in out/. */
export async function shot(page, name, dir = join(HERE, 'out'), full = false) {
  await mkdir(dir, { recursive: true });
  const path = join(dir, `${name}.png`);
  await page.screenshot({ path, fullPage: full });
  return path;
}

/** Runs the program itself; gives its exit code. */
export async function xiezhi(...args) {
  try {
    await run(BIN, args);
    return 0;
  } catch (error) {
    if (typeof error.code !== 'number') throw error;
    return error.code;
  }
}
