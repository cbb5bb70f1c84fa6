// The same thing reported twice: while somebody reports he sees what was reported already and joins it; a desk merges the
// second report into the first, and whoever made it takes it out again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE, act, as, fill, form, good, json, post, press, reported, server, stage, ways } from './lib.mjs';

let place;

stage(async () => {
  const clerk = await as('committee');
  place = { area: (await json(clerk, server, '/me')).roles[0].area };
  await clerk.context().close();
});

for (const [lang, js, what] of ways([['zh', true, '北门儿童滑梯'], ['en', false, '南门健身器材']])) {
  test(`whoever reports it again is shown the first and joins it (${lang}${js ? '' : ', without JavaScript'})`, { timeout: 120_000 }, async () => {
    const clerk = await as('committee');
    const { number } = await reported(clerk, `${what}裂了一道口子`, { place });
    await clerk.context().close();
    const resident = await as('resident', { look: PHONE, lang, js });
    await resident.goto(server.url('/report'));
    const words = resident.locator('main form[action$="/report"]');
    await fill(words, 'text', `${what}裂了一道大口子`);
    await press(resident, words.locator('button[name=go][value=next]'));
    const where = resident.locator('main form[action$="/report"]');
    await fill(where, 'area', place.area);
    await press(resident, where.locator('button[name=go][value=next]'));
    await good(resident, 'what was reported already');
    const found = resident.locator('section.alike li', { hasText: number });
    assert.match(await found.innerText(), lang === 'zh' ? /都说到/ : /both say/, 'with the reason');
    await press(resident, (await form(resident, `/cases/${number}/follow`)).locator('button'));
    await good(resident, 'joined');
    assert.equal((await json(resident, server, `/reports/${number}`)).followers, 1);
    await resident.context().close();
  });
}

test('a desk merges from the suggestions, and the reporter takes his report out again', { timeout: 120_000 }, async () => {
  const [clerk, resident] = [await as('committee'), await as('resident', { look: PHONE })];
  const first = await reported(clerk, '南门快递柜一直报警', { place });
  const second = await reported(resident, '南门快递柜一直报警，响了一夜', { place });
  await post(clerk, `/cases/${second.number}/accept`, { class: 'noise' });
  await clerk.goto(server.url(`/cases/${second.number}`));
  await good(clerk, 'with suggestions');
  await act(clerk, second.number, 'merge', { pick: first.number });
  await good(clerk, 'merged');
  const seen = await json(clerk, server, `/cases/${second.number}`);
  assert.deepEqual([seen.state, seen.merged_into], ['merged', first.number]);

  await resident.goto(server.url(`/reports/${second.number}`));
  await good(resident, 'mine, merged');
  await act(resident, second.number, 'reopen', { reason: '响的是另一个柜子' });
  await good(resident, 'mine, on its own again');
  assert.equal((await json(resident, server, `/reports/${second.number}`)).state, 'accepted');
  await clerk.context().close();
  await resident.context().close();
});
