// An election of the residents' committee: the roll comes from the register, one vote for each home; a lost letter gets a new
// number; whoever names too many is told, and whoever has the most votes is elected.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, day, good, json, post, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

let number;
let letters;

test('a roll comes from the register, and candidates are announced', { timeout: 120_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/rolls'));
  await clerk.locator('details.act:has([name=register]) summary').click();
  await good(clerk, 'a roll from the register');
  const made = clerk.locator('form:has([name=register])');
  await made.locator('[name=title]').fill('居委会换届');
  await press(clerk, made.locator('button.primary'));
  await good(clerk, 'roll of homes');
  const roll = new URL(clerk.url()).pathname.split('/').at(-1);
  const { units } = await json(clerk, server, `/rolls/${roll}`);
  assert.ok(units.length > 3 && units.every((u) => u.owner === null), 'homes without names');
  await press(clerk, clerk.locator('form[action$="/post"] button'));
  await clerk.goto(server.url('/votes/new'));
  await send(clerk, '/votes', {
    title: '居委会换届选举', roll, opens_at: day(16), closes_at: day(26), seats: 2,
    topic1: 'committee', words1: '王秀英', topic2: 'committee', words2: '李建国', topic3: 'committee', words3: '赵敏',
  });
  number = new URL(clerk.url()).pathname.split('/').at(-1);
  await good(clerk, 'election draft');
  await press(clerk, clerk.locator('form[action$="/post"] button'));
  ({ letters } = await json(clerk, server, `/votes/${number}/letters`));
  await post(clerk, '/demo/clock', { advance: 'P18D' });
});

test('a lost letter gets a new number, and the old one opens nothing', { timeout: 120_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url(`/votes/${number}`));
  await clerk.locator('details.act:has(form[action$="/numbers"]) summary').click();
  await good(clerk, 'a new number');
  await clerk.locator('#renew').fill(letters[0].unit);
  await press(clerk, clerk.locator('form[action$="/numbers"] button'));
  await good(clerk, 'one letter');
  const old = letters[0].ballot;
  const one = (await json(clerk, server, `/votes/${number}/letters?unit=${encodeURIComponent(letters[0].unit)}`)).letters;
  assert.equal(one.length, 1);
  [letters[0]] = one;
  assert.notEqual(letters[0].ballot, old);
  const finder = await as(undefined, { look: PHONE });
  await finder.goto(server.url(`/ballots?ballot=${old}`));
  assert.match(await finder.locator('main').innerText(), /没有这个编号的选票/);
});

test('a neighbour watches what comes in', { timeout: 120_000 }, async () => {
  const neighbour = await as('resident', { look: PHONE, elder: true });
  await neighbour.goto(server.url(`/votes/${number}`));
  await neighbour.locator('details.act:has(form[action$="/scrutineers"]) summary').click();
  await good(neighbour, 'offers to watch');
  await press(neighbour, neighbour.locator('form[action$="/scrutineers"] button'));
  const clerk = await as('committee', { look: DESK });
  await post(clerk, `/votes/${number}/ballots`, { unit: letters[3].unit, channel: 'door', choices: ['yes', 'no', 'no'] });
  await clerk.goto(server.url(`/votes/${number}`));
  await press(clerk, clerk.locator('form[action*="/scrutineers/"] button[value="1"]'));
  await good(clerk, 'scrutineers');
  await neighbour.goto(server.url(`/votes/${number}`));
  await press(neighbour, neighbour.locator('a[href$="/scrutiny"]'));
  await good(neighbour, 'what came in');
  assert.equal((await json(neighbour, server, `/votes/${number}/scrutiny`)).rows[0].choices, null);
});

test('homes choose, and who has the most votes is elected', { timeout: 120_000 }, async () => {
  const ways = [{ look: PHONE, elder: true }, { look: PHONE, lang: 'en', js: false }, { look: DESK }];
  for (const [at, way] of ways.entries()) {
    const home = await as(undefined, way);
    await home.goto(server.url(`/ballots/${letters[at].ballot}`));
    await good(home, `ballot of an election ${at}`);
    const choose = async (choices) => {
      for (const [n, choice] of choices.entries()) await home.locator(`input[name=q${n + 1}][value=${choice}]`).check();
      await press(home, home.locator('form[action*="/ballots/"] button.primary'));
    };
    if (at === 0) {
      await choose(['yes', 'yes', 'yes']);
      assert.match(await home.locator('main').innerText(), /最多选 2 人/);
      home.noise.length = 0;
      await home.goto(server.url(`/ballots/${letters[at].ballot}`));
    }
    await choose(at === 2 ? ['yes', 'no', 'yes'] : ['yes', 'yes', 'abstain']);
    await home.locator('main p.say[role=status]').first().waitFor();
  }
  const clerk = await as('committee', { look: DESK });
  // The quorum of a residents' assembly is more than half: the rest is told at the door.
  const rest = letters.slice(3, Math.floor(letters.length / 2) + 2);
  for (const { unit } of rest) await post(clerk, `/votes/${number}/ballots`, { unit, channel: 'door', choices: ['yes', 'yes', 'no'] });
  await post(clerk, '/demo/clock', { advance: 'P12D' });
  for (const way of [{ look: PHONE, elder: true }, { look: DESK, lang: 'en' }]) {
    const page = await as(undefined, way);
    for (let tries = 0; tries < 40 && (await json(page, server, `/votes/${number}`)).phase !== 'published'; tries += 1) {
      await page.waitForTimeout(250);
    }
    await page.goto(server.url(`/votes/${number}`));
    await good(page, `who is elected (${way.lang ?? 'zh'})`);
    const seats = (await json(page, server, `/votes/${number}`)).questions.map((q) => q.result.seat);
    assert.deepEqual(seats, ['elected', 'elected', 'not']);
  }
});
