// A vote from its roll to its result: posted, printed, cast by phone, at the door and on paper that two people key; nobody sees
// how anybody voted before the end, and the same votes on paper and by phone give one result.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, day, good, json, post, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

const ROLL = '房号,业主,面积,性质,用途\n1-101,张三,100.00,,\n1-102,李四,90.00,,\n1-103,王五,80.00,,\nS-1,,70.00,建设单位,商铺\n';
let number;
let letters;

test('the committee posts a roll, somebody objects, and it is mended', { timeout: 120_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/rolls'));
  await good(clerk, 'rolls');
  const upload = async (name, text) => {
    await clerk.goto(server.url('/rolls'));
    const form = clerk.locator('form[action$="/rolls"][enctype]');
    await form.locator('[name=title]').fill(name);
    await form.locator('[name=file]').setInputFiles({ name: 'roll.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    await press(clerk, form.locator('button.primary'));
  };
  await upload('坏的', ROLL.replace('90.00', '0'));
  assert.match(await clerk.locator('main').innerText(), /3/, 'the line with the mistake');
  clerk.noise.length = 0;
  await good(clerk, 'roll with mistakes');
  await upload('幸福里', ROLL);
  await good(clerk, 'roll draft');
  await press(clerk, clerk.locator('form[action$="/post"] button'));
  const roll = new URL(clerk.url()).pathname;
  for (const [way, lang] of [[{ look: PHONE }, 'zh'], [{ look: PHONE, lang: 'en', elder: true }, 'en']]) {
    const resident = await as('resident', way);
    await resident.goto(`${new URL(server.url('/')).origin}${roll}`);
    await good(resident, `roll (${lang})`);
    assert.ok(!(await resident.locator('main').innerText()).includes('张三'), 'names in full are the desk’s');
    if (lang === 'zh') {
      await resident.locator('details.act').first().evaluate((d) => { d.open = true; });
      await send(resident, '/objections', { unit: '1-103', text: '面积应是 85 平方米' });
      await resident.locator('main [role=status]').waitFor();
    }
  }
  await clerk.reload();
  await clerk.locator('article details.act').first().evaluate((d) => { d.open = true; });
  const answer = clerk.locator('form[action*="/objections/"]').first();
  await answer.locator('[name=reason]').fill('按房产证改正');
  await answer.locator('[name=area]').fill('85');
  await press(clerk, answer.locator('button[value="1"]'));
  assert.match(await clerk.locator('main').innerText(), /345\.00/);
});

test('a vote is drafted, announced and printed', { timeout: 120_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/votes/new'));
  await good(clerk, 'new vote');
  await send(clerk, '/votes', {
    title: '换物业和装充电桩', opens_at: day(16), closes_at: day(26), topic1: 'manager', words1: '是否续聘现在的物业？',
    topic2: 'common-use', words2: '是否用绿地装充电桩？',
  });
  number = new URL(clerk.url()).pathname.split('/').at(-1);
  await good(clerk, 'vote draft');
  await press(clerk, clerk.locator('form[action$="/post"] button'));
  await good(clerk, 'vote announced');
  await clerk.goto(server.url(`/votes/${number}/letters`));
  await good(clerk, 'ballots to print');
  letters = (await json(clerk, server, `/votes/${number}/letters`)).letters;
  assert.equal(letters.length, 4);
  assert.ok(letters[0].ballot.length > 15 && letters[0].qr.startsWith('<svg'));
  await post(clerk, '/demo/clock', { advance: 'P18D' });
});

test('residents vote by phone, with and without scripts, and can change their mind', { timeout: 120_000 }, async () => {
  for (const [at, way, choice] of [[0, { look: PHONE, elder: true }, 'yes'], [1, { look: PHONE, js: false, lang: 'en' }, 'yes']]) {
    const visitor = await as(undefined, way);
    await visitor.goto(server.url('/ballots'));
    await good(visitor, `enter a ballot ${at}`);
    for (const typed of ['hello', letters[at].ballot.toLowerCase()]) {
      await visitor.locator('main [name=ballot]').fill(typed);
      await press(visitor, visitor.locator('main form[method=get] button.primary'));
    }
    await good(visitor, `ballot ${at}`);
    for (const first of ['no', choice]) {
      const again = visitor.locator('details.act:has(form[action*="/ballots/"])');
      if (await again.count()) await again.locator('summary').click();
      for (const q of ['q1', 'q2']) await visitor.locator(`input[name=${q}][value=${first}]`).check();
      await press(visitor, visitor.locator('form[action*="/ballots/"] button.primary'));
      await visitor.locator('main p.say[role=status]').first().waitFor();
    }
    await good(visitor, `voted ${at}`);
    await visitor.goto(server.url(`/votes/${number}`));
    await good(visitor, `vote going on ${at}`);
    assert.ok(!(await json(visitor, server, `/votes/${number}`)).questions[0].result, 'nobody sees how it stands');
  }
});

test('paper is keyed by two, a third looks where they differ, and all of it is one result', { timeout: 180_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  const street = await as('subdistrict', { look: DESK });
  const district = await as('district', { look: PHONE });
  const page = `/votes/${number}`;
  await clerk.goto(server.url(page));
  await clerk.locator('details.act:has([name=ballots]) summary').click();
  await clerk.locator('[name=ballots]').fill(`${letters[2].ballot}\n${server.url(`/ballots/${letters[3].ballot}`)}`);
  await press(clerk, clerk.locator('form[action$="/papers"] button'));
  await good(clerk, 'papers received');
  const key = async (who, n, choices) => {
    await who.goto(server.url(page));
    const form = who.locator(`form[action$="/papers/${n}"]`);
    await who.locator(`details.act:has(form[action$="/papers/${n}"]) summary`).click();
    for (const [q, choice] of Object.entries(choices)) await form.locator(`input[name=${q}][value=${choice}]`).check();
    await press(who, form.locator('button.primary'));
  };
  await key(clerk, 3, { q1: 'yes', q2: 'no' });
  await key(street, 3, { q1: 'yes', q2: 'no' });
  await key(clerk, 4, { q1: 'yes', q2: 'yes' });
  await key(street, 4, { q1: 'no', q2: 'yes' });
  await good(street, 'papers that differ');
  await key(district, 4, { q1: 'yes', q2: 'yes' });
  await post(clerk, '/demo/clock', { advance: 'P12D' });
  for (const [way, what] of [[{ look: PHONE }, 'phone'], [{ look: DESK, lang: 'en' }, 'desk'], [{ look: PHONE, elder: true }, 'elder']]) {
    const visitor = await as(undefined, way);
    for (let tries = 0; tries < 40 && (await json(visitor, server, page)).phase !== 'published'; tries += 1) await visitor.waitForTimeout(250);
    await visitor.goto(server.url(page));
    await good(visitor, `result (${what})`);
    const [first, second] = (await json(visitor, server, page)).questions;
    assert.deepEqual([first.result.result, first.result.agree], ['pass', { heads: 4, area: 34500 }]);
    assert.deepEqual([second.result.result, second.result.agree], ['pass', { heads: 3, area: 26000 }]);
    assert.deepEqual(first.result.channels, { link: 2, paper: 2 });
    await visitor.goto(server.url('/votes'));
    await good(visitor, `votes (${what})`);
  }
});
