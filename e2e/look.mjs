// Pictures of every page, for people who look at them: `npm run look [pattern]` writes them into out/, each as phone, desk,
// large print and English, some also on paper and on a dark wall; the pattern fits names such as `case-.*elder`. Beside
// each it says what a program can see: too wide, too small for a thumb, cut, half-width signs. Nothing here is a test.

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startGateway } from './gateway.mjs';
import { DESK, PHONE, browser, lower, open, raise, server, shot } from './lib.mjs';
import { content } from './look_content.mjs';
import { PAPER, WALL, pages } from './look_pages.mjs';
import { startProviders } from './provider.mjs';

const OUT = fileURLToPath(new URL('out/', import.meta.url));
const WANTED = new RegExp(process.argv[2] ?? '');
const HAND = { ...PHONE, deviceScaleFactor: 1 };
const LOOKS = [
  ['phone', { look: HAND }], ['desk', { look: DESK }], ['elder', { look: HAND, elder: true }], ['elder-desk', { look: DESK, elder: true }],
  ['en', { look: DESK, lang: 'en' }], ['en-phone', { look: HAND, lang: 'en' }], ['en-elder', { look: HAND, lang: 'en', elder: true }],
  ['en-elder-desk', { look: DESK, lang: 'en', elder: true }],
  ['paper', { look: { viewport: { width: 680, height: 960 } } }],
  ['wall', { look: { viewport: { width: 1920, height: 1080 } } }],
];
/** As long as a map may need to draw on a slow machine, and to draw again. */
const [MAP_MS, SETTLE_MS] = [15_000, 4000];
/** Most pages look the same to the same person: he signs in once for each way of looking. */
const seats = new Map();
let made;

const fits = (name, look) => WANTED.test(`${name}-${look}`) && (look !== 'paper' || PAPER.includes(name)) && (look !== 'wall' || WALL.includes(name));

async function seat(look, way, role) {
  if (!role) return open(browser, server, way);
  const key = `${look} ${role}`;
  if (!seats.has(key)) seats.set(key, await open(browser, server, { ...way, role }));
  return seats.get(key);
}

/** What was said of one page is not said of the next one that looks so. */
const told = new Set();

function fresh(look, remark) {
  const known = told.has(`${look} ${remark}`);
  told.add(`${look} ${remark}`);
  return !known;
}

/** What a program sees of a page. */
function remarks(page) {
  return page.evaluate(() => {
    const elder = 'elder' in document.documentElement.dataset;
    const [least, said] = [elder ? 60 : 44, new Set()];
    const tell = (what, e) => said.add(`${what}: ${(e.innerText || e.value || e.name || e.className || e.tagName).trim().slice(0, 24)}`);
    // A phone shows a page that is too wide smaller: `innerWidth` grows with it.
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth + 1) said.add(`${scrollWidth} px wide`);
    // A link within a sentence may be as high as its line.
    const inline = (e) => getComputedStyle(e).display === 'inline' && e.parentElement.innerText.trim().length > e.innerText.trim().length + 3;
    for (const e of document.querySelectorAll('a, button, input, select, textarea, summary, .choice, .tick')) {
      const box = e.getBoundingClientRect();
      const within = e.closest('.choice, .tick');
      if (!box.width || !e.checkVisibility() || box.height < 2 || (within && within !== e) || inline(e)) continue;
      if (box.height < least - 1) tell(`${Math.round(box.height)} px high`, e);
      if (box.right > clientWidth + 1 && !e.closest('.table-wrap, .queue-row')) tell('out of the page', e);
    }
    for (const e of document.querySelectorAll('main *')) {
      const style = getComputedStyle(e);
      if (/hidden|clip/.test(style.overflowX) && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1 && e.innerText?.trim()) tell('cut', e);
      if ([...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && parseFloat(style.fontSize) < (elder ? 18 : 14)) tell(`letters of ${style.fontSize}`, e);
    }
    const text = document.body.innerText;
    for (const found of text.match(/⟦[^⟧]*⟧?|\b[a-z]+_[a-z_]+\b|undefined|\[object/g) ?? []) said.add(`raw: ${found}`);
    if (document.documentElement.lang === 'en') for (const found of text.match(/\b[^\n]{0,12}[a-z][，。；：！？（）][^\n]{0,6}/g) ?? []) said.add(`full width: ${found}`);
    else for (const found of text.match(/[^\n]{0,6}[一-鿿] ?[,;:!?()](?!\/)[^\n]{0,6}|[^\n]{0,8}！/g) ?? []) said.add(`half width: ${found}`);
    let level = 0;
    for (const h of document.querySelectorAll('h1, h2, h3, h4')) {
      if (Number(h.tagName[1]) > level + 1) tell(`${h.tagName} after H${level}`, h);
      level = Number(h.tagName[1]);
    }
    return [...said];
  });
}

async function take(name, look, way, role, path, act) {
  const page = await seat(look, way, role);
  const answer = await page.goto(server.url(path + (look === 'wall' ? `${path.includes('?') ? '&' : '?'}dark=1` : '')));
  await act?.(page, made);
  if (look === 'paper') await page.emulateMedia({ media: 'print' });
  // In a picture of the whole page the bar at the bottom of the window stands at the bottom of the page, and hides nothing.
  await page.evaluate(() => {
    document.body.style.position = 'relative';
    for (const bar of document.querySelectorAll('.tabbar')) bar.style.position = 'absolute';
  });
  const map = await page.locator('grid-map, grid-draw').count();
  const { viewport } = way.look;
  if (map) {
    await page.locator('.map[data-drawn]').waitFor({ timeout: MAP_MS }).catch(() => {});
    // A map is drawn anew when the window grows: it grows before the picture is taken.
    if (look !== 'wall') await page.setViewportSize({ ...viewport, height: Math.min(3000, await page.evaluate(() => document.documentElement.scrollHeight)) });
    await page.waitForTimeout(SETTLE_MS);
  }
  await shot(page, `${name}-${look}`, OUT, look !== 'wall' && !map);
  if (map) await page.setViewportSize(viewport);
  console.log(answer.status(), `${name}-${look}`, (await remarks(page)).filter((r) => fresh(look, r)).map((r) => `\n      ${r.replaceAll('\n', ' ')}`).join(''));
  await page.emulateMedia({ media: null });
  if (!role) await page.context().close();
}

// As a node that is well set up: with an SMS gateway and with the sign-on of others.
const [there, gateway] = await Promise.all([startProviders(), startGateway()]);
await writeFile(there.config, `${await readFile(there.config, 'utf8')}\n${(await readFile(gateway.config, 'utf8')).replace(/^public_url.*/, '')}`);
await raise(['--config', there.config]);
there.lead(server.origin);
server.origin = there.front;
try {
  made = { ...await content(), there };
  const all = pages(made);
  for (const [name, role, path, act] of all) {
    for (const [look, way] of LOOKS) {
      if (fits(name, look)) await take(name, look, way, role, path, act).catch((error) => console.log('---', `${name}-${look}`, error.message.split('\n')[0]));
    }
  }
} finally {
  await lower();
  await there.stop();
  await gateway.stop();
}
