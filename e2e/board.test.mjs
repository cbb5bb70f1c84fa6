// Boards: from the top down to a grid, for everybody and for those who answer for the place; on a wall; whether data are missing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE, as, good, json, press, server, stage, ways } from './lib.mjs';

stage();

/** A board, once whoever counts has read the log of the demo: on a busy machine a story may be there first. */
async function counted(page, path, code) {
  for (let tries = 0; ; tries += 1) {
    const board = await json(page, server, path);
    const figure = board.figures.find((f) => f.code === code);
    if (figure.count.n > 0 || tries > 50) return board;
    await page.waitForTimeout(200);
  }
}

for (const [lang, way] of ways([['zh', {}], ['en', { lang: 'en', look: PHONE, js: false }]])) {
  test(`anybody goes down from a board (${lang})`, { timeout: 60_000 }, async () => {
    const page = await as(undefined, way);
    const board = await counted(page, '/board?span=30', 'received');
    assert.ok(board.rows.length > 1 && !board.full);
    await page.goto(server.url('/board?span=30'));
    await good(page, 'board');
    await press(page, page.locator('.tabs').nth(1).locator('a').nth(1));
    await good(page, 'another group');
    await press(page, page.locator('.board-tiles a').first());
    await good(page, 'beneath');
    // On a phone a table has no head: a figure above leads to the same order.
    await press(page, page.locator('.board-figures a').first());
    await good(page, 'in another order');
    assert.match(new URL(page.url()).search, /sort=/);
    await page.context().close();
  });
}

test('a desk sees all of its place, its grids, and whether data are missing', { timeout: 60_000 }, async () => {
  const page = await as('committee');
  const board = await counted(page, '/board?span=30', 'received');
  assert.ok(board.full && board.groups.includes('rights') && board.map.shapes.length > 0);
  await page.goto(server.url('/board?span=30&group=watch'));
  await good(page, 'board of a community');
  await press(page, page.locator('a[href*="/board/health"]'));
  await good(page, 'whether data are missing');
  const table = await page.context().request.get(server.url(`/board/${board.area.code}/table?span=30`));
  assert.match(await table.text(), /^code,name,from,to,received/);
  await page.context().close();
});

test('a board hangs on a wall', { timeout: 60_000 }, async () => {
  const page = await as('subdistrict', { look: { viewport: { width: 1920, height: 1080 } } });
  await counted(page, '/board?span=30', 'received');
  await page.goto(server.url('/board?span=30&look=board'));
  await good(page, 'board on a wall');
  await page.context().close();
});
