// The register as a grid worker, a clerk and a resident live with it: nothing without a purpose, nobody twice, households that
// split and move, doubles that are joined and separated, and a resident who sees who looked and asks why.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, good, json, press, send, server, stage, ways } from './lib.mjs';

stage();

const NUMBER = '11010519491231002X';

/** Says for what the register is read. */
async function need(page, purpose) {
  await page.goto(server.url('/register'));
  const [done] = [page.locator('form[action$="/register/purpose"] button:not([value])')];
  if (await done.count()) await press(page, done);
  await press(page, page.locator(`button[value="${purpose}"]`));
}

/** Opens the form for somebody new behind a door of the first building. */
async function behind(page, door) {
  await page.goto(server.url('/register'));
  await press(page, page.locator('main a[href*="/register/places/"]').first());
  await page.locator('main input[name=door]').fill(door);
  await press(page, page.locator('main form.filters button', { hasNotText: /Search|查找/ }));
}

for (const [lang, way] of ways([['zh', { look: PHONE }], ['en', { look: DESK, lang: 'en', js: false }]])) {
  const [name, born, phone] = lang === 'zh' ? ['金秀英', '1950/2/3', '138 0000 7766'] : ['林建国', '1943/11/9', '138 0000 7755'];
  test(`somebody is written down once, changed, tagged, moved (${lang})`, { timeout: 120_000 }, async () => {
    const grid = await as('grid_worker', way);
    if (lang === 'zh') {
      await grid.goto(server.url('/register/people/new'));
      assert.ok(await grid.locator('button[value="register-visit"]').count(), 'first it is asked what for');
      await good(grid, `purpose (${lang})`);
    }
    await need(grid, 'register-visit');
    await good(grid, `register (${lang})`);
    await behind(grid, '9－901');
    await good(grid, `somebody new (${lang})`);
    await send(grid, '/register/people', { name, birth: born, sex: (all) => all.find((o) => ['女', 'Female'].includes(o.label)).value, phone });
    await good(grid, `a record (${lang})`);
    const id = new URL(grid.url()).pathname.split('/').at(-1);
    const record = () => json(grid, server, `/register/people/${id}`);
    assert.equal((await record()).home.door, '9单元901室');

    // The same once more, a little otherwise: said while it is typed, and before it is saved.
    await behind(grid, '9-901');
    if (grid.scripted) {
      await grid.locator('[name=name]').fill(name);
      await grid.locator('[name=phone]').fill(phone);
      await grid.locator('[name=birth]').fill(born);
      await grid.locator('.held-found a.row').first().waitFor();
      await good(grid, `held already (${lang})`);
    }
    const twice = { name, birth: born, phone };
    const noise = grid.noise.length;
    await send(grid, '/register/people', twice);
    assert.ok((await grid.locator('main').innerText()).includes(name), 'perhaps the same');
    assert.ok(await grid.locator('[name=anyway]').count());
    grid.noise.splice(noise);
    await good(grid, `perhaps the same (${lang})`);

    await grid.goto(server.url(`/register/people/${id}`));
    await send(grid, `/register/people/${id}/change`, { work: lang === 'zh' ? '退休' : 'Retired', id_number: lang === 'zh' ? '110105195002030011' : '110105194311090011' });
    assert.ok((await record()).values.some((v) => v.flag === 'check-digit'), 'wrong, kept, said');
    await good(grid, `flagged (${lang})`);
    await send(grid, `/register/people/${id}/tag`, { code: 'alone', consent: 'said' });
    assert.equal((await record()).tags[0].code, 'alone');
    await good(grid, `tagged (${lang})`);
    await send(grid, `/register/people/${id}/move`, { door: '9－902' });
    assert.equal((await record()).home.door, '9单元902室');
    assert.ok((await record()).past.length >= 3);
    await send(grid, `/register/people/${id}/leave`);
    assert.equal((await record()).state, 'away');
    await good(grid, `gone (${lang})`);
    await grid.context().close();
  });
}

test('doubles are joined and separated, and the numbers of a community are seen', { timeout: 120_000 }, async () => {
  const clerk = await as('committee');
  await need(clerk, 'register-keep');
  for (const [door, name] of [['8-801', '宋丽华'], ['8-802', '宋莉华']]) {
    await behind(clerk, door);
    await send(clerk, '/register/people', { name, birth: '1966-07-08', phone: '13800008877', sex: '2' });
    if (await clerk.locator('[name=anyway]').count()) {
      await clerk.locator('[name=anyway]').check({ force: true });
      await press(clerk, clerk.locator('main form[action$="/register/people"] button'));
      clerk.noise.length = 0;
    }
  }
  await clerk.goto(server.url('/register/pairs'));
  await send(clerk, '/register/search');
  await good(clerk, 'doubles');
  const pair = (await json(clerk, server, '/register/pairs')).items.find((p) => JSON.stringify(p).includes('宋'));
  await send(clerk, `/register/pairs/${encodeURIComponent(pair.id)}/same`);
  await good(clerk, 'joined');
  const found = async (q) => {
    const answer = await clerk.context().request.post(server.url('/register'), { data: { q }, headers: { accept: 'application/json' } });
    return (await answer.json()).items.map((i) => i.id);
  };
  const [one, other] = [await found('宋丽华'), await found('宋莉华')];
  assert.deepEqual([one.length, other], [1, one], 'one stands for both, by either name');
  await send(clerk, `/register/pairs/${encodeURIComponent(pair.id)}/undo`);
  assert.notDeepEqual(await found('宋莉华'), one);

  await clerk.goto(server.url('/register/statistics'));
  await good(clerk, 'statistics');
  assert.equal(await clerk.locator('.pyramid rect').count(), 36);
  const street = await as('subdistrict', { look: PHONE, elder: true });
  await street.goto(server.url('/register/statistics'));
  await good(street, 'statistics from above');
  const above = await json(street, server, '/register/statistics?by=community');
  assert.ok(!above.exact && above.ages.every((a) => [a.male, a.female].every((n) => n === null || n === 0 || n >= 5)));
  for (const page of [clerk, street]) await page.context().close();
});

test('a resident sees what is held, who looked, and asks why', { timeout: 120_000 }, async () => {
  const me = await as('resident', { look: PHONE, elder: true });
  const own = await json(me, server, '/me/data');
  const [name, phone] = ['person.name', 'person.phone'].map((e) => own.values.find((v) => v.element === e).value);
  const clerk = await as('committee');
  await need(clerk, 'register-aid');
  await behind(clerk, '7-701');
  await send(clerk, '/register/people', { name, phone, id_number: NUMBER });
  const id = new URL(clerk.url()).pathname.split('/').at(-1);
  await send(clerk, `/register/people/${id}/tag`, { code: 'empty-nest', consent: 'said' });

  await me.goto(server.url('/me/data'));
  await good(me, 'my data, not tied');
  await send(me, '/me/register', { name, id_number: NUMBER });
  await good(me, 'my data');
  assert.ok((await me.locator('main').innerText()).includes(NUMBER));
  await me.goto(server.url('/me/reads'));
  await good(me, 'who looked');
  await press(me, me.locator('main a[href*="/me/requests?entry="]').first());
  await send(me, '/me/requests', { text: '请问为什么看我的信息？' });
  await good(me, 'my requests');
  await me.goto(server.url('/me/data'));
  await send(me, '/me/tags/empty-nest/withdraw');
  assert.deepEqual((await json(me, server, '/me/data')).registered.tags, []);

  await clerk.goto(server.url('/rights'));
  await good(clerk, 'requests');
  await press(clerk, clerk.locator('main a[href*="/rights/"]').first());
  await good(clerk, 'a request about my own read');
  assert.equal(await clerk.locator('form[action$="/done"]').count(), 0, 'whoever looked does not answer');
  const audit = await as('audit_admin');
  await audit.goto(server.url('/audit/reads'));
  await good(audit, 'who reads how much');
  for (const page of [me, clerk, audit]) await page.context().close();
});
