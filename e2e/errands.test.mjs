// Done for somebody: an old neighbour asks on a phone in large print, a grid worker takes it, receives papers, chooses a moment at a
// counter, gives the papers back and is done; the neighbour says so each time. Without scripts and in English, too.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { DESK, PHONE, as, good, json, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

let number;
let counter;
const at = () => server.url(`/errands/${number}`);
const badge = (page) => page.locator('main .badge').first().innerText();

test('the desk opens a counter, within the hours of the directory', { timeout: 180_000 }, async () => {
  const clerk = await as('subdistrict', { look: DESK });
  const { items } = await json(clerk, server, '/services?term=office');
  for (const one of items) {
    if (!counter && (await json(clerk, server, `/services/${one.id}/slots`)).keeps) counter = one;
  }
  await clerk.goto(server.url(`/services/${counter.id}/slots`));
  await good(clerk, 'counter, shut');
  await send(clerk, `/services/${counter.id}/counter`, { minutes: 30, seats: 2, ahead_days: 14, state: 'open' });
  assert.ok(await clerk.locator('input[type=radio][name=at]').count() > 3, 'moments can be booked');
  await good(clerk, 'counter, open');
});

test('an old neighbour asks, in large print and without scripts', { timeout: 180_000 }, async () => {
  const resident = await as('resident', { look: PHONE, elder: true, js: false });
  await resident.goto(server.url('/errands'));
  await good(resident, 'errands, large print');
  await press(resident, resident.locator('a[href$="/errands/new"]'));
  await good(resident, 'new errand, large print');
  await send(resident, '/errands', { kind: 'apply', words: '想办老年证，腿脚不便，下不了楼。', days: 30 });
  number = new URL(resident.url()).pathname.split('/').at(-1);
  assert.match(number, /^T-\d+$/);
  await good(resident, 'errand asked, large print');
});

test('a grid worker takes it, and papers change hands with the code', { timeout: 240_000 }, async () => {
  const worker = await as('grid_worker', { look: PHONE });
  await worker.goto(server.url('/errands'));
  await press(worker, worker.locator(`main a[href$="/errands/${number}"]`));
  assert.ok(!(await worker.locator('main').innerText()).includes('老年证'), 'words are for whoever does it');
  await good(worker, 'errand that waits');
  await press(worker, worker.locator('form[action$="/take"] button'));
  assert.match(await worker.locator('main').innerText(), /老年证/);
  const resident = await as('resident', { look: PHONE, lang: 'en' });
  await resident.goto(at());
  const code = (await resident.locator('section.card strong').innerText()).trim();
  assert.match(code, /^\d{6}$/);
  await good(resident, 'errand taken, en');
  const step = async (kind, fields) => {
    const box = worker.locator(`details:has(form[action$="/step"] input[name=kind][value="${kind}"])`);
    await box.locator('summary').click();
    for (const [name, value] of Object.entries(fields)) await box.locator(`[name=${name}]`).fill(value);
    await press(worker, box.locator('button'));
  };
  await step('in', { words: '身份证、两张一寸照片', code: '000000' });
  assert.ok(worker.noise.some((n) => n.includes('401')), 'a wrong code is refused');
  worker.noise.length = 0;
  await worker.goto(at());
  await step('in', { words: '身份证、两张一寸照片', code });
  await good(worker, 'papers in hand');
  assert.equal(await worker.locator('form[action$="/give-up"]').count(), 0, 'nothing ends while papers are out');
  // The counter, then a moment.
  await worker.locator(`details:has(a[href*="/slots?errand="]) > summary`).click();
  await press(worker, worker.locator(`a[href*="${counter.id}/slots?errand=${number}"]`));
  await good(worker, 'a moment for an errand');
  const free = worker.locator('input[type=radio][name=at]:not([disabled])').first();
  await free.check({ force: true });
  await press(worker, worker.locator('form[action$="/book"] button.primary'));
  assert.equal(new URL(worker.url()).pathname, new URL(at()).pathname);
  assert.match(await worker.locator('main').innerText(), /A-\d+/);
  await good(worker, 'errand with an appointment');
  await step('back', { words: '身份证、老年证', code });
  await step('done', { words: '老年证已送到家' });
  await good(worker, 'errand done');
});

test('the neighbour has the appointment in his calendar, and says that all is right', { timeout: 180_000 }, async () => {
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(server.url('/appointments'));
  await good(resident, 'my appointments, large print');
  await press(resident, resident.locator('main .list a.row').first());
  await good(resident, 'appointment, large print');
  const [file] = await Promise.all([resident.waitForEvent('download'), resident.locator('a[download]').click()]);
  assert.match(await readFile(await file.path(), 'utf8'), /^BEGIN:VCALENDAR\r\n[^]*BEGIN:VEVENT[^]*END:VCALENDAR\r\n$/);
  await resident.goto(at());
  await good(resident, 'errand to be confirmed, large print');
  await press(resident, resident.locator('form[action$="/confirm"] button'));
  const tone = await resident.locator('main .badge').first().getAttribute('data-tone');
  assert.equal(tone, 'jade', await badge(resident));
  await good(resident, 'errand closed, large print');
});

test('somebody books for himself, and cancels', { timeout: 180_000 }, async () => {
  const resident = await as('resident', { look: PHONE, js: false, lang: 'en' });
  await resident.goto(server.url(`/services/${counter.id}/slots`));
  await good(resident, 'moments, en, no scripts');
  await resident.locator('input[type=radio][name=at]:not([disabled])').nth(1).check({ force: true });
  await press(resident, resident.locator('form[action$="/book"] button.primary'));
  assert.match(new URL(resident.url()).pathname, /\/appointments\/A-\d+$/);
  await good(resident, 'appointment, en');
  const clerk = await as('subdistrict', { look: DESK });
  await clerk.goto(server.url(`/services/${counter.id}/appointments`));
  await good(clerk, 'a day of a counter');
  await resident.locator('details:has(form[action$="/cancel"]) > summary').click();
  await press(resident, resident.locator('form[action$="/cancel"] button'));
  await good(resident, 'appointment cancelled, en');
});
