// The three lists: a resident says what is needed, the desk puts it on the list and out to tender, a firm bids, three people
// score, and everybody reads the table; then the people it is for say how it was.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, day, good, json, post, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

let need;
let project;
const at = (path = '') => server.url(`/projects/${project}${path}`);

test('a resident says what is needed, in large print', { timeout: 120_000 }, async () => {
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(server.url('/needs'));
  await good(resident, 'needs, large print');
  await press(resident, resident.locator('a[href$="/needs/new"]'));
  await good(resident, 'new need, large print');
  await send(resident, '/needs', { kind: 'elder', words: '几位老人没人陪着去医院' });
  need = new URL(resident.url()).pathname.split('/').at(-1);
  assert.match(need, /^X-\d{4}$/);
  await good(resident, 'need raised, large print');
  await resident.goto(server.url('/resources'));
  await good(resident, 'resources, large print');
  await press(resident, resident.locator('a[href$="/resources/new"]'));
  await good(resident, 'new resource, large print');
  await send(resident, '/resources', { sort: 'goods', kind: 'elder', title: '轮椅', amount: 1, unit: '辆' });
  await good(resident, 'resource, large print');
});

test('the desk lists it, shapes a project and puts it out to tender', { timeout: 180_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(server.url('/needs?state=raised'));
  await good(clerk, 'needs at the desk');
  await clerk.goto(server.url(`/needs/${need}`));
  await send(clerk, '/decide', { title: '老人就医陪诊' });
  await good(clerk, 'need listed');
  await press(clerk, clerk.locator('a[href*="/projects/new"]'));
  await good(clerk, 'new project');
  await send(clerk, '/projects', { about: '每周两次，陪诊 60 人次', way: 'tender', ends_at: day(200) });
  project = new URL(clerk.url()).pathname.split('/').at(-1);
  await good(clerk, 'project begun');
  await send(clerk, '/steps', { title: '开始陪诊', due_at: day(60), share: 40 });
  await clerk.goto(at());
  await send(clerk, '/steps', { title: '满 60 人次', due_at: day(190), share: 60 });
  await clerk.goto(at());
  await clerk.locator('details:has([name=ceiling]) summary').click();
  await good(clerk, 'tender to post');
  for (const box of (await clerk.locator('[name=scorers]').all()).slice(0, 3)) await box.check({ force: true });
  await send(clerk, '/tender', { closes_at: day(10), ceiling: '30000' });
  await good(clerk, 'tender posted');
});

test('a firm bids and nobody else sees it', { timeout: 120_000 }, async () => {
  const firm = await as('social_org', { look: PHONE, js: false, lang: 'en' });
  await firm.goto(at());
  await good(firm, 'tender');
  await send(firm, '/bid', { price: '28000', plan: '两位陪诊员，提前一天电话确认。' });
  await good(firm, 'bid');
  const clerk = await as('committee', { look: DESK });
  assert.equal((await json(clerk, server, `/projects/${project}`)).tender.bids.length, 0);
  await post(clerk, '/demo/clock', { advance: 'P11D' });
});

test('it is scored, awarded, begun, and the people it is for say how it was', { timeout: 240_000 }, async () => {
  const clerk = await as('committee', { look: DESK });
  await clerk.goto(at());
  await good(clerk, 'tender closed');
  assert.equal((await json(clerk, server, `/projects/${project}`)).tender.bid_count, 1);
  await clerk.goto(server.url('/projects'));
  await good(clerk, 'projects');
  // The group of the demo did its first lesson: residents say how it was, without scripts.
  const lessons = (await json(clerk, server, '/projects')).items.find((p) => p.phase === 'running').number;
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(server.url(`/projects/${lessons}`));
  await good(resident, 'project, large print');
});
