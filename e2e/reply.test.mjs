// Answers to choose from, and the same thing again, as a clerk meets them: with JavaScript the chosen words come into the
// field and can be changed, without it the server puts them; a solved matter that comes back is offered and linked.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESK, PHONE, act, good, json, open, options, press, startBrowser, startServer } from './lib.mjs';

let server;
let browser;
let area;
let n = 0;

before(async () => {
  [server, browser] = await Promise.all([startServer(['--clock', 'manual']), startBrowser()]);
  const page = await open(browser, server, { look: DESK, role: 'committee' });
  const me = await json(page, server, '/me');
  area = me.roles.find((r) => r.kind === 'committee').area;
  await page.context().close();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Makes a report about a lamp of the committee's community. */
async function report(page, text, place = {}) {
  const made = await page.context().request.post(server.url('/reports'), {
    headers: { accept: 'application/json', 'idempotency-key': `reply-${n += 1}` },
    data: { text, class: 'street-lamp', place: { area: typeof area === 'string' ? area : area.code, ...place } },
  });
  assert.equal(made.status(), 201, await made.text());
  return made.json();
}

for (const js of [true, false]) {
  test(`a clerk chooses an answer, ${js ? 'with' : 'without'} JavaScript`, { timeout: 120_000 }, async () => {
    const resident = await open(browser, server, { look: PHONE });
    const matter = await report(resident, `门口路灯不亮 ${js}`);
    const clerk = await open(browser, server, { look: DESK, js, role: 'committee' });
    await clerk.goto(server.url(`/cases/${matter.number}`));
    await good(clerk, `answers to choose from ${js}`);
    const form = clerk.locator(`form[action$="/cases/${matter.number}/accept"]`);
    const offered = await options(form, 'answer');
    assert.ok(offered.length >= 2);
    await form.locator('select[name=answer]').selectOption('accept');
    const field = form.locator('textarea[name=text]');
    if (js) {
      assert.match(await field.inputValue(), new RegExp(matter.number), 'the words come into the field');
      await field.fill('我们这就去。');
      await form.locator('select[name=answer]').selectOption('accept-look');
      assert.equal(await field.inputValue(), '我们这就去。', 'what was typed is not overwritten');
    }
    await press(clerk, form.locator('button[type=submit]'));
    await resident.goto(server.url(`/reports/${matter.number}?code=${matter.code}`));
    await good(resident, `the answer ${js}`);
    const words = await resident.locator('main .timeline').innerText();
    assert.ok(words.includes(js ? '我们这就去。' : matter.number), words);
    // Words that need a reason can be chosen without typing any.
    const other = await report(resident, `弄不清的事 ${js}`);
    await clerk.goto(server.url(`/cases/${other.number}`));
    await act(clerk, other.number, 'reject', { answer: 'reject-unclear' });
    assert.equal((await json(clerk, server, `/reports/${other.number}?code=${other.code}`)).state, 'rejected');
    await clerk.context().close();
    await resident.context().close();
  });
}

test('what comes back after it was solved is offered, linked, and can be unlinked', { timeout: 180_000 }, async () => {
  const resident = await open(browser, server, { look: PHONE });
  const at = async (page, number) => page.goto(server.url(`/cases/${number}`));
  const { buildings } = await json(resident, server, `/report?area=${typeof area === 'string' ? area : area.code}`);
  const place = { building: buildings[0].id };
  const first = await report(resident, '西侧围墙边的路灯又灭了', place);
  const clerk = await open(browser, server, { look: DESK, role: 'committee' });
  const firm = await open(browser, server, { look: DESK, role: 'property' });
  await at(clerk, first.number);
  await act(clerk, first.number, 'accept');
  await at(clerk, first.number);
  const name = (await json(firm, server, '/me')).roles.find((r) => r.kind === 'property').body;
  await act(clerk, first.number, 'dispatch', { to: (all) => all.find((o) => o.label.includes(name?.name ?? name)).value });
  await at(firm, first.number);
  await act(firm, first.number, 'accept');
  await at(firm, first.number);
  await act(firm, first.number, 'feedback', { answer: 'lighting-done' });
  await at(clerk, first.number);
  await act(clerk, first.number, 'check');
  await at(clerk, first.number);
  await act(clerk, first.number, 'close', { answer: 'close-solved' });
  await resident.context().request.post(server.url('/demo/clock'), { data: { advance: 'P3D' } });
  // In other words at the same building: the desk decides.
  const again = await report(resident, '北门口夜里漆黑', place);
  await clerk.context().clearCookies();
  const desk = await open(browser, server, { look: DESK, role: 'committee' });
  await desk.goto(server.url(`/desk?open=${again.number}`));
  await good(desk, 'maybe it came back');
  const form = desk.locator(`form[action$="/cases/${again.number}/links"]`);
  await form.locator(`input[value="${first.number}"]`).check({ force: true });
  await press(desk, form.locator('button'));
  await good(desk, 'linked on the desk');
  assert.equal((await json(desk, server, `/cases/${first.number}`)).again.links[0].number, again.number);
  for (const number of [again.number, first.number]) {
    await resident.goto(server.url(`/reports/${number}`));
    await good(resident, `linked ${number === first.number ? 'before' : 'after'}`);
    const other = number === first.number ? again.number : first.number;
    assert.equal(await resident.locator(`main a[href$="/reports/${other}"]`).count(), 1);
  }
  await desk.goto(server.url('/kpi/cases?measure=recurred'));
  await good(desk, 'what came back');
  await desk.goto(server.url(`/cases/${again.number}`));
  const undo = desk.locator(`form[action$="/links/${first.number}/undo"]`);
  await desk.locator('details', { has: undo }).locator('summary').first().click();
  await press(desk, undo.locator('button'));
  assert.equal((await json(desk, server, `/cases/${first.number}`)).again.links.length, 0);
});
