// One way is enough: the keyboard alone, and a voice alone without a typed word, each from the report to the rating. And
// the page read out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, act, as, browser, good, json, open, options, press, server, shot, stage, ways } from './lib.mjs';

stage();

/** Walks with the Tab key until a place is focused; fails when the keyboard does not lead there. */
async function tabTo(page, locator) {
  for (let i = 0; i < 120; i += 1) {
    if (await locator.evaluate((e) => e === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the keyboard does not reach ${locator} on ${page.url()}`);
}

/** Presses what is focused and waits for the next page. */
async function enter(page, key = 'Enter') {
  const loaded = page.waitForEvent('load');
  await page.keyboard.press(key);
  await loaded;
}

/** Staff bring a matter to its end. */
async function settle(number) {
  const clerk = await as('committee');
  const keeper = await as('property');
  const at = async (page, action, fields) => {
    await page.goto(server.url(`/cases/${number}`));
    await act(page, number, action, fields);
  };
  await at(clerk, 'accept');
  await clerk.goto(server.url(`/cases/${number}`));
  const to = (await options(clerk.locator('main form[action$="/dispatch"]').first(), 'to')).find((o) => o.label.includes('物业'));
  await at(clerk, 'dispatch', { to: to.value });
  await at(keeper, 'accept');
  await at(keeper, 'feedback', { text: '灯泡换好了' });
  await at(clerk, 'check');
  await at(clerk, 'close');
  await clerk.context().close();
  await keeper.context().close();
}

test('the keyboard alone files, follows and rates', { timeout: 180_000 }, async () => {
  const page = await open(browser, server, { look: DESK });
  const main = page.locator('main');
  await page.goto(server.url('/'));
  await tabTo(page, main.locator('a[href*="/report"]').first());
  await enter(page);
  await tabTo(page, main.locator('[name=text]'));
  await page.keyboard.type('三楼的楼道灯坏了');
  await tabTo(page, main.locator('button[name=go][value=next]').first());
  await enter(page);
  await tabTo(page, main.locator('select[name=area]'));
  await page.keyboard.press('ArrowDown');
  await tabTo(page, main.locator('button[name=go][value=next]').first());
  await enter(page);
  await tabTo(page, main.locator('form[action$="/reports"] button.primary'));
  await enter(page);
  const number = (await main.locator('.receipt-number').innerText()).trim();
  const code = (await main.locator('.receipt-code').innerText()).trim();
  await settle(number);
  // Comes back with number and code as they stand on paper.
  await page.goto(server.url('/'));
  await tabTo(page, page.locator('.top-nav a[href$="/progress"]'));
  await enter(page);
  await tabTo(page, main.locator('[name=number]'));
  await page.keyboard.type(number);
  await page.keyboard.press('Tab');
  await page.keyboard.type(code);
  await enter(page);
  const rating = main.locator('details:has(form[action$="/rate"])');
  if (!(await rating.evaluate((d) => d.open))) {
    await tabTo(page, rating.locator('summary'));
    await page.keyboard.press('Enter');
  }
  await tabTo(page, rating.locator('[name=score]').first());
  for (let i = 0; i < 6 && !(await rating.locator('[name=score][value="4"]').isChecked()); i += 1) await page.keyboard.press('ArrowDown');
  await tabTo(page, rating.locator('button[type=submit]'));
  await enter(page);
  assert.equal((await json(page, server, `/reports/${number}?code=${code}`)).rating?.score, 4);
  await page.context().close();
});

/** Gives the browser a voice that keeps what it was told to say, and a microphone that hums. */
function pretend() {
  window.heard = [];
  window.breath = 5; // ms that a breath takes
  const voices = [{ lang: 'zh-CN', localService: true, name: '婷婷' }];
  class Words extends EventTarget { constructor(text) { super(); this.text = text; } }
  window.SpeechSynthesisUtterance = Words;
  const speech = {
    getVoices: () => voices, addEventListener() {}, removeEventListener() {}, cancel() { this.stopped = true; },
    speak(words) { window.heard.push(words.text); this.stopped = false; setTimeout(() => !this.stopped && words.onend?.(), window.breath); },
  };
  Object.defineProperty(window, 'speechSynthesis', { value: speech });
  navigator.mediaDevices.getUserMedia = async () => {
    const audio = new AudioContext();
    const hum = audio.createOscillator();
    const out = audio.createMediaStreamDestination();
    hum.connect(out);
    hum.start();
    return out.stream;
  };
}

for (const elder of ways([false, true])) {
  test(`a voice alone files, follows and rates${elder ? ', in elder mode' : ''}`, { timeout: 180_000 }, async () => {
    const page = await open(browser, server, { look: PHONE, elder });
    await page.addInitScript(pretend);
    const main = page.locator('main');
    await page.goto(server.url('/'));
    await press(page, main.locator('a[href*="/report"]').first());
    const note = main.locator('voice-note');
    await note.locator('button').click();
    await note.getByRole('timer').filter({ hasText: '0:01' }).waitFor();
    // Sent while the microphone is still open: what was said goes along.
    await press(page, main.locator('button[name=go][value=next]').first());
    await good(page, 'report where, after a voice', { quiet: false });
    await main.locator('select[name=area]').selectOption({ index: 1 });
    await press(page, main.locator('button[name=go][value=next]').first());
    await press(page, main.locator('form[action$="/reports"] button.primary'));
    await good(page, 'receipt of a voice');
    const number = (await main.locator('.receipt-number').innerText()).trim();
    await settle(number);
    // By the link that the receipt gives: nothing is typed.
    await press(page, main.locator('a[href*="?code="].primary'));
    await good(page, 'matter told by a voice');
    assert.equal(await main.locator('.photos audio').count(), 1);
    const rating = main.locator('details:has(form[action$="/rate"])');
    if (!(await rating.evaluate((d) => d.open))) await rating.locator('summary').click();
    await rating.locator('.choice:has([value="5"])').click();
    await press(page, rating.locator('button[type=submit]'));
    const code = new URL(page.url()).searchParams.get('code');
    assert.equal((await json(page, server, `/reports/${number}?code=${code}`)).rating?.score, 5);
    await page.context().close();
  });
}

test('a page is read out, its number figure by figure, and stops when told', { timeout: 60_000 }, async () => {
  const page = await open(browser, server, { look: PHONE, elder: true });
  await page.addInitScript(pretend);
  await page.goto(server.url('/report'));
  const reader = page.locator('main read-aloud');
  await reader.getByRole('button', { name: '读给我听' }).click();
  await page.waitForFunction(() => window.heard.length > 3);
  const heard = () => page.evaluate(() => window.heard.join('|'));
  assert.match(await heard(), /说说|什么|哪里|照片/);
  await reader.getByRole('button', { name: '读给我听' }).waitFor(); // it comes to an end
  assert.equal(await page.locator('[data-read]').count(), 0);
  await page.locator('main [name=text]').fill('灯坏了');
  for (const next of ['button[name=go][value=next]', 'button[name=go][value=next]', 'form[action$="/reports"] button.primary']) {
    await press(page, page.locator(`main ${next}`).first());
  }
  await page.evaluate(() => { window.breath = 100; });
  await page.locator('main read-aloud').getByRole('button').click();
  await page.locator('[data-read]').first().waitFor();
  await shot(page, 'read-aloud');
  await page.waitForFunction(() => window.heard.some((text) => /^\d( \d){5}/.test(text)));
  await page.locator('main read-aloud').getByRole('button', { name: '不读了' }).click();
  const many = await page.evaluate(() => window.heard.length);
  assert.equal(await page.locator('[data-read]').count(), 0);
  await page.evaluate(() => new Promise((done) => { setTimeout(done, 300); }));
  assert.equal(await page.evaluate(() => window.heard.length), many);
  await page.context().close();
});
