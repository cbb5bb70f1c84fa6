// Fill once: a form is refused because most of it is held, published with what is held, filled in where something is
// missing, reported into the committee's own workbook, and a number of the report leads to the people behind it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { as, DESK, good, json, PHONE, post, press, send, server, stage, ways } from './lib.mjs';
import { workbook } from './workbook.mjs';

let area;
let first;

stage(async () => {
  const page = await as('grid_worker');
  await post(page, '/register/purpose', { purpose: 'register-keep' });
  const start = await json(page, server, '/register');
  area = start.areas[0].code;
  const place = start.areas[0].buildings[0].id;
  const people = [
    ['王秀兰', '女', '1948-03-05', '13800000011'], ['赵建国', '男', '1952-08-01', '13800000012'], ['孙丽丽', '女', '1990-12-24', ''],
  ];
  for (const [i, [name, sex, birth, phone]] of people.entries()) {
    const full = i === 0 ? { ethnic: '汉族', relation: '户主', education: '小学', work: '退休', id_number: '110105194803050024' } : {};
    const made = await post(page, '/register/people', { place, door: `9单元90${i + 1}`, name, sex, birth, phone, stay: 'here', anyway: '1', ...full });
    first ??= made.id;
  }
  await page.context().close();
});

/** Fourteen fields: nine are ticked, two questions mean something that is held as well. */
async function draft(page, title) {
  await page.goto(server.url('/forms'));
  await good(page, 'forms');
  await press(page, page.locator('a[href$="/forms/new"]'));
  await good(page, 'a new form');
  for (const code of ['name', 'id_number', 'sex', 'birth', 'phone', 'stay', 'home', 'ethnic', 'relation']) {
    await page.locator(`[name=element][value="register.${code}"]`).first().check({ force: true });
  }
  const own = [['请填写您的工作单位', '就业服务'], ['文化程度', '办培训班'], ['婚姻状况', '婚育服务'], ['家里有几只狗', '犬只登记'], ['愿意当志愿者吗', '招募']];
  for (const [i, [label, reason]] of own.entries()) {
    const question = page.locator(`details:has([name=a${i + 1}])`);
    if (!(await question.evaluate((d) => d.open))) await question.locator('summary').click();
    await page.locator(`[name=a${i + 1}]`).fill(label);
    await page.locator(`[name=a${i + 1}_reason]`).fill(reason);
  }
  await page.locator('[name=a5_kind]').selectOption('choice');
  await page.locator('[name=a5_choices]').fill('愿意、不愿意');
  await page.locator('[name=area]').selectOption(area);
  await page.locator('[name=title]').fill(title);
  await press(page, page.locator('main form button.primary').last());
  await good(page, 'a draft, checked');
  return page.url().split('/').pop();
}

const WAYS = [
  { js: true, lang: 'zh', says: (held) => `14 项里有 ${held} 项已经有了` },
  { js: false, lang: 'en', elder: true, says: (held) => `${held} of 14 fields are held` },
];
for (const { says, ...way } of ways(WAYS)) {
  test(`a form asks only for what is missing and reports itself (${way.lang})`, { timeout: 180_000 }, async () => {
    const committee = await as('committee', { look: DESK, ...way });
    const id = await draft(committee, `居民情况摸底 ${way.lang}`);

    await press(committee, committee.locator('form[action$="/publish"]:not(:has([name=reuse])) button'));
    const checked = await json(committee, server, `/forms/${id}`);
    assert.ok(checked.all === 14 && checked.held >= 11, `${checked.held} of ${checked.all}`);
    assert.ok((await committee.locator('main [role=alert]').innerText()).includes(says(checked.held)), 'refused, with how much is held');
    assert.ok(committee.noise.every((n) => n.includes('409')), committee.noise.join());
    committee.noise.length = 0;
    await good(committee, 'refused: most of it is held');
    await press(committee, committee.locator('form:has([name=reuse]) button'));
    await good(committee, 'published with what is held');

    const worker = await as('grid_worker', { look: PHONE, ...way });
    await worker.goto(server.url('/forms'));
    await press(worker, worker.locator(`a[href$="/forms/${id}/work"]`));
    await good(worker, 'of whom something is missing');
    const before = await json(worker, server, `/forms/${id}/work`);
    await worker.goto(server.url(`/forms/${id}/people/${first}`));
    await good(worker, 'only what is missing');
    assert.equal(await worker.locator('main [name=phone], main [name=name], main [name=birth]').count(), 0, 'what is held is not asked');
    const married = worker.locator('main [name=marriage]');
    // The other language comes second: what the first one wrote into the register is held by now.
    assert.equal(await married.count(), way.lang === 'zh' ? 1 : 0);
    await send(worker, `/people/${first}`, { ...(way.lang === 'zh' ? { marriage: '40' } : {}), a4: '1', a5: '愿意' });
    await good(worker, 'filled in');
    assert.equal(await worker.locator('main [role=status]').count(), 1);
    assert.equal((await json(worker, server, `/forms/${id}/work`)).done, before.done + 1);
    await worker.context().close();

    // Their own workbook: a title, a list, a number.
    const file = workbook('报表', [['{{标题}} {{期}}'], ['姓名', '电话'], ['{{姓名}}', '{{联系电话}}'], ['老人', '{{人数:年龄>=60}}']]);
    await committee.goto(server.url(`/forms/${id}`));
    await send(committee, '/template', { file });
    await send(committee, '/report');
    await good(committee, 'a report');
    const [download] = await Promise.all([committee.waitForEvent('download'), committee.locator('a[href$="/file"]').click()]);
    assert.match(download.suggestedFilename(), /^report-.*\.xlsx$/);
    const numbers = (await json(committee, server, new URL(committee.url()).pathname.replace(/^\/p\/app/, ''))).numbers;
    assert.equal(numbers[1].label, '人数:年龄>=60');
    await press(committee, committee.locator('a[href$="/numbers/1"]'));
    await good(committee, 'who is behind a number');
    assert.equal(await committee.locator('main ul.list a').count(), Math.min(50, numbers[1].n), 'a number is as long as its list');
    assert.ok((await committee.locator('main').innerText()).includes('王秀兰'));
    await committee.context().close();
  });
}
