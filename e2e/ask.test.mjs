// What a class asks besides, and matters that others settle, as people meet them in the report form: a step of its own,
// nothing compulsory, nothing lost on the way back; whoever writes of a fire sees the number first and is not held up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, browser, fill, good, json, open, press, server, stage, ways } from './lib.mjs';

stage();

const WAYS = [
  { name: 'on a phone', way: { look: PHONE } },
  { name: 'without JavaScript', way: { look: PHONE, js: false } },
  { name: 'in elder mode', way: { look: PHONE, elder: true } },
  { name: 'in English, on a desk', way: { look: DESK, lang: 'en' } },
];

const onward = (page) => page.locator('main button[name=go][value=next], main form[action$="/reports"] button:not([value=back]):not([formaction])').first();
const back = (page) => page.locator('main button[name=go][value=back]').first();

/** Number and code from the receipt page. */
async function receipt(page) {
  const [number] = (await page.locator('main').innerText()).match(/\d{6}-\d{4,}/) ?? [];
  const link = await page.locator('main a[href*="/receipt?code="]').first().getAttribute('href');
  return { number, code: new URL(link, page.url()).searchParams.get('code') };
}

for (const { name, way } of ways(WAYS)) {
  test(`a class asks a word more, ${name}`, { timeout: 120_000 }, async () => {
    const page = await open(browser, server, way);
    await page.goto(server.url('/report?class=noise'));
    await page.locator('main textarea[name=text]').fill('楼下半夜还在放音乐');
    await press(page, onward(page));
    await good(page, `questions ${name}`);
    const form = page.locator('main form');
    await fill(form, 'answer-when', 'night');
    await fill(form, 'answer-when', 'midday');
    await fill(form, 'answer-since', '2026-03-01');
    await press(page, onward(page));
    await press(page, back(page));
    assert.ok(await page.locator('[name="answer-when"][value=night]').isChecked(), 'what was chosen is there on the way back');
    assert.equal(await page.locator('[name="answer-since"]').inputValue(), '2026-03-01');
    await press(page, onward(page));
    assert.equal(await page.locator('[name="answer-when"]:visible').count(), 0, 'it asks once');
    await press(page, onward(page));
    await press(page, onward(page));
    await good(page, `receipt ${name}`);
    const { number, code } = await receipt(page);
    const seen = await json(page, server, `/reports/${number}?code=${code}`);
    assert.equal(seen.answers.length, 2);
    assert.match(seen.answers[0].answer, way.lang === 'en' ? /Midday rest, At night|At night, Midday rest/ : /午休、深夜|深夜、午休/);
    await page.goto(server.url(`/reports/${number}?code=${code}`));
    await good(page, `matter with answers ${name}`);
    assert.ok((await page.locator('main dl.facts').innerText()).includes('2026-03-01'));
    await page.context().close();
  });
}

test('whoever writes of a fire sees the number first, and the report is taken', { timeout: 120_000 }, async () => {
  for (const way of [{ look: PHONE }, { look: PHONE, js: false }]) {
    const page = await open(browser, server, way);
    await page.goto(server.url('/report'));
    await page.locator('main textarea[name=text]').fill('地下车库着火了');
    await press(page, onward(page));
    await good(page, 'elsewhere');
    assert.equal(await page.locator('main a[href="tel:119"]').count(), 1);
    await press(page, onward(page));
    await press(page, onward(page));
    await press(page, onward(page));
    await good(page, 'receipt of what is elsewhere');
    assert.equal(await page.locator('main a[href="tel:119"]').count(), 1, 'said once more');
    const { number, code } = await receipt(page);
    assert.equal((await json(page, server, `/reports/${number}?code=${code}`)).state, 'received');
    await page.context().close();
  }
});

test('a question that is left open holds nobody up; a wrong number is said where it can be mended', { timeout: 120_000 }, async () => {
  const page = await open(browser, server, { look: PHONE });
  await page.goto(server.url('/report?class=building'));
  await page.locator('main textarea[name=text]').fill('屋顶漏水');
  await press(page, onward(page));
  await page.locator('[name="answer-floor"]').fill('顶楼');
  await press(page, onward(page));
  assert.equal(await page.locator('main [role=alert]').count(), 1);
  assert.equal(await page.locator('[name="answer-floor"]').inputValue(), '顶楼', 'what was typed is still there');
  await good(page, 'a wrong answer', { quiet: false });
  await page.locator('[name="answer-floor"]').fill('');
  await press(page, onward(page));
  assert.equal(await page.locator('main [name=address]:visible').count(), 1);
  await page.context().close();
});
