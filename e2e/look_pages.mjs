// The pages that are looked at: name, who looks, address, and what is done there before the picture is taken. What one page
// shows in several states stands here several times; the emergency comes last, for it stands on every page from then on.

import { fill, press, send } from './lib.mjs';
import { photo } from './look_content.mjs';
import { pages as together } from './look_together.mjs';
import { workbook } from './workbook.mjs';

const onward = (page) => press(page, page.locator('main button[name=go][value=next]').first());

/** Goes through the report form as far as `steps`, each with what is filled in. */
const steps = (...all) => async (page) => {
  for (const fields of all) {
    for (const [name, value] of Object.entries(fields)) await fill(page.locator('main form').last(), name, value);
    await onward(page);
  }
};

/** Opens what is folded up in `main`. */
const unfold = (page) => page.evaluate(() => document.querySelectorAll('main details').forEach((d) => { d.open = true; }));

const covering = async (page) => {
  await page.locator('photo-field input[type=file]').setInputFiles(await photo(page));
  await page.locator('.previews button').nth(1).click();
  await page.locator('dialog cover-picture[data-ready]').waitFor();
};

/** Goes from the sign-in page to those who vouch for people, signs in there, and comes back. */
const by = (id, after) => async (page, c) => {
  c.there.person = { subject: `look-${id}`, level: '3', name: '欧阳诸葛秀英', seconds: 3600 };
  await press(page, page.locator(`main a[href*="/sign-on/${id}"]`).first());
  await press(page, page.locator('#go'));
  if (after) await press(page, page.locator(after));
};

/** Asks for a code by SMS, as far as the page that takes it. */
const byCode = (...typed) => async (page) => {
  await send(page, '/sign-in/code', { phone: `138${String(Date.now()).slice(-8)}` });
  for (const code of typed) await send(page, '/sign-in/code/check', { code });
};

const asUpload = (action, name, rows) => async (page) => send(page, action, { file: workbook(name, rows) });

export const pages = (c) => [
  // Anybody.
  ['home', undefined, '/'],
  ['home-chosen', undefined, `/settings?community=${c.area}&back=/`],
  ['home-resident', 'resident', '/'],
  ['report-1', undefined, '/report'],
  ['report-1-photo', undefined, '/report', async (page) => {
    await page.locator('photo-field input[type=file]').setInputFiles(await photo(page));
    await page.locator('.previews img').waitFor();
  }],
  ['report-cover', undefined, '/report', covering],
  ['report-1-error', undefined, '/report', steps({ text: '' })],
  ['report-ask', undefined, '/report?class=noise', steps({ text: '楼下半夜还在放音乐' })],
  ['report-ask-error', undefined, '/report?class=building', steps({ text: '屋顶漏水' }, { 'answer-floor': '顶楼' })],
  ['report-fire', undefined, '/report', steps({ text: '地下车库着火了' })],
  ['report-2', undefined, `/report?area=${c.area}`, steps({ text: '楼下的路灯不亮' })],
  ['report-alike', 'resident', '/report', steps({ text: '单元门的玻璃碎了一地' }, { area: c.area })],
  ['report-3', undefined, `/report?area=${c.area}`, steps({ text: '下水道有味道' }, {})],
  ['report-sent', undefined, `/report?area=${c.area}`, async (page) => {
    await steps({ text: '楼下的路灯不亮' }, { address: '东门口' })(page);
    await press(page, page.locator('main form[action$="/reports"] button[type=submit]').first());
  }],
  ['report-clerk', 'committee', '/report?channel=phone'],
  ['report-patrol', 'grid_worker', '/report?channel=patrol'],
  ['report-building', undefined, `/report?building=${c.building}`],
  ['report-complaint', undefined, '/report?class=complaint'],
  ['report-complaint-staff', 'committee', '/report?class=complaint'],
  ['progress', undefined, '/progress'],
  ['progress-wrong', undefined, '/progress?number=261127-9999&code=ABCDE12345'],
  ['progress-resident', 'resident', '/progress'],
  ['place', undefined, `/places/${c.area}`],
  ['care', undefined, `/places/${c.grid}/care`],
  ['building', undefined, `/buildings/${c.building}`],
  ['poster', undefined, `/buildings/${c.building}/poster`],
  ['equation', undefined, '/equation'],
  ['equation-area', undefined, `/equation?area=${c.area}`],
  ['kpi', undefined, '/kpi'],
  ['board', undefined, '/board?span=30'],
  ['board-desk', 'committee', '/board?span=30'],
  ['board-wall', 'subdistrict', '/board?span=30&look=board'],
  ['board-health', 'city', '/board/health'],
  ['kpi-area', undefined, `/kpi?area=${c.area}&days=90`],
  ['kpi-cases', undefined, '/kpi/cases?measure=received'],
  ['hung-up', undefined, '/hung-up'],
  ['hung-up-empty', undefined, `/hung-up?area=${c.grid}`],
  ['classes', undefined, '/classes'],
  ['classes-none', undefined, '/classes?q=月亮'],
  ['class', undefined, '/classes/lift'],
  ['class-elsewhere', undefined, '/classes/tax'],
  ['duties', undefined, '/duties'],
  ['map', undefined, `/map/${c.area}`],
  ['map-heat', undefined, `/map/${c.area}?show=heat&days=366&state=all`],
  ['map-none', undefined, `/map/${c.grid}?class=tax`],
  ['settings', undefined, '/settings'],
  ['verify', undefined, '/verify'],
  ['verify-wrong', undefined, '/verify', (page) => send(page, '/verify', { receipt: 'nothing' })],
  ['sign-in', undefined, '/sign-in'],
  ['sign-in-wrong', undefined, '/sign-in', async (page) => {
    const filled = page.locator('main form:has([name=password])').first();
    for (const name of ['name', 'password']) await filled.locator(`[name=${name}]`).fill('nobody');
    await press(page, filled.locator('button').last());
  }],
  ['sign-in-code', undefined, '/sign-in', byCode()],
  ['sign-in-code-wrong', undefined, '/sign-in', byCode('000000')],
  ['sign-on-mine', undefined, '/sign-in?back=/me/sign-on', by('province')],
  ['sign-on-out', undefined, '/sign-in?back=/me', by('province', 'main form[action$="/sign-out"] button')],
  ['sign-on-refused', undefined, '/sign-in', by('staff')],
  ['sign-on-none', 'committee', '/me/sign-on'],
  ['sign-on-go', 'committee', '/me/sign-on', (page) => press(page, page.locator('main form[action$="/me/sign-on/staff"] button'))],
  ['card', undefined, '/card'],
  ['pocket-signed-out', undefined, '/field/pocket', async (page) => {
    await page.locator('field-pocket[data-ready] .buttons button').first().click();
    await page.locator('field-pocket a[href*="/sign-in"]').waitFor().catch(() => {});
  }],
  ['error-404', undefined, '/no-such-page'],
  ['error-report', undefined, '/reports/000000-9999'],
  ['error-denied', 'resident', '/people'],

  // A matter, by whoever looks.
  ['case-public', undefined, `/reports/${c.busy.number}`],
  ['case-mine-received', undefined, `/reports/${c.received.number}?code=${c.received.code}`],
  ['case-mine-busy', undefined, `/reports/${c.busy.number}?code=${c.busy.code}`, unfold],
  ['case-mine-closed', undefined, `/reports/${c.closed.number}?code=${c.closed.code}`],
  ['case-mine-rejected', undefined, `/reports/${c.rejected.number}?code=${c.rejected.code}`],
  ['case-mine-merged', undefined, `/reports/${c.merged.number}?code=${c.merged.code}`],
  ['case-hung', undefined, `/reports/${c.hung.number}`],
  ['case-photo', undefined, `/reports/${c.shown.number}`],
  ['case-resident', 'resident', `/reports/${c.busy.number}`],
  ['case-received', 'committee', `/cases/${c.received.number}`],
  ['case-fresh', 'committee', `/cases/${c.fresh.number}`],
  ['case-sent', 'property', `/cases/${c.sent.number}`],
  ['case-handler', 'property', `/cases/${c.busy.number}`],
  ['case-desk', 'committee', `/cases/${c.busy.number}`, unfold],
  ['case-done', 'committee', `/cases/${c.done.number}`],
  ['case-dispute', 'subdistrict', `/cases/${c.dispute.number}`],
  ['case-grid', 'grid_worker', `/cases/${c.received.number}`],
  ['case-photo-desk', 'committee', `/cases/${c.photo.number}`],
  ['cover', 'committee', `/cases/${c.photo.number}/media/${c.photo.picture}/cover`, (page) => page.locator('cover-picture[data-ready]').waitFor()],

  // Whoever signed in.
  ['me-resident', 'resident', '/me'],
  ['me-staff', 'grid_worker', '/me'],
  ['me-notices', 'grid_worker', '/me/notices'],
  ['me-data', 'resident', '/me/data'],
  ['catalogue', undefined, '/catalogue'],
  ['catalogue-one', 'committee', '/catalogue/register.tag'],
  ['forms', 'committee', '/forms'],
  ['form-new', 'committee', '/forms/new'],
  ['me-reads', 'resident', '/me/reads'],
  ['me-trust', 'resident', '/me/trust'],
  ['inbox-resident', 'resident', '/inbox'],
  ['inbox', 'committee', '/inbox'],
  ['inbox-matter', 'property', `/inbox?subject=${c.busy.number}`],

  // Who works with it.
  ['register-purpose', 'social_worker', '/register'],
  ['register', 'committee', '/register'],
  ['register-place', 'committee', c.register.place],
  ['register-person', 'committee', c.register.person, unfold],
  ['register-home', 'committee', c.register.home, unfold],
  ['register-new', 'committee', c.register.fresh],
  ['register-people', 'committee', `/register/people?area=${c.area}`],
  ['register-pairs', 'committee', '/register/pairs'],
  ['register-statistics', 'committee', '/register/statistics'],
  ['register-statistics-above', 'subdistrict', '/register/statistics'],
  ['rights', 'committee', '/rights'],
  ['rights-mine', 'resident', '/me/requests'],
  ['audit', 'audit_admin', '/audit/reads'],
  ['desk', 'committee', '/desk'],
  ['desk-all', 'committee', `/desk?queue=all&open=${c.fresh.number}`],
  ['desk-empty', 'volunteer_group', '/desk'],
  ['desk-street', 'subdistrict', '/desk?queue=overdue'],
  ['desk-department', 'department', '/desk'],
  ['orders', 'committee', '/orders'],
  ['orders-empty', 'property', '/orders'],
  ['today', 'grid_worker', '/today'],
  ['today-head', 'building_head', '/today'],
  ['field', 'grid_worker', '/field'],
  ['field-open', 'grid_worker', '/field', unfold],
  ['coverage', 'grid_worker', '/field/coverage'],
  ['building-worker', 'grid_worker', `/buildings/${c.building}`, unfold],
  ['pocket', 'grid_worker', '/field/pocket', async (page) => {
    await page.locator('field-pocket .buttons button').first().click();
    await page.locator('[data-part=state] .say[data-tone=jade]').waitFor().catch(() => {});
  }],
  ['callbacks', 'committee', '/callbacks'],
  ['calls', 'committee', '/notices/calls'],
  ['calls-print', 'committee', '/notices/calls'],
  ['hotline', 'committee', '/hotline'],
  ['hotline-answered', 'committee', '/hotline?tab=answered'],
  ['hotline-none', 'committee', '/hotline?q=nothing'],
  ['hotline-order', 'committee', `/hotline/orders/${c.order}`],
  ['roster', 'committee', '/roster', unfold],
  ['components', 'committee', '/components'],
  ['component', 'committee', c.component ? `/components/${c.component.code}` : '/components'],
  ['duty-requests', 'committee', '/duties/requests'],
  ['duty-requests-department', 'department', '/duties/requests', unfold],
  ['duty-request', 'committee', `/duties/requests/${c.asked}`],
  ['deliveries-open311', 'committee', '/deliveries'],
  ['cards', 'committee', '/cards', unfold],
  ['card-print', 'committee', `/cards/${c.card.id}`],
  ['me-committee', 'committee', '/me'],

  // Who sets it up.
  ['people', 'system_admin', '/people', unfold],
  ['deliveries', 'system_admin', '/notices/deliveries'],
  ['admin-classes', 'system_admin', '/admin/classes'],
  ['admin-calendar', 'system_admin', '/admin/calendar'],
  ['admin-routing', 'system_admin', '/admin/routing'],
  ['admin-routing-hole', 'system_admin', '/admin/routing', asUpload('/admin/routing', '派单规则',
    [['区划', '类别', '时间', '派给', '备注'], ['全部', '全部', '工作时间', '按目录', '']])],
  ['admin-routing-trial', 'system_admin', '/admin/routing', asUpload('/admin/routing', '派单规则', [['区划', '类别', '时间', '派给', '备注'],
    ['全部', '全部', '工作时间', '按目录', ''], ['全部', '全部', '非工作时间', '按目录', '']])],
  ['admin-grids', 'system_admin', '/admin/grids'],
  ['admin-draw', 'system_admin', `/admin/grids/draw?community=${c.area}`],
  ['admin-components', 'system_admin', '/components', unfold],
  ['admin-components-wrong', 'system_admin', '/components', asUpload('/components', '部件', [
    ['部件编码', '类别', '名称', '纬度', '经度', '网格', '权属单位', '权属起始日', '养护单位'],
    ['look-1', '', '门口长椅', '', '', c.grid, '', '', ''], ['look-2', '', '没有地方', '', '', '', '', '', '']])],
  ['admin-open311', 'system_admin', '/admin/open311', unfold],
  ['exchange', 'system_admin', '/exchange', unfold],

  // Together.
  ...together(c),

  // While it storms.
  ['emergency', 'subdistrict', '/field/emergency', async (page) => {
    if (!await page.locator('main .facts').count()) await send(page, '/field/emergency', { reason: '暴雨红色预警，低洼处可能积水', hours: '6' });
    await unfold(page);
  }],
  ['emergency-home', undefined, '/field/emergency'],
  ['emergency-field', 'grid_worker', '/field'],
];

/** Also looked at as they come out of a printer. */
export const PAPER = ['poster', 'card-print', 'calls-print', 'report-sent', 'roster', 'case-desk'];
/** Also looked at on a wall. */
export const WALL = ['equation', 'equation-area', 'map', 'kpi', 'board-wall'];
