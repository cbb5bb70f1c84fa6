// Household cards as people live with them: a clerk gives and prints one, an old neighbour scans it or types its code, and
// a lost one opens nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, browser, good, json, open, press, send, server, stage, ways } from './lib.mjs';

stage();

for (const [lang, clerks, homes] of ways([
  ['zh', { look: DESK }, { look: PHONE, elder: true }],
  ['en', { look: PHONE, lang: 'en', js: false }, { look: PHONE, lang: 'en', js: false }],
])) {
  test(`a card is given, printed, scanned, and ended (${lang})`, { timeout: 120_000 }, async () => {
    const clerk = await as('committee', clerks);
    await clerk.goto(server.url('/cards'));
    await good(clerk, `cards (${lang})`);
    await send(clerk, '/cards', { name: '王秀英', place: '2单元501', building: (all) => all[0].value });
    await good(clerk, `a card to be printed (${lang})`);
    const id = new URL(clerk.url()).pathname.split('/').at(-1);
    const { code, link } = await json(clerk, server, `/cards/${id}`);
    assert.ok(!(await clerk.locator('.poster').innerText()).includes('秀英'), 'a finder reads no name');

    const home = await open(browser, server, homes);
    await home.goto(server.url(new URL(link).pathname.slice(new URL(server.url('/')).pathname.length - 1) + new URL(link).search));
    await good(home, `scanned (${lang})`);
    assert.equal((await home.context().request.get(server.url('/me'), { headers: { accept: 'application/json' } })).status(), 401, 'looking opens nothing');
    await press(home, home.locator('main form[action$="/card"] button'));
    assert.equal((await json(home, server, '/me')).name, '王秀英');

    // Typed, with a mistake first.
    const typing = await open(browser, server, homes);
    await typing.goto(server.url('/sign-in'));
    await press(typing, typing.locator('main a[href$="/card"]'));
    await typing.locator('[name=code]').fill('AAAAA-AAAAA-AAAAA-AAAAA');
    await press(typing, typing.locator('main form[action$="/card"] button'));
    assert.equal(await typing.locator('[role=alert]').count(), 1);
    await good(typing, `a wrong code (${lang})`, { quiet: false });
    await typing.locator('[name=code]').fill(code.toLowerCase());
    await press(typing, typing.locator('main form[action$="/card"] button'));
    assert.equal((await json(typing, server, '/me')).name, '王秀英');

    await clerk.goto(server.url('/cards'));
    await good(clerk, `cards that were given (${lang})`);
    await send(clerk, `/cards/${id}/end`);
    await good(clerk, `a card that was ended (${lang})`);
    await home.goto(server.url('/me'));
    assert.ok(new URL(home.url()).pathname.endsWith('/sign-in') || (await home.locator('[name=password]').count()) > 0, 'signed out');
    for (const page of [clerk, home, typing]) await page.context().close();
  });
}
