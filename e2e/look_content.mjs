// What the pages are looked at with: matters in every state, long words and names, a card, helpers, an emergency, lists that
// are full; made through the program itself. Gives what `look_pages.mjs` needs to find them.

import { DESK, browser, day, json, open, post, server } from './lib.mjs';
import { together } from './look_together.mjs';
import { workbook } from './workbook.mjs';

const LONG = '三单元门口的台阶松动了两块，老人和推婴儿车的人走过时会晃，昨天傍晚下雨以后又塌了一角，现在用一块木板临时搭着，'
  + '夜里没有灯，看不清楚，请尽快来人看看，能先拉一条警示带也好。';

/** Signs somebody in at a desk. */
const desk = (role) => open(browser, server, { look: DESK, role });

/** A picture of one colour per half, drawn by the browser. */
export async function photo(page) {
  const url = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 600, height: 400 });
    const brush = canvas.getContext('2d');
    for (const [color, x] of [['#7a8f99', 0], ['#c9b28f', 300]]) {
      brush.fillStyle = color;
      brush.fillRect(x, 0, 300, 400);
    }
    return canvas.toDataURL('image/jpeg', 0.9);
  });
  return { name: 'door.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(url.split(',')[1], 'base64') };
}

async function withPhoto(page, text, place) {
  const kept = await page.context().request.post(server.url('/media'), {
    headers: { accept: 'application/json', origin: server.origin }, multipart: { file: await photo(page) },
  });
  const { id } = await kept.json();
  return { ...await post(page, '/reports', { text, class: 'building', place, media: [id] }), picture: id };
}

export async function content() {
  const [clerk, property, street, grid, resident, department] = await Promise.all(
    ['committee', 'property', 'subdistrict', 'grid_worker', 'resident', 'department'].map(desk));
  const { area } = (await json(clerk, server, '/me')).roles.find((r) => r.kind === 'committee');
  const place = { area };
  const make = async (who, text, ...steps) => {
    const matter = await post(who, '/reports', { text, class: 'lighting', place });
    for (const [by, action, data] of steps) await post(by, `/cases/${matter.number}/${action}`, data);
    return matter;
  };
  const accept = [clerk, 'accept'];
  const fresh = await make(clerk, '三楼的楼道灯坏了，晚上老人上下楼看不见', accept);
  const to = (await json(clerk, server, `/cases/${fresh.number}`)).parties.find((p) => p.kind === 'property').id;
  const sent = [accept, [clerk, 'dispatch', { to }]];
  const begun = [...sent, [property, 'accept']];
  const back = [[property, 'return', { reason: '这一段归市政管，不归我们' }], [clerk, 'dispatch', { to }]];
  const fixed = (text) => [...begun, [property, 'feedback', { text }]];
  const c = { area, fresh };
  c.received = await make(resident, LONG);
  c.sent = await make(clerk, '单元门的玻璃碎了', ...sent);
  c.busy = await make(resident, '小区东门的路灯坏了', ...begun);
  const { helpers } = await json(clerk, server, `/cases/${c.busy.number}`);
  await post(clerk, `/cases/${c.busy.number}/tasks`, { kind: 'whistle', to: [helpers.at(-1).id], text: '请来看看' });
  c.dispute = await make(clerk, '路边的水沟堵了', ...sent, ...back, ...back, back[0]);
  await post(clerk, '/register/purpose', { purpose: 'register-keep' });
  const { areas: [{ buildings: [house] }] } = await json(clerk, server, '/register');
  const { homes } = await json(clerk, server, `/register/places/${house.id}`);
  const lived = homes.find((h) => h.people.length > 2) ?? homes.find((h) => h.people.length);
  const one = `/register/people/${lived.people[0].id}`;
  await post(clerk, `${one}/tag`, { code: 'veteran', consent: 'law' });
  await post(clerk, `${one}/change`, { work: '退休教师', id_number: '110105194912310021' });
  c.register = {
    place: `/register/places/${house.id}`, person: one, home: `/register/homes/${lived.id}`,
    fresh: `/register/people/new?place=${house.id}&door=${encodeURIComponent(lived.door)}`,
  };
  const year = new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10);
  c.hung = await make(clerk, '小区没有电梯，想加装', accept, [street, 'hang_up', { reason: '要等明年的改造预算', until: year }]);
  c.done = await make(clerk, '楼下垃圾没有人收', ...fixed('已经收走，以后每天两次'));
  c.closed = await make(resident, '单元门锁坏了', ...fixed('换了新锁'), [clerk, 'check'], [clerk, 'close', { text: '看过了，能锁' }]);
  c.rejected = await make(resident, '隔壁区的公交站牌歪了', [clerk, 'reject', { reason: '站牌在外区，已把情况转告那边的城管' }]);
  c.merged = await make(resident, '三楼楼道的灯坏了，已经黑了三天', accept);
  await post(clerk, `/cases/${c.merged.number}/merge`, { to: fresh.number });
  c.photo = await withPhoto(clerk, '单元门坏了，照片里有邻居', place);
  c.shown = await withPhoto(clerk, '花坛的砖掉了', place);
  await post(clerk, `/cases/${c.shown.number}/media/${c.shown.picture}/release`, { public: true });
  const call = await post(clerk, '/reports', { text: '垃圾没有人收', place, contact: { name: '王秀英', phone: '0514-87654321', wish: 'call' } });
  await post(clerk, `/cases/${call.number}/reject`, { reason: '已经收了' });

  c.card = await post(clerk, '/cards', { name: '欧阳诸葛秀英', place: '2单元501' });
  await post(clerk, '/cards', { name: '王秀英', place: '1单元301' });
  await post(clerk, `/cards/${c.card.id}/trust`, { helper: 'resident', label: '女儿', consent: 'present' });
  const field = await json(grid, server, '/field');
  [{ id: c.building }] = field.buildings;
  c.grid = field.grids[0].code;
  c.order = (await json(clerk, server, '/hotline?tab=working')).items[0].id;
  c.asked = (await json(clerk, server, '/duties/requests')).items[0].number;
  await post(department, '/duties/requests', { community: area, what: '协助登记电动车棚', basis: '区文件〔2026〕1号', money: '每户 5 元', until: day(40) });
  const admin = await desk('system_admin');
  const rows = [['部件编码', '类别', '名称', '纬度', '经度', '网格', '权属单位', '权属起始日', '养护单位'], ['look-0', '', '门口路灯', '', '', c.grid, '', '', '']];
  await admin.context().request.post(server.url('/components'), { headers: { origin: server.origin }, multipart: { file: workbook('部件', rows) } });
  await admin.context().close();
  [c.component] = (await json(clerk, server, '/components')).items;
  c.together = await together(clerk, area);
  for (const page of [clerk, property, street, grid, resident, department]) await page.context().close();
  return c;
}
