// Pictures of the pages that staff and residents use most, for people who look at them: `npm run look [part of a name]`
// writes phone, desk, large print and English into out/. Nothing here is a test.

import { fileURLToPath } from 'node:url';
import { DESK, browser, json, lower, open, post, raise, reported, server, shot } from './lib.mjs';

const OUT = fileURLToPath(new URL('out/', import.meta.url));
const WANTED = process.argv[2] ?? '';
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1, isMobile: true, hasTouch: true };
const WIDE = { viewport: { width: 1280, height: 800 } };
const LOOKS = [
  ['phone', { look: PHONE }], ['desk', { look: WIDE }], ['elder', { look: PHONE, elder: true }],
  ['en', { look: WIDE, lang: 'en' }], ['en-phone', { look: PHONE, lang: 'en' }],
];

await raise();
try {
  const [clerk, property, street] = await Promise.all(
    ['committee', 'property', 'subdistrict'].map((role) => open(browser, server, { look: DESK, role })));
  const me = await json(clerk, server, '/me');
  const { area } = me.roles.find((r) => r.kind === 'committee');
  const place = { area };
  const body = async (page, kind) => (await json(page, server, '/me')).roles.find((r) => r.kind === kind).body;
  const firm = await body(property, 'property');
  const make = async (text, ...steps) => {
    const matter = await reported(clerk, text, { place, class: 'lighting' });
    for (const [who, action, data] of steps) await post(who, `/cases/${matter.number}/${action}`, data);
    return matter;
  };
  const id = typeof firm === 'string' ? firm : firm.id;
  const parties = async (number) => (await json(clerk, server, `/cases/${number}`)).parties;
  const first = await make('三楼的楼道灯坏了，晚上老人上下楼看不见', [clerk, 'accept']);
  const to = (await parties(first.number)).find((p) => p.id === id || p.name === id || p.kind === 'property').id;
  const sent = ['dispatch', { to }];
  await make('三楼楼道的灯坏了，已经黑了三天');
  const busy = await make('小区东门的路灯坏了', [clerk, 'accept'], [clerk, ...sent], [property, 'accept']);
  const helpers = (await json(clerk, server, `/cases/${busy.number}`)).helpers;
  await post(clerk, `/cases/${busy.number}/tasks`, { kind: 'whistle', to: [helpers.at(-1).id], text: '请来看看' });
  const back = [property, 'return', { reason: '不归我们管' }];
  const dispute = await make('路边的水沟堵了', [clerk, 'accept'], [clerk, ...sent], back, [clerk, ...sent], back, [clerk, ...sent], back);
  const hung = await make('小区没有电梯，想加装', [clerk, 'accept'], [street, 'hang_up',
    { reason: '要等明年的改造预算', until: new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10) }]);
  const done = await make('楼下垃圾没有人收', [clerk, 'accept'], [clerk, ...sent], [property, 'accept'],
    [property, 'feedback', { text: '已经收走' }]);
  const closed = await make('单元门锁坏了', [clerk, 'accept'], [clerk, ...sent], [property, 'accept'],
    [property, 'feedback', { text: '换了新锁' }], [clerk, 'check'], [clerk, 'close', { text: '看过了，能锁' }]);
  const pages = [
    ['case-new', 'committee', `/cases/${first.number}`], ['case-busy-handler', 'property', `/cases/${busy.number}`],
    ['case-busy-desk', 'committee', `/cases/${busy.number}`], ['case-dispute', 'subdistrict', `/cases/${dispute.number}`],
    ['case-done', 'committee', `/cases/${done.number}`],
    ['case-mine', undefined, `/reports/${busy.number}?code=${busy.code}`], ['case-public', undefined, `/reports/${busy.number}`],
    ['case-resident', 'resident', `/reports/${busy.number}`], ['case-hung', undefined, `/reports/${hung.number}`],
    ['case-closed-mine', undefined, `/reports/${closed.number}?code=${closed.code}`],
    ['desk', 'committee', `/desk?queue=all&open=${first.number}`], ['orders', 'subdistrict', '/orders'], ['kpi', undefined, '/kpi'],
    ['kpi-cases', undefined, '/kpi/cases?measure=received'], ['callbacks', 'committee', '/callbacks'], ['hung-up', undefined, '/hung-up'],
    ['hotline', 'committee', '/hotline'], ['duties', undefined, '/duties'], ['roster', 'committee', '/roster'],
    ['components', 'committee', '/components'], ['classes', undefined, '/classes'], ['routing', 'system_admin', '/admin/routing'],
    ['grids', 'system_admin', '/admin/grids'], ['draw-grids', 'system_admin', `/admin/grids/draw?community=${area}`],
    ['map', undefined, `/map/${area}`], ['map-heat', undefined, `/map/${area}?show=heat`], ['today', 'grid_worker', '/today'],
  ];
  for (const [look, way] of LOOKS) {
    for (const [name, role, path] of pages) {
      if (!`${name}-${look}`.includes(WANTED)) continue;
      const page = await open(browser, server, { ...way, role });
      const answer = await page.goto(server.url(path));
      if (await page.locator('.map').count()) await page.locator('.map[data-drawn]').waitFor().catch(() => {});
      // Rare actions are looked at too.
      if (name === 'case-busy-desk') await page.locator('.act.more > summary').click();
      console.log(answer.status(), await shot(page, `${name}-${look}`, OUT, true));
      await page.context().close();
    }
    if (!`report-alike-${look}`.includes(WANTED)) continue;
    const page = await open(browser, server, { ...way, role: 'resident' });
    await page.goto(server.url('/report'));
    await page.locator('main [name=text]').first().fill('三楼的楼道灯坏了，已经黑了三天多');
    await Promise.all([page.waitForEvent('load'), page.locator('main button[name=go][value=next]').first().click()]);
    await page.locator('main [name=area]').first().selectOption(area);
    await Promise.all([page.waitForEvent('load'), page.locator('main button[name=go][value=next]').first().click()]);
    console.log(await shot(page, `report-alike-${look}`, OUT, true));
    await page.context().close();
  }
} finally {
  await lower();
}
