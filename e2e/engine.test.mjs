// The hard parts of a case as people at desks live them: somebody is called to help, a case is passed round until it is
// ruled on, something cannot be solved now, a group takes something on, a colleague goes on leave, somebody presses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE, act, as, day, form, good, json, post, press, reported, send, server, stage, ways } from './lib.mjs';

let place;
let firm;

stage(async () => {
  const [clerk, property] = [await as('committee'), await as('property')];
  place = { area: (await json(clerk, server, '/me')).roles[0].area };
  firm = await body(property);
  await clerk.context().close();
  await property.context().close();
});

/** The organisation for which somebody is signed in. */
const body = async (page) => (await json(page, server, '/me')).roles[0].body;

const named = (name) => (choices) => choices.find((c) => c.label.includes(name)).value;

/** Reports, files and sends a matter to the property firm without looking at the pages. */
async function sent(clerk, text, filed = 'other') {
  const { number, code } = await reported(clerk, text, { place });
  await post(clerk, `/cases/${number}/accept`, { class: filed });
  await again(clerk, number);
  return { number, code };
}

async function again(clerk, number) {
  const { parties } = await json(clerk, server, `/cases/${number}`);
  await post(clerk, `/cases/${number}/dispatch`, { to: parties.find((p) => p.name === firm).id });
}

async function see(page, number, what) {
  await page.goto(server.url(`/cases/${number}`));
  await good(page, what);
}

for (const [lang, way] of ways([['zh', {}], ['en', { lang: 'en', js: false, look: PHONE }]])) {
  test(`the community whistles, the one who comes is rated (${lang})`, { timeout: 120_000 }, async () => {
    const clerk = await as('committee', way);
    const { number } = await sent(clerk, '独居老人三天没有出门');
    await see(clerk, number, 'before the whistle');
    const call = await form(clerk, `/cases/${number}/tasks`);
    await call.locator('label', { hasText: '志愿服务队' }).locator('input').check({ force: true });
    await call.locator('[name=text]').fill('请上门看看');
    await press(clerk, call.locator('button'));
    await good(clerk, 'called');

    const helper = await as('volunteer_group', way);
    await see(helper, number, 'a part of mine');
    const [{ id }] = (await json(helper, server, `/cases/${number}`)).tasks;
    await send(helper, `/tasks/${id}/answer`);
    await send(helper, `/tasks/${id}/done`, { text: '老人平安，只是手机坏了' });
    await good(helper, 'done');
    await helper.context().close();

    await see(clerk, number, 'a part that is done');
    await send(clerk, `/tasks/${id}/rate`, { score: 5 });
    await good(clerk, 'rated');
    assert.equal((await json(clerk, server, `/cases/${number}`)).tasks[0].score, 5);
    await clerk.context().close();
  });
}

test('the firm that leads shares the work out, one refuses, and it settles only when all parts have', { timeout: 120_000 }, async () => {
  const [clerk, property] = [await as('committee'), await as('property', { look: PHONE })];
  const [group, bureau] = [await as('volunteer_group'), await as('department')];
  const { number } = await sent(clerk, '楼道杂物要一起清');
  await see(property, number, 'sent to the firm that will lead');
  await act(property, number, 'accept');
  await see(property, number, 'led by the firm');
  const call = await form(property, `/cases/${number}/tasks`);
  for (const name of [await body(group), await body(bureau)]) {
    await call.locator('label', { hasText: name }).first().locator('input').check({ force: true });
  }
  await call.locator('[name=kind][value=joint]').check({ force: true });
  await call.locator('[name=text]').fill('周六上午一起清运');
  await press(property, call.locator('button'));
  await good(property, 'shared out');
  const parts = async () => (await json(property, server, `/cases/${number}`)).tasks;
  assert.deepEqual((await parts()).map((p) => [p.kind, p.state]), [['joint', 'asked'], ['joint', 'asked']]);

  const part = async (page) => (await json(page, server, `/cases/${number}`)).tasks.find((k) => k.actions.length > 0).id;
  const [first, second] = [await part(group), await part(bureau)];
  await see(group, number, 'my part of joint work');
  await send(group, `/tasks/${first}/done`, { text: '搬走了两车' });
  await see(bureau, number, 'the part of a bureau');
  await send(bureau, `/tasks/${second}/refuse`, { text: '清运要先登记' });
  await good(bureau, 'refused');

  // The lead has done its own part; the whole closes last: until then closing is not offered, and refused.
  await see(property, number, 'with a part that was refused');
  await act(property, number, 'feedback', { text: '楼道清空了' });
  await see(clerk, number, 'to be checked');
  await act(clerk, number, 'check');
  await see(clerk, number, 'checked, with a part that is open');
  assert.equal(await clerk.locator(`form[action$="/cases/${number}/close"]`).count(), 0);
  const early = await clerk.context().request.post(server.url(`/cases/${number}/close`), {
    data: { outcome: 'solved' }, headers: { accept: 'application/json', origin: server.origin },
  });
  assert.deepEqual([early.status(), (await early.json()).code], [409, 'tasks-open']);
  await see(property, number, 'handed in, a part was refused');
  await send(property, `/tasks/${second}/insist`, { text: '已经登记，请周六来' });
  await see(bureau, number, 'asked again');
  await send(bureau, `/tasks/${second}/done`, { text: '已清运' });
  assert.deepEqual((await parts()).map((p) => p.state), ['done', 'done']);
  await see(clerk, number, 'all parts have settled');
  await act(clerk, number, 'close', { outcome: 'solved' });
  await good(clerk, 'closed after its parts');
  assert.equal((await json(clerk, server, `/cases/${number}`)).state, 'closed');
  for (const page of [clerk, property, group, bureau]) await page.context().close();
});

test('passed round three times it is ruled on, and the next one is offered the ruling', { timeout: 120_000 }, async () => {
  const [clerk, property, street] = [await as('committee'), await as('property'), await as('subdistrict')];
  const passed = async (text) => {
    const { number } = await sent(clerk, text, 'water');
    for (const round of [1, 2, 3]) {
      await see(property, number, `return ${round}`);
      await act(property, number, 'return', { reason: '车库不归我们' });
      if (round < 3) await again(clerk, number);
    }
    return number;
  };
  const first = await passed('地下车库渗水');
  await see(street, first, 'a dispute');
  await act(street, first, 'rule', { to: named(firm), reason: '车库属物业管理区域' });
  await good(street, 'ruled');
  await see(property, first, 'bound by a ruling');
  assert.equal(await property.locator(`form[action$="/cases/${first}/return"]`).count(), 0, 'a ruling is not handed back');
  const next = await passed('车库又渗水');
  await see(street, next, 'a dispute with a precedent');
  const rule = await form(street, `/cases/${next}/rule`);
  assert.ok((await rule.innerText()).includes(first), 'the earlier ruling is named');
  assert.ok((await rule.locator('[name=to] option:checked').innerText()).includes(firm));
  for (const page of [clerk, property, street]) await page.context().close();
});

test('what cannot be solved now is put off in public, and comes back', { timeout: 120_000 }, async () => {
  const [clerk, street] = [await as('committee'), await as('subdistrict')];
  const { number } = await sent(clerk, '想给老楼加装电梯');
  await see(street, number, 'before putting off');
  await act(street, number, 'hang_up', { reason: '等明年改造的预算', until: day(60) });
  await good(street, 'put off');
  const anybody = await as(undefined, { look: PHONE, js: false });
  await anybody.goto(server.url('/hung-up'));
  await good(anybody, 'the library in public');
  const row = anybody.locator('li', { hasText: number });
  assert.match(await row.innerText(), /等明年改造的预算/);
  await see(clerk, number, 'at rest');
  await act(clerk, number, 'resume');
  await good(clerk, 'back');
  await anybody.reload();
  assert.equal(await row.count(), 0);
  assert.equal((await json(clerk, server, `/cases/${number}`)).state, 'dispatched');
  for (const page of [clerk, street, anybody]) await page.context().close();
});

test('a group of volunteers takes a matter on', { timeout: 60_000 }, async () => {
  const [clerk, group] = [await as('committee'), await as('volunteer_group', { look: PHONE })];
  const { number } = await reported(clerk, '楼前的旧沙发没有人搬', { place });
  await post(clerk, `/cases/${number}/accept`, { class: 'rubbish' });
  await see(group, number, 'to be taken on');
  await act(group, number, 'claim');
  await good(group, 'taken on');
  const { state, holder } = await json(group, server, `/cases/${number}`);
  assert.equal(state, 'handling');
  assert.match(holder.party, /志愿服务队/);
  await clerk.context().close();
  await group.context().close();
});

test('a colleague takes it over, and goes on leave', { timeout: 120_000 }, async () => {
  const clerk = await as('committee');
  const { number } = await reported(clerk, '想问问社区食堂', { place });
  await post(clerk, `/cases/${number}/accept`, { class: 'other' });
  await see(clerk, number, 'to be given to somebody');
  const { people } = await json(clerk, server, `/cases/${number}`);
  const me = (await json(clerk, server, '/me')).name;
  const [one, two] = people.filter((p) => p.name !== me);
  await act(clerk, number, 'assign', { to: one.id });
  await good(clerk, 'with a colleague');
  assert.equal((await json(clerk, server, `/cases/${number}`)).assignee, one.name);
  await clerk.goto(server.url('/roster'));
  await send(clerk, '/roster/leave', { person: one.id, substitute: two.id, from: day(0), to: day(1) });
  await good(clerk, 'leave noted');
  const assignee = async () => (await json(clerk, server, `/cases/${number}`)).assignee;
  for (let tries = 0; (await assignee()) !== two.name; tries += 1) {
    assert.ok(tries < 40, 'what lies with somebody on leave moves on by itself');
    await clerk.waitForTimeout(250);
  }
  await see(clerk, number, 'with the substitute');
  assert.ok(!(await clerk.locator('[name=to] option').allInnerTexts()).some((t) => t.includes(one.name)), 'nobody who is away is offered');
  await clerk.context().close();
});

for (const [lang, way] of ways([['zh', {}], ['en', { lang: 'en', js: false, look: PHONE }]])) {
  test(`somebody above presses, and all whom it concerns have it in their list (${lang})`, { timeout: 120_000 }, async () => {
    const [clerk, street, property] = [await as('committee', way), await as('subdistrict', way), await as('property', way)];
    const { number } = await sent(clerk, `下水道堵了一个月 ${lang}`);
    await see(street, number, 'before pressing');
    await act(street, number, 'supervise', { reason: '请本周办好', until: day(1) });
    await good(street, 'pressed');
    for (const page of [clerk, street, property]) {
      await page.goto(server.url('/orders'));
      await good(page, 'orders');
      const row = page.locator('li', { hasText: number });
      assert.match(await row.innerText(), lang === 'zh' ? /由街道治理中心（演示）督办/ : /Ordered by 街道治理中心/);
      await page.context().close();
    }
  });
}
