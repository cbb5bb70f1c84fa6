// Every page, for everybody who may see it, in both languages, normal and elder (two of the four unless XIEZHI_LONG is set): it answers, it is accessible, it is
// translated, nothing complains in the browser, it fits a phone, and staff pages offer the way to complain (L8).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BASE, DESK, PHONE, THOROUGH, browser, good, json, open, post, reported, server, stage } from './lib.mjs';

let matter;
let community;
let building;
let order;
let asked;
let register;

stage(async () => {
  const page = await open(browser, server);
  const home = await json(page, server, '/');
  community = home.communities[0].code;
  matter = await reported(page, '三楼的楼道灯坏了，请打13800001234', { place: { area: community } });
  building = (await json(page, server, `/report?area=${community}`)).buildings?.[0]?.id;
  await page.context().close();
  const clerk = await open(browser, server, { look: DESK, role: 'committee' });
  order = (await json(clerk, server, '/hotline?tab=working')).items[0].id;
  asked = (await json(clerk, server, '/duties/requests')).items[0].number;
  await post(clerk, '/register/purpose', { purpose: 'register-keep' });
  const [house] = (await json(clerk, server, '/register')).areas[0].buildings;
  const lived = (await json(clerk, server, `/register/places/${house.id}`)).homes.find((h) => h.people.length);
  register = [`/register/places/${house.id}`, `/register/homes/${lived.id}`, `/register/people/${lived.people[0].id}`, `/register/people/new?place=${house.id}&door=101`];
  await clerk.context().close();
});

const EVERYBODY = () => [
  '/', '/report', '/report?class=complaint', '/progress', `/reports/${matter.number}`, `/reports/${matter.number}?code=${matter.code}`,
  `/places/${community}`, '/equation', `/equation?area=${community}`, '/classes', '/classes/lift', '/duties', '/kpi', `/kpi?area=${community}&days=90`, `/kpi/cases?measure=received&area=${community}`, '/hung-up', '/verify', '/sign-in', '/catalogue', '/catalogue/register.tag',
  '/partners', '/partners/J-0001', '/join', '/join?kind=volunteer_group', '/developers',
  ...(building ? [`/buildings/${building}/poster`, `/report?building=${building}`] : []),
];
const SIGNED_IN = ['/', '/join?kind=enterprise', '/partners/invitation', '/me', '/me/notices', '/me/data', '/me/reads', '/me/requests', '/inbox', '/report'];
const STAFF = ['/report?channel=phone', '/report?channel=patrol'];
const OWN = {
  grid_worker: () => ['/today', '/roster', `/cases/${matter.number}`],
  committee: () => ['/desk', '/orders', '/roster', '/components', '/deliveries', '/callbacks', '/notices/calls', '/desk?queue=all', `/desk?open=${matter.number}`,
    `/cases/${matter.number}`, '/hotline', '/hotline?tab=returned', `/hotline/orders/${order}`, '/duties/requests', `/duties/requests/${asked}`, '/register', '/register/pairs', '/register/statistics',
    `/register/people?area=${community}`, '/register/import', '/register/export', '/forms', '/forms/new', '/rights', '/partners/queue', ...register],
  subdistrict: () => ['/desk', '/desk?queue=overdue', '/hotline', '/duties/requests', '/register/statistics', '/forms'],
  audit_admin: () => ['/audit/reads'],
  property: () => ['/desk', '/orders'],
  department: () => ['/desk', '/duties/requests'],
  building_head: () => ['/today'],
  system_admin: () => ['/people', '/notices/deliveries', '/admin/classes', '/admin/calendar', '/admin/routing', '/admin/grids', '/components', '/admin/open311'],
};

/** Once everybody; in the other modes, and where stories are only repeated, those whose pages differ. */
const FEW = ['resident', 'grid_worker', 'committee', 'system_admin'];
const MODES = [
  { name: 'zh', mode: {}, everybody: THOROUGH },
  ...(THOROUGH ? [{ name: 'en elder', mode: { lang: 'en', elder: true } }] : []),
  // `bin/check --long`
  ...(THOROUGH && process.env.XIEZHI_LONG ? [{ name: 'zh elder', mode: { elder: true } }, { name: 'en', mode: { lang: 'en' } }] : []),
];

/** Looks at pages one after the other and tells of all that are wrong, not of the first only. */
async function visit(page, paths, staff) {
  const wrong = [];
  for (const path of paths) {
    page.noise.length = 0;
    try {
      const answer = await page.goto(server.url(path), { waitUntil: 'load' });
      assert.equal(answer.status(), 200, path);
      await good(page, path);
      if (staff) assert.ok(await page.locator('a[href*="class=complaint"]').count(), `${path}: no way to complain`);
      const astray = await page.locator('a[href^="/"], form[action^="/"]').evaluateAll(
        (all, base) => all.map((e) => e.getAttribute('href') ?? e.getAttribute('action')).filter((u) => !`${u}/`.startsWith(`${base}/`)), BASE);
      assert.deepEqual(astray, [], `${path}: leads out of ${BASE}`);
    } catch (error) {
      wrong.push(`${path}: ${error.message}`);
    }
  }
  assert.equal(wrong.length, 0, wrong.join('\n\n'));
}

// Two at a time: a browser's page thinks on one core.
describe('every page', { concurrency: 2 }, () => {
  for (const { name, mode, everybody } of MODES) {
    for (const [screen, look] of [['phone', PHONE], ['desk', DESK]]) {
      test(`public pages, ${name}, ${screen}`, { timeout: 300_000 }, async () => {
        const page = await open(browser, server, { ...mode, look });
        await visit(page, EVERYBODY(), false);
        await page.context().close();
      });
    }

    test(`pages of each role, ${name}`, { timeout: 600_000 }, async (t) => {
      for (const role of everybody ? new Set(server.accounts.map((a) => a.role)) : FEW) {
        await t.test(role, async () => {
          const look = ['resident', 'grid_worker', 'building_head'].includes(role) ? PHONE : DESK;
          const page = await open(browser, server, { ...mode, look, role });
          const me = await json(page, server, '/me');
          const staff = role in OWN && !role.endsWith('_admin');
          assert.ok(me.roles.some((r) => r.kind === role), `${role} has its role`);
          await visit(page, [...SIGNED_IN, ...(staff ? STAFF : []), ...(OWN[role]?.() ?? [])], staff);
          await page.context().close();
        });
      }
    });
  }
});

test('error pages speak plainly', { timeout: 60_000 }, async () => {
  for (const lang of ['zh', 'en']) {
    const page = await open(browser, server, { lang });
    for (const [path, status] of [['/no-such-page', 404], ['/reports/000000-9999', 404]]) {
      const answer = await page.goto(server.url(path));
      assert.equal(answer.status(), status, path);
      await good(page, `${path} ${lang}`, { quiet: false });
    }
    await page.context().close();
  }
});

test('personal pages ask who it is', { timeout: 60_000 }, async () => {
  const page = await open(browser, server);
  for (const path of ['/me', '/desk', '/today', '/inbox', `/cases/${matter.number}`]) {
    await page.goto(server.url(path));
    const { pathname } = new URL(page.url());
    const asked = pathname === `${BASE}/sign-in` || (await page.locator('main [name=password]').count()) > 0;
    const refused = page.noise.some((n) => /^40[134] /.test(n));
    assert.ok(asked || refused, `${path} is open to anybody`);
    page.noise.length = 0;
  }
  await page.context().close();
});

test('the keyboard alone reaches the report button', { timeout: 60_000 }, async () => {
  const page = await open(browser, server, { look: DESK });
  await page.goto(server.url('/'));
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press('Tab');
    const href = await page.evaluate(() => document.activeElement?.getAttribute('href') ?? '');
    if (href.endsWith('/report')) {
      const outline = await page.evaluate(() => {
        const s = getComputedStyle(document.activeElement);
        return s.outlineStyle !== 'none' || s.boxShadow !== 'none';
      });
      assert.ok(outline, 'the focus is visible');
      await page.context().close();
      return;
    }
  }
  assert.fail('forty times Tab and no report button');
});
