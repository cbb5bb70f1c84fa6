// A daughter acts for her mother, as both live it: invited on the mother's phone, seen on every page, ended by one press;
// and a clerk notes the consent of somebody who has no phone at all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, browser, good, json, open, post, press, reported, send, server, stage, ways } from './lib.mjs';

stage();

for (const [lang, elders, helpers] of ways([
  ['zh', { look: PHONE, elder: true }, { look: PHONE }],
  ['en', { look: PHONE, lang: 'en', js: false }, { look: DESK, lang: 'en', js: false }],
])) {
  test(`a helper is invited, acts, and is let go (${lang})`, { timeout: 120_000 }, async () => {
    const clerk = await as('committee');
    const card = await post(clerk, '/cards', { name: '王秀英', place: '2单元501' });
    const elder = await open(browser, server, elders);
    await post(elder, '/card', { code: card.code });
    await elder.goto(server.url('/me/trust'));
    await good(elder, `nobody acts for me yet (${lang})`);
    await send(elder, '/me/trust', { label: '女儿王芳' });
    await good(elder, `an invitation (${lang})`);
    const code = (await elder.locator('.receipt-code').innerText()).trim();

    const helper = await as('resident', helpers);
    await helper.goto(server.url('/me'));
    await press(helper, helper.locator('main a[href$="/me/trust"]'));
    await send(helper, '/me/trust/join', { code, label: '妈妈' });
    await good(helper, `I may act for her (${lang})`);
    const { id } = (await json(helper, server, '/me/trust')).elders[0];
    await send(helper, `/me/trust/${id}/act`);
    await good(helper, `acting for her (${lang})`);
    assert.equal(await helper.locator('.acting').count(), 1, 'every page says so');
    const { number } = await reported(helper, '妈妈家门口的灯坏了');
    await helper.goto(server.url('/me'));
    await good(helper, `her account, seen by a helper (${lang})`);
    assert.equal(await helper.locator('form[action$="/me/password"]').count(), 0);
    await press(helper, helper.locator('.acting button'));
    assert.equal(await helper.locator('.acting').count(), 0);

    await elder.goto(server.url('/progress'));
    await good(elder, `reported for me (${lang})`);
    assert.equal(await elder.locator(`main a[href*="${number}"]`).count(), 1);
    await elder.goto(server.url('/me/reads'));
    assert.match(await elder.locator('main').innerText(), lang === 'zh' ? /您的代办人/ : /your helper/);
    await elder.goto(server.url('/me/trust'));
    await send(elder, `/me/trust/${id}/end`);
    await good(elder, `let go (${lang})`);
    assert.equal((await json(helper, server, '/me/trust')).elders.length, 0);

    await clerk.goto(server.url('/cards'));
    await send(clerk, `/cards/${card.id}/trust`, { helper: 'resident', label: '女儿', consent: 'present' });
    await good(clerk, `a consent before the desk (${lang})`);
    const [again] = (await json(helper, server, '/me/trust')).elders;
    assert.equal(again.consent, 'present');
    await helper.goto(server.url('/me/trust'));
    await send(helper, `/me/trust/${again.id}/end`);
    for (const page of [clerk, elder, helper]) await page.context().close();
  });
}
