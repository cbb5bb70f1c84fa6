// A topic from a resident's phone to what residents think of its result: raised in large print, graded, convened with residents who
// were drawn, posted, held, published; somebody sees it without scripts, and says what he thinks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BASE, DESK, PHONE, as, good, json, post, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

const ROLL = `房号,业主\n${[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `1-10${n},住户${n}`).join('\n')}\n`;
let path;
let item;

/** A moment so many days ahead of the server's clock, as a field takes it. */
async function moment(page, days, hour) {
  const now = Date.parse((await json(page, server, '/equation')).at);
  return `${new Date(now + days * 86_400_000 + 8 * 3_600_000).toISOString().slice(0, 10)}T${String(hour).padStart(2, '0')}:00`;
}

const at = (page) => page.goto(server.url(path));
const opened = (page, what) => page.locator(`details.act:has(${what})`).evaluateAll((all) => all.forEach((d) => { d.open = true; }));

test('a resident raises a topic on the phone, and hears why one is declined', { timeout: 120_000 }, async () => {
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(server.url('/'));
  await good(resident, 'home with four doors');
  await press(resident, resident.locator('.doors a[href$="/together"]'));
  await good(resident, 'decide together (elder)');
  await press(resident, resident.locator('main a[href$="/consultations"]'));
  await good(resident, 'consultations (elder)');
  await press(resident, resident.locator('main a[href$="/consultations/new"]'));
  await good(resident, 'new topic (elder)');
  await send(resident, '/consultations', { text: '楼下停车太乱，老人出不了门，能不能一起定个办法' });
  path = new URL(resident.url()).pathname.slice(BASE.length);
  await good(resident, 'topic raised (elder)');
  await resident.goto(server.url('/consultations/new'));
  await send(resident, '/consultations', { text: '我家门口的树挡光' });
  const other = new URL(resident.url()).pathname.slice(BASE.length);

  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/consultations'));
  await good(clerk, 'consultations (desk)');
  await clerk.goto(server.url(other));
  await good(clerk, 'to be graded (desk)');
  await send(clerk, '/decline', { why: 'private', text: '树是您家种的，可以和邻居商量。' });
  await good(clerk, 'declined (desk)');
  await resident.goto(server.url(other));
  assert.match(await resident.locator('main').innerText(), /树是您家种的/);
  await good(resident, 'declined (elder)');
  await send(resident, '/appeal', { text: '树挡了整栋楼的光。' });
  await good(resident, 'asked again (elder)');
});

test('the desk grades, convenes with a draw, and posts', { timeout: 180_000 }, async () => {
  let clerk = await as('committee', { look: DESK });
  await at(clerk);
  await send(clerk, '/grade', { depth: 'deep', topic: 'parking', title: '楼下停车怎么停', question: '车位怎么划，老人怎么出门？' });
  await good(clerk, 'to be convened (desk)');
  await send(clerk, '/convene');
  assert.equal(await clerk.locator('main').count(), 1);
  clerk.noise.length = 0;
  await good(clerk, 'seats are missing (desk)');
  await clerk.goto(server.url('/rolls'));
  const form = clerk.locator('form[action$="/rolls"][enctype]');
  await form.locator('[name=title]').fill('一社区居民');
  await form.locator('[name=body][value=residents]').check({ force: true });
  await form.locator('[name=file]').setInputFiles({ name: 'roll.csv', mimeType: 'text/csv', buffer: Buffer.from(ROLL) });
  await press(clerk, form.locator('button.primary'));
  await press(clerk, clerk.locator('form[action$="/post"] button'));
  await at(clerk);
  const calls = clerk.locator('form[action$="/seats"]');
  const boxes = calls.locator('[name=bodies]');
  for (let n = 0; n < Math.min(4, await boxes.count()); n += 1) await boxes.nth(n).check({ force: true });
  await calls.locator('[name=heads]').first().check({ force: true });
  await press(clerk, calls.locator('button.primary'));
  await send(clerk, '/draw', { seats: '3' });
  await opened(clerk, 'p');
  await good(clerk, 'draw announced (desk)');
  await post(clerk, '/demo/clock', { advance: 'PT13H' });
  for (let tries = 0; tries < 40 && !(await json(clerk, server, path)).draw?.drawn_at; tries += 1) await clerk.waitForTimeout(250);
  await at(clerk);
  await opened(clerk, 'dl');
  await good(clerk, 'residents drawn (desk)');
  const convene = clerk.locator('form[action$="/convene"]');
  if (await convene.locator('[name=waive]').count()) {
    await convene.locator('[name=waive]').first().check({ force: true });
    await convene.locator('[name=why]').fill('本社区没有物业');
  }
  await press(clerk, convene.locator('button.primary'));
  await good(clerk, 'form to be chosen (desk)');
  await send(clerk, '/form', {
    form1: 'meeting', place1: '社区议事厅', opens_at1: await moment(clerk, 5, 9), closes_at1: await moment(clerk, 5, 23),
    form2: 'online', opens_at2: await moment(clerk, 4, 9), closes_at2: await moment(clerk, 6, 9),
  });
  await send(clerk, '/agenda', { items: '划出老人车位\n晚上十点后不许鸣笛' });
  await good(clerk, 'agenda written (desk)');
  await send(clerk, '/post');
  await good(clerk, 'agenda posted (desk)');
  const visitor = await as(undefined, { look: PHONE, lang: 'en' });
  await at(visitor);
  await opened(visitor, 'dl');
  await good(visitor, 'agenda posted (phone, en)');
  assert.ok(!(await visitor.locator('main').innerText()).includes('住户'), 'names are for the desk and the seats');
  // The draw gives a seat to somebody with an account, who takes it by the code of the letter.
  const seats = (await json(clerk, server, path)).seats;
  const drawn = seats.find((s) => s.code);
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(server.url('/seats'));
  await good(resident, 'take a seat (elder)');
  await send(resident, '/seats', { code: `${path.split('/').at(-1)}-${drawn.n}-${drawn.code}`.toLowerCase() });
  await good(resident, 'seat taken (elder)');
  await post(clerk, '/demo/clock', { advance: 'P4DT12H' });
});

test('seats say what they think, the desk keeps the sheet and the minutes, and publishes', { timeout: 180_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  const resident = await as('resident', { look: PHONE, elder: true });
  // Wherever the clock of the story stands in the day, the meeting goes on at its noon.
  const meeting = Date.parse((await json(clerk, server, path)).rounds[0].opens_at);
  const now = Date.parse((await json(clerk, server, '/equation')).at);
  if (now < meeting) await post(clerk, '/demo/clock', { advance: `PT${Math.ceil((meeting - now) / 60_000) + 60}M` });
  await at(resident);
  await good(resident, 'deliberation (elder)');
  const first = resident.locator('form[action$="/views"]').first();
  await first.locator('[name=stance][value=yes]').check({ force: true });
  await first.locator('[name=text]').fill('我家在一楼，门口总被堵');
  await press(resident, first.locator('button.primary'));
  await good(resident, 'view given (elder)');
  await at(clerk);
  await opened(clerk, '[name=seats]');
  const sheet = clerk.locator('form[action$="/sign"]:has([name=seats])').first();
  for (let n = 0; n < await sheet.locator('[name=seats]').count(); n += 1) await sheet.locator('[name=seats]').nth(n).check({ force: true });
  await press(clerk, sheet.locator('button.primary'));
  await opened(clerk, '[name=stance]');
  const note = clerk.locator('form[action$="/views"]:has(select[name=seat])');
  await note.locator('[name=item]').selectOption('2');
  await note.locator('[name=stance][value=abstain]').check({ force: true });
  await press(clerk, note.locator('button.primary'));
  await good(clerk, 'deliberation (desk)');
  await post(clerk, '/demo/clock', { advance: 'P2D' });
  const later = await as('committee', { look: DESK, lang: 'en' });
  await at(later);
  await send(later, '/hold', { minutes: '一楼住户说明了困难，各方同意划车位。' });
  await good(later, 'result to be written (desk, en)');
  const due = (await moment(later, 10, 9)).slice(0, 10);
  await send(later, '/publish', {
    outcome: 'agreed', summary: '划三个老人车位，十月底前划好。', words1: '划三个老人车位', item1: '1',
    body1: (all) => all[0].value, due_at1: due,
  });
  await good(later, 'published (desk, en)');
  item = (await json(later, server, path)).decisions[0].case;
  await later.goto(server.url(`${path}/file`));
  await good(later, 'file of a consultation (desk, en)');
});

test('residents see what was promised and say what they think, without scripts too', { timeout: 120_000 }, async () => {
  const resident = await as('resident', { look: PHONE, elder: true });
  await at(resident);
  await good(resident, 'result (elder)');
  await send(resident, '/appraise', { score: '4', text: '终于有人管了' });
  await good(resident, 'appraised (elder)');
  const visitor = await as(undefined, { look: PHONE, js: false });
  await at(visitor);
  await good(visitor, 'result (phone, no scripts)');
  assert.match(await visitor.locator('main').innerText(), /划三个老人车位/);
  await press(visitor, visitor.locator(`main a[href$="${item}"]`).first());
  await good(visitor, 'the case of a promise');
  await resident.goto(server.url('/inbox'));
  await good(resident, 'inbox with a consultation (elder)');
  const community = (await json(resident, server, '/consultations')).community.code;
  await resident.goto(server.url(`/appraisals/${community}`));
  await good(resident, 'the committee’s year (elder)');
  await send(resident, `/appraisals/${community}`, { awareness: '4', participation: '5', satisfaction: '4' });
  await good(resident, 'the committee’s year, given (elder)');
  await post(resident, '/demo/clock', { advance: 'P11D' });
  for (let tries = 0; tries < 40 && (await json(visitor, server, path)).decisions[0].stands !== 'late'; tries += 1) await visitor.waitForTimeout(250);
  await at(visitor);
  await good(visitor, 'a promise that is late');
  await visitor.goto(server.url('/consultations'));
  await good(visitor, 'consultations with one that is late');
});
