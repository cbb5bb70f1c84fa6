// Departments share: one registers what it has, the district looks, everybody finds it; a property firm asks, gets a key, reads a
// row, says that a value is wrong; it is set right. On a desk and a phone, in large print, without scripts, in both languages.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, fill, form, good, json, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

const CODE = 'street-wells';
const at = (rest = '') => server.url(`/share/resources/${CODE}${rest}`);
let number;

test('a department registers what it has, and the desk above looks', { timeout: 180_000 }, async () => {
  const department = await as('department', { look: DESK });
  await department.goto(server.url('/share'));
  await good(department, 'catalogue of shared data');
  await press(department, department.locator('a[href$="/share/new"]'));
  await good(department, 'new resource');
  const filled = await form(department, '/share/resources');
  for (const [name, value] of Object.entries({
    title: '井盖台账<b>新</b>', title_en: 'Manholes', code: CODE, about: '街面井盖的编号、负责人和检查日期', theme: 'facilities',
    share: 'conditional', basis: '《城市道路管理条例》', rhythm: 'monthly', f1_title: '编号', f1_name: 'no',
  })) await fill(filled, name, value);
  await filled.locator('[name=f1_key]').check({ force: true });
  for (const [n, title, name, kind, grade] of [[2, '负责人', 'keeper', 'text', '2'], [3, '检查日期', 'checked_on', 'date', '1']]) {
    await filled.locator('details', { has: department.locator(`[name=f${n}_title]`) }).locator('summary').click();
    for (const [field, value] of Object.entries({ title, name, kind, grade })) await fill(filled, `f${n}_${field}`, value);
  }
  await press(department, filled.locator('button').last());
  await good(department, 'resource, a draft');
  await send(department, '/submit');
  await good(department, 'resource, being checked');
  const district = await as('district', { look: PHONE, lang: 'en' });
  await district.goto(at());
  await good(district, 'resource to be checked, English, phone');
  await press(district, district.locator('form:has(input[name=fits][value="1"]) button'));
  await good(district, 'resource, published');
  const visitor = await as(undefined, { look: PHONE, elder: true, js: false });
  await visitor.goto(server.url('/share?q=井盖'));
  await good(visitor, 'catalogue, large print');
  await press(visitor, visitor.locator(`a[href$="/share/resources/${CODE}"]`));
  await good(visitor, 'resource, public, large print');
  const read = await visitor.locator('main').innerText();
  assert.ok(read.includes('井盖台账<b>新</b>') && !read.includes('负责人 '), 'titles and kinds, no fields');
  await department.goto(at('/change'));
  await good(department, 'resource, to be changed');
});

test('it brings rows, and learns which do not fit', { timeout: 180_000 }, async () => {
  const department = await as('department', { look: DESK });
  await department.goto(at());
  const table = Buffer.from('编号,负责人,检查日期\nJ-1,王师傅,2020-01-02\nJ-2,李师傅,明天\n');
  const bring = await form(department, '/rows');
  await bring.locator('[name=file]').setInputFiles({ name: 'wells.csv', mimeType: 'text/csv', buffer: table });
  await press(department, bring.locator('button'));
  await good(department, 'rows came in');
  const { quality } = await json(department, server, `/share/resources/${CODE}`);
  assert.equal(quality.rows, 1);
  assert.deepEqual(quality.faults.map((f) => [f.line, f.field, f.code]), [[3, 'checked_on', 'type']]);
});

test('a firm asks, is granted less with a reason, and reads with a key', { timeout: 180_000 }, async () => {
  const property = await as('property', { look: PHONE, js: false });
  await property.goto(at('/ask'));
  await good(property, 'asking for a resource, phone');
  const ask = await form(property, '/share/requests');
  for (const name of ['no', 'keeper', 'checked_on']) await ask.locator(`[value=${name}]`).check({ force: true });
  await fill(ask, 'purpose', '小区门口井盖松了，要找人');
  await fill(ask, 'basis', '物业服务合同');
  await press(property, ask.locator('button').last());
  number = new URL(property.url()).pathname.split('/').at(-1);
  assert.match(number, /^K-\d{4}$/);
  await good(property, 'request, asked');
  const department = await as('department', { look: DESK, lang: 'en' });
  await department.goto(server.url('/share/requests'));
  await good(department, 'requests, English');
  await department.goto(server.url(`/share/requests/${number}`));
  await good(department, 'request to be answered, English');
  const answer = await form(department, '/decide');
  await answer.locator('[name=fields][value=checked_on]').uncheck({ force: true });
  await fill(answer, 'why', '用不到检查日期');
  await press(department, answer.locator('button').first());
  await good(department, 'request, granted');
  await property.goto(server.url(`/share/requests/${number}`));
  await send(property, '/key');
  await good(property, 'key of a grant');
  const key = await property.locator('main code').first().innerText();
  assert.match(key, /^xz_[0-9A-Z]{32}$/);
  const call = (path) => fetch(server.url(path), { headers: { authorization: `Bearer ${key}`, accept: 'application/json' } });
  const got = await (await call(`/share/data/${CODE}`)).json();
  assert.deepEqual(got.items[0].values, { no: 'J-1', keeper: '王师傅' });
  assert.equal((await (await call('/share/requests')).json()).code, 'key-purpose');
});

test('it says that a value is wrong, and it is set right', { timeout: 180_000 }, async () => {
  const property = await as('property', { look: PHONE, elder: true });
  await property.goto(server.url(`/share/data/${CODE}`));
  await good(property, 'rows under a grant, large print');
  await press(property, property.locator(`a[href*="/share/resources/${CODE}/object"]`));
  await good(property, 'objecting, large print');
  await send(property, '/share/objections', { field: 'keeper', right: '汪师傅', evidence: '电话里他自己说的' });
  await good(property, 'objection, made');
  const department = await as('department', { look: DESK });
  await department.goto(server.url('/share/objections'));
  await good(department, 'objections');
  await press(department, department.locator('a[href*="/share/objections/KO-"]').first());
  await good(department, 'objection to be answered');
  await send(department, '/answer');
  await good(department, 'objection, set right');
  await property.goto(server.url(`/share/data/${CODE}`));
  assert.ok((await property.locator('main').innerText()).includes('汪师傅'));
  await property.goto(server.url('/inbox'));
  await good(property, 'inbox with an objection');
  const admin = await as('system_admin', { look: DESK });
  await admin.goto(server.url('/share/adapters'));
  await good(admin, 'adapters');
  const phone = await as('system_admin', { look: PHONE, lang: 'en', js: false });
  await phone.goto(server.url('/share/adapters'));
  await good(phone, 'adapters, English, phone');
});
