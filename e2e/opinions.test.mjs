// What people think, and what they spend a sum on: the desk asks, a resident answers on a phone in large print and without
// scripts, says something himself, sees the map; ideas are answered, posted, chosen and decided with their reasons.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, day, good, json, post, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

const open = (page, selector) => page.locator(selector).first().evaluate((d) => { d.open = true; });
let opinion;
let budget;

test('the desk asks for opinions, and residents answer one statement after the other', { timeout: 180_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/opinions/new'));
  await good(clerk, 'ask for opinions');
  await send(clerk, '/opinions', {
    title: '小区停车怎么办', about: '车位只有 120 个，车有 200 辆。', closes_at: day(30),
    statements: '应该划出收费车位\n消防通道一律不许停\n晚上可以借用学校操场',
  });
  opinion = new URL(clerk.url()).pathname.split('/').at(-1);
  await good(clerk, 'opinions, desk');
  for (const [name, way] of [['large print', { look: PHONE, elder: true }], ['en, no scripts', { look: PHONE, js: false, lang: 'en' }]]) {
    const resident = await as('resident', way);
    await resident.goto(server.url('/opinions'));
    await good(resident, `opinions list (${name})`);
    await resident.goto(server.url(`/opinions/${opinion}`));
    await good(resident, `opinion (${name})`);
    // The first reader answers all; the second finds his answers and changes one.
    for (const said of ['1', '-1', '0']) {
      const button = resident.locator(`.opinion-answers button[value="${said}"]`);
      if (await button.count()) await press(resident, button);
    }
    await good(resident, `opinion answered (${name})`);
    await resident.locator('details.act:has(.opinion-given)').first().locator('summary').click();
    await press(resident, resident.locator('.opinion-given button:not([aria-pressed])').first());
    assert.equal((await json(resident, server, `/opinions/${opinion}`)).answered, 3);
    if (way.elder) {
      await send(resident, '/statements', { words: '白天也可以给外面的车停' });
      await resident.locator('#own li').waitFor();
      await good(resident, 'opinion said');
    }
    await resident.goto(server.url(`/opinions/${opinion}/map`));
    await good(resident, `too few for a map (${name})`);
  }
  await clerk.reload();
  await good(clerk, 'statement to read');
  await press(clerk, clerk.locator('#check button[value=shown]'));
  assert.equal((await json(clerk, server, `/opinions/${opinion}`)).statements, 4);
});

test('the map of a demo conversation is read on a phone and at a desk', { timeout: 120_000 }, async () => {
  const { items } = await json(await as('resident', { look: PHONE }), server, '/opinions');
  const done = items.find((i) => i.voters > 10);
  assert.ok(done, 'the demo plays a conversation that has a map');
  for (const [name, way] of [['phone', { look: PHONE }], ['desk, en', { look: DESK, lang: 'en' }], ['large print', { look: PHONE, elder: true }]]) {
    const reader = await as('subdistrict', way);
    await reader.goto(server.url(`/opinions/${done.number}/map`));
    await reader.locator('.opinion-map circle').first().waitFor();
    await good(reader, `map of opinions (${name})`);
  }
});

test('ideas are answered, posted, chosen on a phone, and the money goes with its reasons', { timeout: 180_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/budgets/new'));
  await good(clerk, 'new budget');
  await send(clerk, '/budgets', {
    title: '十万元办实事', about: '今年的惠民资金。', amount: '100000', most: '2', ideas_until: day(5), opens_at: day(10), closes_at: day(20),
  });
  budget = new URL(clerk.url()).pathname.split('/').at(-1);
  const resident = await as('resident', { look: PHONE, elder: true });
  for (const words of ['三号楼门口装一盏路灯', '小花园修一条坡道']) {
    await resident.goto(server.url(`/budgets/${budget}`));
    await send(resident, '/ideas', { words });
  }
  await good(resident, 'budget ideas');
  await clerk.reload();
  await good(clerk, 'ideas to answer');
  for (const [n, title, cost] of [[1, '三号楼路灯', '8000'], [2, '小花园坡道', '30000']]) {
    const form = clerk.locator(`form[action$="/projects/${n}"]:has([value=list])`);
    await form.evaluate((f) => { f.closest('details').open = true; });
    await form.locator('[name=title]').fill(title);
    await form.locator('[name=cost]').fill(cost);
    await press(clerk, form.locator('button.primary'));
  }
  await post(clerk, '/demo/clock', { advance: 'P7D' });
  await clerk.reload();
  await press(clerk, clerk.locator('form[action$="/post"] button'));
  await good(clerk, 'budget posted');
  await post(clerk, '/demo/clock', { advance: 'P5D' });
  for (const [name, way] of [['large print', { look: PHONE, elder: true }], ['en, no scripts', { look: PHONE, js: false, lang: 'en' }]]) {
    const voter = await as('resident', way);
    await voter.goto(server.url(`/budgets/${budget}`));
    await good(voter, `choose (${name})`);
    await voter.locator('[name=projects][value="1"]').check();
    await press(voter, voter.locator('form[action$="/ballot"] button.primary'));
    await voter.locator('main p.say[role=status]').first().waitFor();
    await good(voter, `chosen (${name})`);
  }
  await post(clerk, '/demo/clock', { advance: 'P12D' });
  const visitor = await as(undefined, { look: PHONE });
  let over;
  for (let n = 0; n < 50 && over?.phase !== 'published'; n += 1) {
    over = await json(visitor, server, `/budgets/${budget}`);
    if (over.phase !== 'published') await visitor.waitForTimeout(200);
  }
  assert.deepEqual(over.projects.map((p) => [p.n, p.won, p.reason]), [[1, true, 'bought'], [2, false, 'few']]);
  await visitor.goto(server.url(`/budgets/${budget}`));
  await open(visitor, 'details.act');
  await good(visitor, 'budget decided');
  // Who carries it out, and until when, stands on the same page.
  const page = await as('committee', { look: DESK });
  await page.goto(server.url(`/budgets/${budget}`));
  await page.locator('details.act:has(form[action$="/task"]) summary').first().click();
  await good(page, 'who carries it out');
  await send(page, '/projects/1/task', { due_at: day(60), body: (all) => all[0].value });
  await good(page, 'carried out');
  await visitor.goto(server.url(`/budgets/${budget}`));
  assert.equal((await json(visitor, server, `/budgets/${budget}`)).projects[0].task.stands, 'doing');
  await press(visitor, visitor.locator('main article a[href*="/reports/"]').first());
  await good(visitor, 'the case of a project');
  await visitor.goto(server.url('/budgets'));
  await good(visitor, 'budgets list');
});
