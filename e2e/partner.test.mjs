// A firm joins: its contact fills in the form on a phone (wrong code first), the desk asks for more and says yes; then it has a
// page, a desk, members, a key; and loses them when the desk suspends it. In large print, without scripts, in both languages.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { photo } from './look_content.mjs';
import { DESK, PHONE, as, day, form, fill, good, json, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

const CODE = '91350100M000100Y43';
const NAME = '安心家电维修部<b>店</b>';
let number;
const at = () => server.url(`/partners/${number}`);

test('the contact asks to join, in large print, with a wrong code first', { timeout: 180_000 }, async () => {
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(server.url('/partners'));
  await good(resident, 'organisations, large print');
  await press(resident, resident.locator('a[href$="/join"]').first());
  await good(resident, 'join, which kind, large print');
  await press(resident, resident.locator('a[href*="kind=enterprise"]'));
  await good(resident, 'join, large print');
  const file = join(server.data, 'licence.png');
  const { buffer } = await photo(resident);
  await writeFile(file, buffer);
  const asked = {
    name: NAME, uscc: '91350100M000100Y44', about: '上门修冰箱、洗衣机，修不好不收钱', contact: '欧阳师傅', phone: '13912349876',
    public_phone: '0514-80009999', area: (choices) => choices.find((c) => c.label.includes('杏林里') || c.label.includes('社区')).value,
    'paper-registration': file, 'until-registration': day(20),
  };
  await send(resident, '/join', asked);
  assert.ok(resident.noise.some((n) => n.includes('422')), 'the code was refused');
  resident.noise.length = 0;
  assert.equal(await resident.locator('[name=name]').inputValue(), NAME, 'what was typed stands there');
  await good(resident, 'join, wrong code, large print');
  const again = await form(resident, '/join');
  await fill(again, 'uscc', CODE);
  await fill(again, 'paper-registration', file);
  await press(resident, again.locator('button').last());
  number = new URL(resident.url()).pathname.split('/').at(-1);
  assert.match(number, /^J-\d{4}$/);
  await good(resident, 'joining asked, large print');
});

test('the desk looks, asks for more, and says yes', { timeout: 180_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/inbox'));
  await good(clerk, 'inbox with an organisation');
  await clerk.goto(server.url('/partners/queue'));
  await good(clerk, 'organisations to look at');
  await clerk.goto(at());
  await good(clerk, 'organisation at the desk');
  const details = clerk.locator('details:has(input[name=answer][value=ask])');
  await details.locator('summary').click();
  await details.locator('textarea').fill('请补一张店面的照片');
  await press(clerk, details.locator('button'));
  const resident = await as('resident', { look: PHONE, js: false, lang: 'en' });
  await resident.goto(at());
  await good(resident, 'more is needed');
  await send(resident, '/answer', { words: '照片在这里' });
  await good(resident, 'answered');
  await clerk.goto(at());
  await press(clerk, clerk.locator('form:has(input[value=approve]) button'));
  await good(clerk, 'organisation accepted');
  assert.equal((await json(clerk, server, `/partners/${number}`)).state, 'joined');
});

test('it has a page for everybody, a desk, and members who say yes', { timeout: 180_000 }, async () => {
  const visitor = await as(undefined, { look: PHONE });
  await visitor.goto(at());
  await good(visitor, 'organisation, public');
  const read = await visitor.locator('main').innerText();
  assert.ok(read.includes(NAME) && read.includes('0514-80009999') && !read.includes('13912349876') && !read.includes('欧阳'));
  await visitor.goto(server.url('/join?kind=volunteer_group'));
  await good(visitor, 'join, not signed in');
  const resident = await as('resident', { look: PHONE, lang: 'en' });
  await resident.goto(at());
  await good(resident, 'own organisation');
  await send(resident, '/members');
  const code = (await json(resident, server, `/partners/${number}`)).inside.members[1].code;
  await good(resident, 'somebody invited');
  const head = await as('building_head', { look: PHONE, js: false });
  await head.goto(server.url('/partners/invitation'));
  await good(head, 'invitation');
  await fill(head.locator('main form'), 'code', code);
  await press(head, head.locator('main form button'));
  await good(head, 'invitation of an organisation');
  await press(head, head.locator('main form button'));
  await good(head, 'joined as a member');
});

test('a key is made, shown once, works, and ends when the organisation is suspended', { timeout: 180_000 }, async () => {
  const resident = await as('resident', { look: DESK });
  await resident.goto(server.url('/developers'));
  await good(resident, 'developers');
  const make = await form(resident, '/developers/keys');
  await fill(make, 'name', '排队小程序');
  await make.locator('[value=directory]').check({ force: true });
  await make.locator('[value=reports]').check({ force: true });
  await press(resident, make.locator('button'));
  await good(resident, 'key made');
  const key = await resident.locator('main code').first().innerText();
  assert.match(key, /^xz_[0-9A-Z]{32}$/);
  const call = (path) => fetch(server.url(path), { headers: { authorization: `Bearer ${key}`, accept: 'application/json' } });
  assert.equal((await call('/services')).status, 200);
  assert.equal((await (await call('/me')).json()).code, 'key-purpose');
  const phone = await as('resident', { look: PHONE, elder: true });
  await phone.goto(server.url('/developers'));
  assert.ok(!(await phone.locator('main').innerText()).includes(key));
  await good(phone, 'developers, large print');
  const visitor = await as(undefined, { look: PHONE, lang: 'en' });
  await visitor.goto(server.url('/developers'));
  await good(visitor, 'developers, not signed in');
  const clerk = await as('committee', { look: DESK, lang: 'en' });
  await clerk.goto(at());
  await good(clerk, 'organisation with a key at the desk');
  const details = clerk.locator('details:has(input[name=answer][value=suspend])');
  await details.locator('summary').click();
  await details.locator('textarea').fill('有人投诉，先停几天');
  await press(clerk, details.locator('button'));
  await good(clerk, 'organisation suspended');
  assert.equal((await (await call('/services')).json()).code, 'key-ended');
  await visitor.goto(at());
  await good(visitor, 'organisation suspended, public');
});
