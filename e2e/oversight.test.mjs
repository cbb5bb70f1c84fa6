// Figures that lead to their cases, and the random sample that is called.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE, as, form, good, json, press, server, stage, ways } from './lib.mjs';

stage();

/** The indicators of a year, once whoever counts has read the log of the demo: on a busy machine a story may be there first. */
async function counted(page) {
  for (let tries = 0; ; tries += 1) {
    const { indicators } = await json(page, server, '/kpi?days=366');
    if (indicators[0].raw.of > 0 || tries > 50) return indicators;
    await page.waitForTimeout(200);
  }
}

for (const [lang, way] of ways([['zh', {}], ['en', { lang: 'en', look: PHONE, js: false }]])) {
  test(`anybody goes from a rate to the cases behind it (${lang})`, { timeout: 60_000 }, async () => {
    const page = await as(undefined, way);
    await page.goto(server.url('/kpi'));
    await good(page, 'indicators');
    await press(page, page.locator('.tabs a').last());
    await good(page, 'of a year');
    const [{ raw, look }] = await counted(page);
    assert.ok(raw.of > 0 && raw.part <= raw.of);
    await press(page, page.locator(`a[href*="/kpi/cases?measure=${look}"]`).first());
    await good(page, 'cases behind a rate');
    await page.goto(server.url('/kpi/cases?measure=overdue&days=366'));
    await press(page, page.locator('main .list a').first());
    await good(page, 'a case behind a figure');
    assert.match(new URL(page.url()).pathname, /\/reports\/\d{6}-\d{4}$/);
    await page.context().close();
  });
}

for (const js of ways([true, false])) {
  test(`a clerk calls one of the sample and notes what was said${js ? '' : ', without JavaScript'}`, { timeout: 60_000 }, async () => {
    const page = await as('committee', { js, look: js ? undefined : PHONE });
    await page.goto(server.url('/callbacks'));
    await good(page, 'the sample');
    const open = (await json(page, server, '/callbacks')).items.filter((i) => i.reached === null && !i.own);
    const left = open.filter((i) => i.has_phone);
    assert.ok(left.length > 0, 'somebody of the sample can be called');
    // Who left no number is noted at once, without a page in between. (A sample is drawn: it may be without.)
    const none = open.find((i) => !i.has_phone);
    if (none) await press(page, page.locator(`form[action$="/callbacks/${none.number}"] button`));
    await press(page, page.locator(`main a[href$="/callbacks/${left[0].number}"]`));
    await good(page, 'whom to call');
    const note = await form(page, `/callbacks/${left[0].number}`);
    for (const name of ['reached', 'solved', 'satisfied']) await note.locator(`[name=${name}][value="1"]`).check({ force: true });
    await press(page, note.locator('button'));
    await good(page, 'noted');
    const said = (await json(page, server, '/callbacks')).items.find((i) => i.number === left[0].number);
    assert.deepEqual([said.reached, said.solved, said.satisfied], [true, true, true]);
    if (none) assert.equal((await json(page, server, '/callbacks')).items.find((i) => i.number === none.number).reached, false);
    await page.context().close();
  });
}
