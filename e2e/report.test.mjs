// The life of a matter, as people live it: somebody reports without signing in, the committee takes it and sends it on,
// the property company does it, the committee looks and closes, the reporter rates and opens it again. With and without
// JavaScript, and in elder mode. The receipt is then checked with the program itself, far from the server.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { DESK, PHONE, act, browser, fill, good, json, open, options, press, server, stage, xiezhi, ways } from './lib.mjs';

let place;

stage(async () => {
  // The community that the demo's committee answers for.
  const page = await open(browser, server, { look: DESK, role: 'committee' });
  const me = await json(page, server, '/me');
  place = me.roles.find((r) => r.kind === 'committee').area;
  await page.context().close();
});

const WAYS = [
  { name: 'on a phone', way: { look: PHONE } },
  { name: 'on a phone without JavaScript', way: { look: PHONE, js: false } },
  { name: 'in elder mode', way: { look: PHONE, elder: true } },
  { name: 'in English, on a desk', way: { look: DESK, lang: 'en' } },
];

/** The button that leads on. */
function onward(page) {
  return page.locator('main button[name=go][value=next], main form[action$="/reports"] button:not([value=back]):not([type=button])').first();
}

/** Reports something from the home page; gives the number and the tracking code. */
async function report(page, text) {
  await page.goto(server.url('/'));
  await good(page, 'home');
  await press(page, page.locator('main a[href*="/report"]').first());
  await good(page, 'report what');
  await page.locator('main [name=text]:visible').first().fill(text);
  await press(page, onward(page));
  await good(page, 'report where');
  const form = page.locator('main form').filter({ has: page.locator('[name=area]') }).first();
  const areas = await options(form, 'area');
  const ours = areas.find((a) => a.value === place || a.label.includes(place?.name ?? place));
  if (areas.length) await fill(form, 'area', (ours ?? areas[0]).value);
  await press(page, onward(page));
  await good(page, 'report contact');
  await page.locator('main [name=contact_name]').first().fill('王小明');
  await page.locator('main [name=contact_phone]').first().fill('13800001234');
  await press(page, onward(page));
  await good(page, 'receipt');
  const [number] = (await page.locator('main').innerText()).match(/\d{6}-\d{4,}/) ?? [];
  assert.ok(number, 'the receipt shows no number');
  const link = await page.locator('main a[href*="/receipt?code="]').first().getAttribute('href');
  const code = new URL(link, page.url()).searchParams.get('code');
  assert.ok(code, 'the receipt shows no tracking code');
  return { number, code, link };
}

async function state(page, { number, code }) {
  return (await json(page, server, `/reports/${number}?code=${code}`)).state;
}

/** A member of staff does one thing with the matter. */
async function staff(role, way, matter, action, fields) {
  const page = await open(browser, server, { ...way, look: DESK, role });
  await page.goto(server.url(`/cases/${matter.number}`));
  await good(page, `matter before ${action}`);
  await act(page, matter.number, action, fields);
  await page.goto(server.url(`/cases/${matter.number}`));
  await good(page, `matter after ${action}`);
  await page.context().close();
}

/** The organisation that an account works for, among the choices. */
async function body(role) {
  const page = await open(browser, server, { look: DESK, role });
  const me = await json(page, server, '/me');
  await page.context().close();
  const name = me.roles.find((r) => r.kind === role)?.body;
  return (choices) => {
    const found = choices.find((c) => c.value === name || c.label.includes(name?.name ?? name));
    assert.ok(found, `${JSON.stringify(name)} is not among ${choices.map((c) => c.label)}`);
    return found.value;
  };
}

for (const { name, way } of ways(WAYS)) {
  test(`a matter from report to reopening, ${name}`, { timeout: 180_000 }, async () => {
    const resident = await open(browser, server, way);
    const matter = await report(resident, `三楼的楼道灯坏了（${name}）`);
    assert.equal(await state(resident, matter), 'received');

    await staff('committee', way, matter, 'accept');
    assert.equal(await state(resident, matter), 'accepted');
    await staff('committee', way, matter, 'dispatch', { to: await body('property') });
    assert.equal(await state(resident, matter), 'dispatched');
    await staff('property', way, matter, 'accept');
    assert.equal(await state(resident, matter), 'handling');
    const photo = { name: 'lamp.png', mimeType: 'image/png', buffer: await resident.screenshot() };
    await staff('property', way, matter, 'feedback', { text: '灯泡换好了', media: photo });
    assert.equal(await state(resident, matter), 'feedback');
    await staff('committee', way, matter, 'check');
    assert.equal(await state(resident, matter), 'checking');
    await staff('committee', way, matter, 'close');
    assert.equal(await state(resident, matter), 'closed');

    // The reporter finds it again with number and code only.
    await resident.context().clearCookies({ name: /session/i });
    await resident.goto(server.url('/progress'));
    await good(resident, 'progress');
    await resident.locator('main [name=number]').fill(matter.number);
    await resident.locator('main [name=code]').fill(matter.code.toLowerCase().replaceAll('0', 'o'));
    await press(resident, resident.locator('main form:has([name=code]) button').first());
    await good(resident, 'my matter, closed');
    await act(resident, matter.number, 'rate', { score: 4 });
    await resident.goto(server.url(`/reports/${matter.number}?code=${matter.code}`));
    assert.equal((await json(resident, server, `/reports/${matter.number}?code=${matter.code}`)).rating?.score, 4);
    await good(resident, 'my matter, rated');
    await act(resident, matter.number, 'reopen', { reason: '晚上又不亮了' });
    assert.equal(await state(resident, matter), 'accepted');
    await resident.goto(server.url(`/reports/${matter.number}?code=${matter.code}`));
    await good(resident, 'my matter, open again');

    // The public sees that it exists, and nothing about who reported it.
    const stranger = await open(browser, server, way);
    await stranger.goto(server.url(`/reports/${matter.number}`));
    await good(stranger, 'the matter of somebody else');
    const seen = await stranger.content();
    assert.ok(!seen.includes('王小明') && !seen.includes('13800001234') && !seen.includes(matter.code));
    await stranger.context().close();
    await resident.context().close();
  });
}

test('a receipt proves itself without the server', { timeout: 60_000 }, async () => {
  const page = await open(browser, server, { look: PHONE });
  const { link } = await report(page, '小区东门的路灯不亮');
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator(`main a[href="${link}"]`).first().click()]);
  const file = join(server.data, 'receipt.json');
  const key = join(server.data, 'log.pub');
  await download.saveAs(file);
  await writeFile(key, await (await page.context().request.get(server.url('/log/key'))).body());
  assert.equal(await xiezhi('verify', file, '--key', key), 0);

  const receipt = await readFile(file, 'utf8');
  assert.ok(receipt.includes('东门'), 'the receipt says what was reported');
  await writeFile(file, receipt.replace('东门', '西门'));
  assert.equal(await xiezhi('verify', file, '--key', key), 1, 'a changed word');
  await writeFile(file, receipt.replace(/("index":\s*)(\d+)/, (_, name, n) => `${name}${Number(n) + 1}`));
  assert.equal(await xiezhi('verify', file, '--key', key), 1, 'a changed index');
  await writeFile(file, receipt.slice(0, receipt.length / 2));
  assert.equal(await xiezhi('verify', file, '--key', key), 2, 'half a file');
  await page.context().close();
});

test('the checking page says the same', { timeout: 60_000 }, async () => {
  const page = await open(browser, server, { look: PHONE, js: false });
  const { link } = await report(page, '垃圾桶满了');
  const receipt = await (await page.context().request.get(new URL(link, page.url()).toString())).text();
  for (const [text, ok] of [[receipt, true], [receipt.replace('垃圾桶', '垃圾箱'), false]]) {
    await page.goto(server.url('/verify'));
    await page.locator('main textarea[name=receipt]').fill(text);
    await press(page, page.locator('main form:has([name=receipt]) button').first());
    const answer = await page.locator('main').innerText();
    assert.ok(answer.length > 0);
    const data = await page.context().request.post(server.url('/verify'), {
      headers: { accept: 'application/json' }, form: { receipt: text },
    });
    assert.equal((await data.json()).result?.ok, ok);
  }
  await page.context().close();
});

test('what was typed survives a mistake', { timeout: 60_000 }, async () => {
  const page = await open(browser, server, { look: PHONE, js: false });
  await page.goto(server.url('/report'));
  await press(page, onward(page));
  await good(page, 'nothing said', { quiet: false });
  assert.match(new URL(page.url()).pathname, /\/report$/, 'stays on the first step');
  await page.locator('main [name=text]').first().fill('漏水');
  await press(page, onward(page));
  await press(page, page.locator('main button[name=go][value=back]').first());
  assert.equal(await page.locator('main [name=text]').first().inputValue(), '漏水');
  await page.context().close();
});
