// Maps: what is chosen stands in the address, the list says what the picture says, keys do what the mouse does; grids are
// drawn, looked at and take force; what lies beneath is moved to the right place or goes; and all of it without WebGL and
// without JavaScript.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { from, to } from '../web/js/map-datum.js';
import { add, move, nextCode, read, remove, snap, split, write } from '../web/js/grid-edit.js';
import { BIN, DESK, PHONE, as, browser, good, json, open, press, send, server, stage, startServer, ways } from './lib.mjs';

let community;

stage(async () => {
  const clerk = await as('committee');
  community = (await json(clerk, server, '/me')).roles[0].area;
  await clerk.context().close();
});

const drawn = (page) => page.locator('.map[data-drawn]').waitFor();
const areas = async (page, path = `/places/${community}/map`) => (
  (await json(page, server, path)).features.filter((f) => f.geometry.type === 'Polygon'));

/** Places moved by the program itself: the truth that the browser's formulas are held against. */
function calc(direction, datum, places) {
  return new Promise((done, fail) => {
    const child = execFile(BIN, ['calc', 'datum', ...(direction === 'to' ? ['--from', 'wgs84', '--to', datum] : ['--from', datum])],
      (error, out) => (error ? fail(error) : done(out.trim().split('\n').slice(1).map((l) => l.split(',').map(Number)))));
    child.stdin.end(`lon,lat\n${places.map((p) => p.join(',')).join('\n')}\n`);
  });
}

test('the browser moves places as the program does', { timeout: 30_000 }, async () => {
  const places = [[2.2945, 48.8584], [139.7671, 35.6812]];
  for (let lon = 73; lon < 136; lon += 4.7) for (let lat = 4; lat < 54; lat += 3.1) places.push([+lon.toFixed(7), +lat.toFixed(7)]);
  for (const datum of ['wgs84', 'cgcs2000', 'gcj02', 'bd09']) {
    for (const [direction, own] of [['to', to], ['from', from]]) {
      const truth = await calc(direction, datum, places);
      places.forEach((p, i) => own(datum, p).forEach((v, k) => (
        assert.ok(Math.abs(v - truth[i][k]) < 1.5e-7, `${direction} ${datum} ${p}: ${own(datum, p)} ${truth[i]}`))));
    }
  }
});

test('edits of outlines keep shared corners shared', () => {
  const two = [
    { code: '1001', name: '甲', ring: [[0, 0], [1, 0], [1, 1], [0, 1]] },
    { code: '1002', name: '乙', ring: [[1, 0], [2, 0], [2, 1], [1, 1]] },
  ];
  const rings = (grids) => grids.map((g) => g.ring);
  assert.deepEqual(read(write(two)), two);
  assert.deepEqual(rings(move(two, [1, 1], [1.1, 1.2])), [[[0, 0], [1, 0], [1.1, 1.2], [0, 1]], [[1, 0], [2, 0], [2, 1], [1.1, 1.2]]]);
  assert.deepEqual(move(two, [1, 1], [1, 0])[0].ring, [[0, 0], [1, 0], [0, 1]], 'two corners become one');
  assert.deepEqual(rings(add(two, 0, 1)).map((r) => r.filter(([x, y]) => x === 1 && y === 0.5).length), [1, 1]);
  assert.deepEqual(rings(remove(add(two, 0, 1), [1, 0.5])), rings(two));
  assert.equal(remove([{ ...two[0], ring: two[0].ring.slice(0, 3) }], [0, 0]), null, 'three corners are the least');
  const parts = split(two, 0, 0, 2, nextCode(two, '1'), '新');
  assert.deepEqual(parts.map((g) => g.code), ['1001', '1002', '1003']);
  assert.deepEqual([parts[0].ring, parts[2].ring], [[[0, 0], [1, 0], [1, 1]], [[1, 1], [0, 1], [0, 0]]]);
  assert.equal(split(two, 0, 0, 1, 'x', 'x'), null, 'neighbours split nothing');
  const far = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  assert.deepEqual([snap(two, [1.05, 1], null, far, 0.1), snap(two, [1.5, 0.5], null, far, 0.1)], [[1, 1], null]);
});

for (const [what, way] of ways([['phone', { look: PHONE }], ['desk', { look: DESK, lang: 'en' }], ['large print', { look: PHONE, elder: true }]])) {
  test(`what is chosen stands in the address, and the list follows (${what})`, { timeout: 60_000 }, async () => {
    const page = await as(undefined, way);
    await page.goto(server.url(`/places/${community}`));
    await press(page, page.locator(`main a[href$="/map/${community}"]`));
    await drawn(page);
    await good(page, `map ${what}`);
    const filters = page.locator('form.filters');
    await filters.locator('[name=show]').selectOption('heat');
    await filters.locator('[name=class]').selectOption('lighting');
    await filters.locator('[name=days]').selectOption('366');
    await filters.locator('[name=state]').selectOption('all');
    await press(page, filters.locator('button'));
    const asked = new URL(page.url()).searchParams;
    assert.deepEqual(['show', 'class', 'days', 'state'].map((n) => asked.get(n)), ['heat', 'lighting', '366', 'all']);
    await drawn(page);
    await good(page, `heat ${what}`);
    const picture = await areas(page, `/places/${community}/map?${asked}`);
    const inSquares = picture.filter((f) => f.properties.heat).reduce((n, f) => n + f.properties.n, 0);
    const list = await json(page, server, `/map/${community}?${asked}`);
    assert.ok(list.sum > 0 && list.sum >= inSquares, `${list.sum} in the list, ${inSquares} in squares`);
    assert.equal(await page.locator('.legend .heat').count(), list.legend.length);
    assert.equal(await page.locator('.map-heat').count() > 0, inSquares > 0, 'a number beside the colour of the fullest');
    // A grid is chosen from the list, with everything else kept.
    await press(page, page.locator('.atlas .list a.row').first());
    const grid = new URL(page.url());
    assert.equal(grid.searchParams.get('class'), 'lighting');
    assert.notEqual(grid.pathname.split('/').pop(), community);
    await drawn(page);
    await good(page, `grid ${what}`);
    await page.context().close();
  });
}

test('keys alone: the map is reached, moved, gone through and left for a matter', { timeout: 60_000 }, async () => {
  const page = await as(undefined);
  await page.goto(server.url(`/map/${community}?state=open`));
  await drawn(page);
  const canvas = page.locator('.map canvas');
  for (let i = 0; i < 60 && !(await canvas.evaluate((c) => c === document.activeElement)); i += 1) await page.keyboard.press('Tab');
  assert.ok(await canvas.evaluate((c) => c === document.activeElement), 'Tab reaches the map');
  const label = await canvas.getAttribute('aria-label');
  assert.match(label, /N 下一件/, 'it says which keys there are');
  await page.keyboard.press('ArrowRight');
  await page.locator('.map[data-followed]').waitFor();
  await page.keyboard.press('n');
  const said = page.locator('grid-map [role=status]');
  const first = await said.innerText();
  assert.match(first, /^1\/\d+ ./);
  await page.keyboard.press('n');
  assert.match(await said.innerText(), /^2\//);
  await page.keyboard.press('p');
  assert.equal(await said.innerText(), first);
  await Promise.all([page.waitForURL(/\/reports\//), page.keyboard.press('Enter')]);
  await page.goBack();
  await drawn(page);
  // The mouse opens a grid; the same link stands in the list.
  const [grid] = await areas(page);
  assert.equal(await page.locator(`.atlas a.row[href*="/map/${grid.properties.code}?"]`).count(), 1);
  await page.context().close();
});

for (const [what, way] of [['without JavaScript', { js: false }], ['without WebGL', {}]]) {
  test(`the list is there ${what}`, { timeout: 60_000 }, async () => {
    const page = await as(undefined, { look: PHONE, ...way });
    if (way.js !== false) await page.addInitScript(() => { HTMLCanvasElement.prototype.getContext = () => null; });
    await page.goto(server.url(`/map/${community}?show=heat`));
    if (way.js !== false) await page.getByText('地图打不开').waitFor();
    await good(page, `map ${what}`);
    assert.ok(await page.locator('.atlas .list a.row').count() > 3, 'places and matters');
    await page.locator('form.filters [name=state]').selectOption('closed');
    await press(page, page.locator('form.filters button'));
    assert.equal(new URL(page.url()).searchParams.get('state'), 'closed');
    await page.context().close();
  });
}

test('a grid is split and reshaped on the map, by keys; what is wrong shows while one draws', { timeout: 120_000 }, async () => {
  const page = await as('system_admin');
  await page.goto(server.url('/admin/grids'));
  await page.locator('#draw-community').fill(community);
  await press(page, page.locator('form[action$="/admin/grids/draw"] button'));
  await drawn(page);
  await page.locator('#draw-grid option').first().waitFor({ state: 'attached' });
  await good(page, 'drawing');
  const text = page.locator('[name=geojson]');
  const before = await text.inputValue();
  const looked = (n) => page.locator(`grid-draw[data-looked="${n}"]`).waitFor();
  const canvas = page.locator('.map canvas');
  await canvas.focus();
  await page.keyboard.press('n');
  assert.match(await page.locator('.draw-said').innerText(), /第 1 个拐点/);
  // The first corner is one of the rim: pulled away, it leaves a hole or reaches beyond.
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('Shift+ArrowDown');
  await page.locator('grid-draw[data-looked]:not([data-looked="0"])').waitFor();
  assert.match(await page.locator('.draw-problems').innerText(), /不在任何网格里|超出了社区边界|重叠|交叉/);
  await good(page, 'drawing with faults');
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('u');
  await looked(0);
  assert.deepEqual(JSON.parse(await text.inputValue()), JSON.parse(before), 'taken back');
  // Split the first grid from its first corner to the one opposite.
  await canvas.focus();
  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  await page.keyboard.press('s');
  const corners = JSON.parse(before).features[0].geometry.coordinates[0].length - 1;
  for (let i = 0; i < Math.floor(corners / 2); i += 1) await page.keyboard.press('n');
  await page.keyboard.press('s');
  await page.locator('#draw-name').fill('新分的网格');
  await page.locator('#draw-name').press('Tab');
  await looked(0);
  assert.match(await page.locator('.draw-said').innerText(), /没有重叠/);
  await press(page, page.locator('form[action$="/admin/grids/draw"] button.primary'));
  await good(page, 'what the drawing means');
  assert.match(await page.locator('main').innerText(), /新分的网格/);
  await press(page, page.locator('main form[action*="/admin/grids/"] button'));
  for (let tries = 0; !(await areas(page)).some((f) => f.properties.name === '新分的网格'); tries += 1) {
    assert.ok(tries < 40, 'the new grid takes force by itself');
    await page.waitForTimeout(250);
  }
  await page.context().close();
});

test('a corner is dragged with the mouse, and its neighbours come along', { timeout: 60_000 }, async () => {
  const page = await as('system_admin');
  await page.goto(server.url(`/admin/grids/draw?community=${community}`));
  await drawn(page);
  await page.locator('#draw-grid option').first().waitFor({ state: 'attached' });
  const text = page.locator('[name=geojson]');
  const old = JSON.parse(await text.inputValue()).features;
  const key = (p) => p.join();
  const count = (all, p) => all.filter((f) => f.geometry.coordinates[0].some((q) => key(q) === key(p))).length;
  const ring = old[0].geometry.coordinates[0];
  const i = ring.findIndex((p) => count(old, p) > 1);
  assert.ok(i >= 0, 'two grids of the demo share a corner');
  // The map shows all grids with 32 px around: where the corner is on the screen follows from that.
  const all = old.flatMap((f) => f.geometry.coordinates[0]);
  const y = (lat) => Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));
  const x = (lon) => (lon * Math.PI) / 180;
  const [west, east] = [Math.min(...all.map((p) => x(p[0]))), Math.max(...all.map((p) => x(p[0])))];
  const [south, north] = [Math.min(...all.map((p) => y(p[1]))), Math.max(...all.map((p) => y(p[1])))];
  const box = await page.locator('.map canvas').boundingBox();
  const scale = Math.min((box.width - 64) / (east - west), (box.height - 64) / (north - south));
  const on = (p) => [
    box.x + box.width / 2 + (x(p[0]) - (west + east) / 2) * scale, box.y + box.height / 2 - (y(p[1]) - (south + north) / 2) * scale,
  ];
  const [px, py] = on(ring[i]);
  await page.mouse.move(px, py);
  await page.mouse.down();
  await page.mouse.move(px + 20, py + 20, { steps: 4 });
  await page.mouse.up();
  const now = JSON.parse(await text.inputValue()).features;
  const moved = now[0].geometry.coordinates[0][i];
  assert.notEqual(key(moved), key(ring[i]), 'the corner went with the mouse');
  assert.equal(count(now, moved), count(old, ring[i]), 'so did those who share it');
  assert.equal(count(now, ring[i]), 0);
  await page.context().close();
});

test('grids are drawn as text without JavaScript, and what was typed is kept', { timeout: 60_000 }, async () => {
  const page = await as('system_admin', { js: false });
  await page.goto(server.url(`/admin/grids/draw?community=${community}`));
  await good(page, 'drawing as text');
  const text = page.locator('[name=geojson]');
  const all = JSON.parse(await page.locator('[name=geojson]').textContent());
  const twice = { ...all, features: [...all.features, { ...all.features[0], properties: { code: `${community}077`, name: '压上去的' } }] };
  await page.locator('summary').first().click();
  await text.fill(JSON.stringify(twice));
  await press(page, page.locator('button[value=check]'));
  await good(page, 'drawing looked at', { quiet: false });
  assert.match(await page.locator('.error-box').innerText(), new RegExp(`${community}077.*重叠`));
  assert.match(await text.inputValue(), /压上去的/, 'what was typed is kept');
  const crossed = structuredClone(all);
  const [a] = crossed.features[0].geometry.coordinates[0];
  crossed.features[0].geometry.coordinates[0] = [[a[0], a[1]], [a[0] + 0.001, a[1] + 0.001], [a[0] + 0.001, a[1]], [a[0], a[1] + 0.001], [a[0], a[1]]];
  await text.fill(JSON.stringify(crossed));
  await press(page, page.locator('button.primary'));
  assert.match(await page.locator('.error-box').innerText(), /自己交叉/);
  await text.fill(JSON.stringify(all));
  await press(page, page.locator('button[value=check]'));
  assert.match(await page.locator('main .say[role=status]').innerText(), /没有重叠/);
  await page.context().close();
});

test('tiles of a service lie beneath, whose map it is stands on it, and when they fail our layers stay', { timeout: 90_000 }, async () => {
  const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  let broken = false;
  const asked = [];
  const tiles = createServer((request, answer) => {
    asked.push(request.url);
    answer.writeHead(broken ? 500 : 200, { 'access-control-allow-origin': '*', 'content-type': 'image/png' });
    answer.end(broken ? '' : PIXEL);
  });
  await new Promise((ready) => { tiles.listen(0, '127.0.0.1', ready); });
  const config = join(server.data, 'map.toml');
  await writeFile(config, `[map]\ntiles = ["http://127.0.0.1:${tiles.address().port}/{z}/{x}/{y}"]\ndatum = "gcj02"\nattribution = "示例地图 审图号：GS(2026)0000号"\n`);
  const other = await startServer(['--config', config]);
  try {
    const page = await open(browser, other, { look: DESK });
    for (broken of [false, true]) {
      asked.length = 0;
      await page.goto(other.url(`/map/${community}`));
      await drawn(page);
      assert.ok(asked.length > 0, 'tiles were asked for');
      assert.match(await page.locator('.map-whose').innerText(), /审图号/);
      assert.ok(await page.locator('.map-label').count() > 0, 'our grids are there');
      if (!broken) await good(page, 'map on tiles');
    }
    await page.context().close();
  } finally {
    await other.stop();
    tiles.close();
  }
});
