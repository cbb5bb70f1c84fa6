// Only paper and SMS: a clerk prints forms, keys what came back by keyboard alone, and somebody who has nothing but a simple
// phone hears how it goes on, asks, and rates. The gateway is a server of our own; time stands still by day.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startGateway } from './gateway.mjs';
import { BASE, DESK, PHONE, fill, form, good, json, lower, open, press, raise, send, shot, browser, server, ways } from './lib.mjs';

let gateway;
let now;
let serial = '';

/** Waits until a message came whose words fit. */
const came = (fits) => gateway.came((m) => fits.test(m.text));

before(async () => {
  gateway = await startGateway('reply_secret_file = "FOLDER/reply"\n', { reply: 'r3ply' });
  await raise(['--config', gateway.config, '--clock', 'manual']);
  // At ten in the morning of the next day nothing waits for the morning.
  const started = Date.parse((await (await fetch(server.url('/equation'), { headers: { accept: 'application/json' } })).json()).at);
  const hour = 3_600_000;
  const ahead = 24 * hour - ((started + 8 * hour) % (24 * hour)) + 10 * hour;
  const moved = await fetch(server.url('/demo/clock'), {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ advance: `PT${Math.floor(ahead / 60_000)}M` }),
  });
  assert.ok(moved.ok, await moved.text());
  now = started + Math.floor(ahead / 60_000) * 60_000;
});

after(async () => {
  await lower();
  await gateway?.stop();
});

/** A message from a phone comes in; gives what became of it. */
async function text(id, from, words) {
  const message = { id, from, text: words, time: String(now) };
  const sign = createHmac('sha256', 'r3ply').update(`${message.id}\n${message.from}\n${message.text}\n${message.time}`).digest('hex');
  const answer = await fetch(server.url('/sms/reply'), {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-signature': sign }, body: JSON.stringify(message),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()).outcome;
}

/** Pages of a page printed as PDF. */
async function pages(page) {
  const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
  return pdf.match(/\/Type\s*\/Page\b(?!s)/g).length;
}

async function call(page, path, data = {}) {
  const answer = await page.context().request.post(server.url(path), { headers: { accept: 'application/json', origin: server.origin }, data });
  assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`);
  return answer.json();
}

for (const [name, way] of ways([['desk', { look: DESK }], ['phone, English, large print', { look: PHONE, lang: 'en', elder: true }], ['desk, English, no JavaScript', { look: DESK, lang: 'en', js: false }]])) {
  test(`forms are printed, one to a page (${name})`, { timeout: 120_000 }, async () => {
    const page = await open(browser, server, { ...way, role: 'committee' });
    await page.goto(server.url('/desk'));
    await press(page, page.locator('main a[href$="/paper"]'));
    await good(page, `paper ${name}`);
    await send(page, '/paper/batches', { forms: 3, building: (all) => all[0].value });
    await good(page, `forms ${name}`);
    const sheets = page.locator('article.sheet');
    assert.equal(await sheets.count(), 3);
    serial = await page.locator('.sheet-code p').first().innerText();
    assert.match(serial, /^\d{4,}-001-\d{5}$/);
    await page.emulateMedia({ media: 'print' });
    const size = await page.locator('.sheet-boxes li').first().evaluate((e) => parseFloat(getComputedStyle(e).fontSize));
    assert.ok(size >= 24, `letters of ${size} px: 18 points are 24`);
    assert.ok(!(await page.locator('.sheet-tools').isVisible()), 'nothing on paper but the forms');
    if (process.env.XIEZHI_E2E_SHOTS) await shot(page, `sheet-${way.lang ?? 'zh'}-${way.elder ? 'elder' : 'normal'}`);
    assert.equal(await pages(page), 3, 'one form fills one page');
    await page.emulateMedia({ media: null });
    await page.context().close();
  });
}

test('only paper and SMS: keyed, followed, asked about, solved, rated', { timeout: 180_000 }, async () => {
  const clerk = await open(browser, server, { look: DESK, role: 'committee' });
  await clerk.goto(server.url('/paper/key'));
  await good(clerk, 'where a number is typed');
  // By keyboard alone: the number, then field after field with Enter.
  const went = async (keys) => {
    const loaded = clerk.waitForEvent('load');
    await keys();
    await loaded;
  };
  await clerk.keyboard.type(serial.replaceAll('-', ''));
  await went(() => clerk.keyboard.press('Enter'));
  await good(clerk, 'keying a form');
  const focus = () => clerk.evaluate(() => document.activeElement.name);
  assert.equal(await focus(), 'class');
  await clerk.keyboard.type('1');
  const fields = [['text', '三楼的灯不亮'], ['address', '2单元3楼'], ['contact_name', '王秀英'], ['contact_phone', '13812345678']];
  for (const [field, words] of fields) {
    await clerk.keyboard.press('Enter');
    assert.equal(await focus(), field);
    await clerk.keyboard.insertText(words);
  }
  await clerk.keyboard.press('Enter');
  assert.equal(await focus(), 'contact_wish');
  await clerk.keyboard.press('ArrowDown');
  for (const field of ['written_on', 'handed_on', 'late_reason', 'media', '']) {
    await clerk.keyboard.press('Enter');
    assert.equal(await focus(), field);
  }
  await went(() => clerk.keyboard.press('Enter'));
  await good(clerk, 'keyed, and on to the next');
  const [number] = (await clerk.locator('main [role=status]').innerText()).match(/\d{6}-\d{4,}/);
  assert.match(await clerk.locator('main').innerText(), /今天已录入 1 张/);
  assert.equal(await focus(), 'serial', 'the next form at once');
  const matter = await json(clerk, server, `/cases/${number}`);
  assert.deepEqual([matter.channel, matter.class, matter.text, matter.contact.name], ['paper', 'lighting', '三楼的灯不亮', '王秀英']);
  // The same form once more, and one that is none.
  await clerk.keyboard.type(serial);
  await went(() => clerk.keyboard.press('Enter'));
  await good(clerk, 'a form that was keyed');
  assert.match(await clerk.locator('main').innerText(), new RegExp(number));
  await clerk.goto(server.url('/paper/key?serial=0001-001-00000'));
  assert.match(await clerk.locator('main [role=alert]').innerText(), /没有这个编号/);
  clerk.noise.length = 0;
  await good(clerk, 'no such form');

  const mine = (m) => m.to === '13812345678';
  const receipt = await came(new RegExp(`报事表已收到，编号 ${number}，查询码`));
  assert.ok(mine(receipt));
  await call(clerk, `/cases/${number}/accept`);
  const { parties } = await json(clerk, server, `/cases/${number}`);
  await call(clerk, `/cases/${number}/dispatch`, { to: parties.find((p) => p.kind === 'property').id });
  assert.ok(mine(await came(new RegExp(`您报的 ${number} 已受理，正在办`))));
  assert.equal(await text('in-1', '13812345678', `查${number}`), 'state');
  assert.ok(mine(await came(new RegExp(`^${number} 正在办，最晚`))));
  assert.equal(await text('in-2', '13999999999', `查${number}`), 'unknown');
  const property = await open(browser, server, { look: DESK, role: 'property' });
  await call(property, `/cases/${number}/accept`);
  await call(property, `/cases/${number}/feedback`, { text: '换了灯泡' });
  await call(clerk, `/cases/${number}/check`);
  await call(clerk, `/cases/${number}/close`);
  assert.ok(mine(await came(new RegExp(`您报的 ${number} 已办结.*回复 1 满意，2 不满意`))));
  assert.equal(await text('in-3', '13812345678', '1'), 'rated');
  await clerk.goto(server.url(`/cases/${number}`));
  await good(clerk, 'a case from paper, rated by SMS');
  assert.match(await clerk.locator('main').innerText(), /纸质登记/);
  assert.equal((await json(clerk, server, `/cases/${number}`)).rating.score, 4);
  assert.ok(!gateway.messages.some((m) => m.to === '13999999999'), 'a stranger is told nothing');
  await property.context().close();
  await clerk.context().close();
});

test('a batch is withdrawn, and whoever else scans a form is shown how to report', { timeout: 120_000 }, async () => {
  const anyone = await open(browser, server, { look: PHONE });
  await anyone.goto(server.url(`/paper/${serial}`));
  await good(anyone, 'a stranger scans a form');
  assert.equal(await anyone.locator(`main a[href="${BASE}/report"]`).count(), 1);
  await anyone.context().close();
  const clerk = await open(browser, server, { look: PHONE, lang: 'en', role: 'committee' });
  await clerk.goto(server.url('/paper'));
  await send(clerk, '/paper/batches', { forms: 1, building: (all) => all[0].value });
  await clerk.goto(server.url('/paper'));
  const batch = (await json(clerk, server, '/paper')).batches.find((b) => b.keyed === 0);
  await send(clerk, `/paper/batches/${batch.id}/void`, { why: 'wrong' });
  await good(clerk, 'a batch withdrawn');
  assert.equal(await clerk.locator(`form[action$="/paper/batches/${batch.id}/void"]`).count(), 0);
  await clerk.context().close();
});

/** In large print a question at a time: answers them in their order, looks at each, and sends. */
async function oneByOne(page, fields, name) {
  const whole = await form(page, '/report/for');
  await whole.locator('[role=status]').waitFor();
  const next = whole.locator('button', { hasText: '下一步' });
  const answered = new Set();
  for (let step = 1; ; step += 1) {
    assert.match(await whole.locator('[role=status]').first().innerText(), new RegExp(`^第 ${step} 步`));
    // A button that says what it does stands for the field of photos.
    const shown = await whole.locator('input:visible, select:visible, textarea:visible, photo-field:visible')
      .evaluateAll((all) => [...new Set(all.map((f) => f.name ?? f.querySelector('[type=file]').name))]);
    assert.ok(shown.length === 1 && !answered.has(shown[0]), `one question: ${shown}`);
    answered.add(shown[0]);
    if (shown[0] in fields) await fill(whole, shown[0], fields[shown[0]]);
    if (step === 1) {
      await good(page, `one question ${name}`);
      if (process.env.XIEZHI_E2E_SHOTS) await shot(page, 'one-question');
      // Back and on again loses nothing.
      await page.keyboard.press('Enter');
      await whole.locator('button', { hasText: '上一步' }).click();
      assert.equal(await whole.locator('input:visible').inputValue(), fields[shown[0]]);
    }
    if (!(await next.isVisible())) break;
    await next.click();
  }
  for (const field of Object.keys(fields)) assert.ok(answered.has(field), field);
  await press(page, whole.locator('button[type=submit]:visible'));
}

for (const [name, way] of ways([['phone, large print', { look: PHONE, elder: true }], ['desk, English, no JavaScript', { look: DESK, lang: 'en', js: false }]])) {
  test(`a building head reports for a neighbour (${name})`, { timeout: 120_000 }, async () => {
    const head = await open(browser, server, { ...way, role: 'building_head' });
    await head.goto(server.url('/report'));
    await press(head, head.locator('main a[href$="/report/for"]'));
    await good(head, `for somebody else ${name}`);
    const fields = { contact_name: '王秀英', contact_phone: '13712345678', contact_wish: 'sms', relation: 'building_head', knows: '1', text: '家门口的灯坏了' };
    if (way.elder) await oneByOne(head, fields, name);
    else await send(head, '/report/for', fields);
    await good(head, `reported for somebody else ${name}`);
    const number = (await head.locator('.receipt-number').innerText()).trim();
    const code = (await head.locator('.receipt-code').innerText()).trim();
    assert.equal((await came(new RegExp(`有人替您反映的事已收到，编号 ${number}，查询码 ${code}`))).to, '13712345678');
    const her = await open(browser, server, way);
    await her.goto(server.url(`/reports/${number}?code=${code}`));
    await good(her, `reported for me ${name}`);
    assert.match(await her.locator('main').innerText(), /代报人|Reported for him by/);
    await her.context().close();
    await head.context().close();
  });

  test(`what came of it hangs in the stairwell (${name})`, { timeout: 120_000 }, async () => {
    const page = await open(browser, server, { ...way, role: 'committee' });
    const { areas, buildings } = await json(page, server, '/paper');
    for (const path of [`/stairwell?area=${areas[0].code}&days=60`, `/stairwell?building=${buildings[0].id}&days=60`]) {
      await page.goto(server.url(path));
      await good(page, `stairwell ${name} ${path.slice(11, 15)}`);
      await page.emulateMedia({ media: 'print' });
      assert.ok(await page.locator('.sheet').isVisible());
      if (process.env.XIEZHI_E2E_SHOTS) await shot(page, `stairwell-print-${way.lang ?? 'zh'}-${path.slice(11, 15)}`);
      await page.emulateMedia({ media: null });
    }
    await page.goto(server.url(`/stairwell?area=${areas[0].code}&days=60`));
    await press(page, page.locator('main .sheet-list a').first());
    await good(page, `one matter in the stairwell ${name}`);
    await page.context().close();
  });
}
