// Neighbours talk: one chooses a name and begins a topic on a phone in large print, another answers without scripts, the desk
// speaks in its own name, looks at what was reported and hides it with a reason; a question is asked, a complaint becomes a case.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, form, good, json, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

let topic;
const at = () => server.url(`/neighbours/topics/${topic}`);

async function joined(page, nick) {
  await page.goto(server.url('/neighbours'));
  await good(page, `neighbours before joining (${nick})`);
  await send(page, '/neighbours/join', { nick });
}

test('a resident takes a name and begins a topic, in large print', { timeout: 120_000 }, async () => {
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(server.url('/neighbours'));
  await good(resident, 'neighbours first, large print');
  await send(resident, '/neighbours/join', { nick: '居委会' });
  assert.ok((await resident.locator('main').innerText()).includes('单位'), 'no office’s name');
  resident.noise.length = 0;
  await joined(resident, '三楼老王');
  await good(resident, 'neighbours joined, large print');
  await resident.goto(server.url('/neighbours/new'));
  await good(resident, 'new topic, large print');
  await send(resident, '/neighbours/topics', { category: 'place', title: '北门的路灯', text: '看 www.a.example www.b.example www.c.example' });
  assert.equal(await resident.locator('[name=title]').inputValue(), '北门的路灯', 'what was typed is kept');
  resident.noise.length = 0;
  await good(resident, 'new topic with a mistake, large print');
  await send(resident, '/neighbours/topics', { category: 'place', title: '北门的路灯', text: '北门的路灯三天不亮了，\n晚上回家看不见台阶。' });
  topic = new URL(resident.url()).pathname.split('/').at(-1);
  await good(resident, 'topic, large print');
});

test('another answers without scripts, the desk in its own name', { timeout: 120_000 }, async () => {
  const helper = await as('volunteer_group', { look: PHONE, js: false, lang: 'en' });
  await joined(helper, '月季花');
  await helper.goto(at());
  await good(helper, 'topic without scripts');
  await send(helper, '/comments', { text: '谁住北门谁自己去修' });
  await helper.locator('main [role=status]').waitFor();
  await send(helper, '/thanks');
  const clerk = await as('committee', { look: DESK, lang: 'en' });
  await clerk.goto(at());
  await send(clerk, '/comments', { text: '已经联系了路灯所，今晚来修。', office: '1' });
  await good(clerk, 'topic at the desk');
  await send(clerk, '/notice');
  for (const way of [{ look: PHONE }, { look: PHONE, js: false, lang: 'en' }]) {
    const visitor = await as(undefined, way);
    await visitor.goto(server.url('/neighbours'));
    await good(visitor, `notices (${way.lang ?? 'zh'})`);
    await visitor.goto(at());
    await good(visitor, `notice (${way.lang ?? 'zh'})`);
    assert.ok(!(await visitor.locator('main').innerText()).includes('自己去修'), 'what neighbours answer is theirs');
  }
});

test('a report is looked at, and the author reads why', { timeout: 120_000 }, async () => {
  const resident = await as('resident', { look: PHONE });
  await resident.goto(at());
  const { texts } = await json(resident, server, `/neighbours/topics/${topic}`);
  await send(resident, `/posts/${texts[0].id}/flag`, { reason: 'insult' });
  await good(resident, 'topic after reporting');
  const clerk = await as('committee', { look: DESK, lang: 'en' });
  await clerk.goto(server.url('/neighbours/queue'));
  await good(clerk, 'queue');
  const person = await form(clerk, '/person');
  await person.locator('[name=why]').fill('要联系本人核实');
  await press(clerk, person.locator('button'));
  await good(clerk, 'author');
  await clerk.goto(server.url('/neighbours/queue'));
  await clerk.locator('details:has(form[action$="/judge"] [name=reason]) summary').first().click();
  const hide = clerk.locator('form[action$="/judge"]:has([name=reason])').first();
  await hide.locator('[name=reason][value=insult]').check();
  await press(clerk, hide.locator('button'));
  await good(clerk, 'queue done');
  const helper = await as('volunteer_group', { look: PHONE, js: false });
  await helper.goto(at());
  await good(helper, 'hidden, for its author');
  await send(helper, '/appeal', { text: '我只是着急' });
  await helper.locator('main [role=status]').waitFor();
});

test('a quick question is asked, and a complaint becomes a case', { timeout: 120_000 }, async () => {
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(server.url('/neighbours/new?category=poll'));
  await send(resident, '/neighbours/topics', { category: 'poll', title: '长椅放哪里', text: '社区要添一条长椅', option1: '东门', option2: '西门' });
  await send(resident, '/voice', { choice: '2' });
  await good(resident, 'question, large print');
  await resident.goto(at());
  await resident.locator('a[href$="/report"].btn').first().click();
  await good(resident, 'send to the committee, large print');
  assert.ok((await resident.locator('[name=text]').inputValue()).includes('看不见台阶'));
  await send(resident, `/topics/${topic}/report`);
  await good(resident, 'sent, large print');
  const { case: number } = await json(resident, server, `/neighbours/topics/${topic}`);
  assert.match(number, /^\d{6}-\d{4,}$/);
  const own = await json(resident, server, `/neighbours/topics/${topic}`);
  await send(resident, `/posts/${own.opening.id}/delete`);
  await good(resident, 'neighbours after deleting');
});
