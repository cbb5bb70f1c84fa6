// A mediation from its asking to its agreement: asked for on a phone in large print, joined without scripts, named by a desk that
// reads no word of it, written by a mediator, signed by both, stamped.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, day, good, json, press, send, server, stage } from './lib.mjs';

stage(undefined, ['--clock', 'manual']);

const SECRET = '楼上半夜拖椅子，吵了三年';
let number;
const at = () => server.url(`/mediations/${number}`);

test('a resident asks for it, in large print', { timeout: 120_000 }, async () => {
  const street = await as('subdistrict', { look: DESK });
  await street.goto(server.url('/mediations'));
  const own = (await street.locator('a.own').innerText()).trim();
  await street.locator('#mediators details summary').click();
  await send(street, '/mediations/mediators', { person: (all) => all.find((o) => o.label.includes(own)).value });
  await good(street, 'mediators');
  const resident = await as('resident', { look: PHONE, elder: true });
  await resident.goto(server.url('/mediations'));
  await good(resident, 'mediations, large print');
  await resident.goto(server.url('/mediations/new'));
  await good(resident, 'ask for mediation, large print');
  await send(resident, '/mediations', { kind: 'noise', text: SECRET, name1: '楼上老李' });
  number = new URL(resident.url()).pathname.split('/').at(-1);
  await good(resident, 'mediation asked, large print');
});

test('the other side joins and consents without scripts; the desk reads no word', { timeout: 120_000 }, async () => {
  const resident = await as('resident', { look: PHONE });
  const { sides } = await json(resident, server, `/mediations/${number}`);
  const other = await as('volunteer_group', { look: PHONE, js: false, lang: 'en' });
  await other.goto(server.url('/mediations/join'));
  await good(other, 'join');
  await send(other, '/mediations/join', { code: sides[1].code });
  assert.ok((await other.locator('main').innerText()).includes(SECRET));
  await good(other, 'asked for consent');
  await press(other, other.locator('form[action$="/consent"]:has([name=yes][value="1"]) button'));
  const clerk = await as('committee', { look: DESK, lang: 'en' });
  await clerk.goto(at());
  const seen = await clerk.locator('main').innerText();
  assert.ok(!seen.includes(SECRET) && !seen.includes('老李'), 'a desk reads number, kind, state and limits');
  await clerk.locator('details:has(form[action$="/appoint"]) summary').click();
  await clerk.locator('form[action$="/appoint"] [name=mediator]').first().check();
  await press(clerk, clerk.locator('form[action$="/appoint"] button'));
  await good(clerk, 'mediation at the desk');
  await clerk.goto(server.url('/mediations'));
  await good(clerk, 'mediations at the desk');
});

test('the mediator writes it, both sign, the committee stamps', { timeout: 180_000 }, async () => {
  const street = await as('subdistrict', { look: DESK });
  await street.goto(at());
  await send(street, '/sessions', { date: day(3), time: '15:00', place: '居委会二楼' });
  await good(street, 'mediation of the mediator');
  await send(street, '/sessions/1', { text: '双方都来了，说开了。' });
  await send(street, '/agreement', { text: '椅脚套软垫，十一点后不拖。', side1: '2', what1: '给椅脚套上软垫', due1: day(12) });
  await good(street, 'agreement drafted');
  await press(street, street.locator('form[action$="/sign"]:not(:has([name=side])) button'));
  const ways = [['resident', { look: PHONE, elder: true }], ['volunteer_group', { look: PHONE, js: false, lang: 'en' }]];
  for (const [role, way] of ways) {
    const side = await as(role, way);
    await side.goto(at());
    await good(side, `to sign (${role})`);
    await press(side, side.locator('form[action$="/sign"] button'));
  }
  const clerk = await as('committee', { look: DESK, lang: 'en' });
  await clerk.goto(at());
  await press(clerk, clerk.locator('form[action$="/stamp"] button'));
  await good(clerk, 'stamped');
  for (const [role, way] of ways) {
    const side = await as(role, way);
    await side.goto(at());
    await good(side, `agreed (${role})`);
    assert.equal((await json(side, server, `/mediations/${number}`)).state, 'settled');
  }
  const visitor = await as(undefined, { look: PHONE, lang: 'en' });
  await visitor.goto(server.url('/mediations/figures'));
  await good(visitor, 'figures');
});
