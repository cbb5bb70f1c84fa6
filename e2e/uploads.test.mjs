// A photo over a line that breaks: what the phone brought over is not brought twice, the page says how far it is and that
// the network is gone, and the report comes with its photo. What the server will not have is said by the form.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE, as, browser, good, open, press, server, shot, stage } from './lib.mjs';

stage();

/** A photo of about half a megabyte that no packing makes small, into the form's photo field. */
async function choose(page, name = 'lamp.jpg') {
  const bytes = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 900, height: 700 });
    const brush = canvas.getContext('2d');
    const picture = brush.createImageData(900, 700);
    for (let i = 0, seed = 1; i < picture.data.length; i += 1) {
      seed = (seed * 48271) % 2147483647;
      picture.data[i] = i % 4 === 3 ? 255 : seed & 255;
    }
    brush.putImageData(picture, 0, 0);
    const blob = await new Promise((done) => { canvas.toBlob(done, 'image/jpeg', 0.9); });
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  await page.locator('main input[type=file][accept^=image]').setInputFiles({ name, mimeType: 'image/jpeg', buffer: Buffer.from(bytes) });
  await page.locator('.previews img').first().waitFor();
  return bytes.length;
}

/** Watches the pieces that leave; `breaks` says which of them never arrive. */
async function watch(page, breaks = () => false) {
  const sent = [];
  await page.route(/\/uploads\/[^/]+$/, async (route) => {
    const request = route.request();
    if (request.method() !== 'POST') return route.continue();
    const piece = { from: Number(request.headers()['upload-offset']), size: request.postDataBuffer()?.length ?? 0 };
    piece.broken = breaks(sent.length);
    sent.push(piece);
    return piece.broken ? route.abort('connectionreset') : route.continue();
  });
  return sent;
}

const onward = (page) => page.locator('main button[name=go][value=next], main form[action$="/reports"] button.primary').first();

async function finish(page) {
  await press(page, onward(page));
  await press(page, onward(page));
  await good(page, 'receipt', { quiet: false });
  const link = await page.locator('main a[href*="/receipt?code="]').first().getAttribute('href');
  await page.goto(new URL(link.replace('/receipt', ''), page.url()).href);
  return page.locator('main .photos img').count();
}

test('a photo goes on where the line broke', { timeout: 120_000 }, async () => {
  const page = await open(browser, server, { look: PHONE });
  const sent = await watch(page, (n) => n === 1 || n === 2 || n === 4);
  await page.goto(server.url('/report'));
  const size = await choose(page);
  const loaded = page.waitForEvent('load');
  await onward(page).click();
  // Gone for a while: the page says so, and keeps what it has.
  await page.locator('main [role=status]', { hasText: '网络断了' }).waitFor();
  await shot(page, 'upload-cut');
  await loaded;
  await good(page, 'report where, with a photo kept', { quiet: false });
  const arrived = sent.filter((piece) => !piece.broken);
  assert.equal(arrived.reduce((sum, piece) => sum + piece.size, 0), size, 'each byte arrives once');
  arrived.reduce((end, piece) => { assert.equal(piece.from, end, 'it goes on where it broke'); return end + piece.size; }, 0);
  assert.equal(await finish(page), 1);
  await page.context().close();
});

test('whoever takes the photo away goes on without it', { timeout: 120_000 }, async () => {
  const page = await open(browser, server, { look: PHONE });
  await watch(page, (n) => n > 0);
  await page.goto(server.url('/report'));
  await page.locator('main [name=text]').fill('三楼的灯坏了');
  await choose(page);
  const loaded = page.waitForEvent('load');
  await onward(page).click();
  await page.locator('main [role=status]', { hasText: '网络断了' }).waitFor();
  await page.locator('.previews .btn').first().click();
  await loaded;
  assert.equal(await finish(page), 0);
  await page.context().close();
});

test('staff send photos the same way, and what is no photo is told', { timeout: 120_000 }, async () => {
  const page = await as('grid_worker', { look: PHONE });
  const sent = await watch(page);
  await page.goto(server.url('/report?channel=patrol'));
  await choose(page);
  await page.locator('main input[type=file][accept^=image]').setInputFiles({ name: 'x.jpg', mimeType: 'image/jpeg', buffer: Buffer.alloc(100_000, 7) });
  await page.locator('main [name=text]').fill('三楼的灯坏了');
  await press(page, onward(page));
  assert.equal(await page.locator('main [name=text]').inputValue(), '三楼的灯坏了');
  assert.match(await page.locator('main [role=alert]').innerText(), /照片|录音/);
  assert.equal(await page.locator('main input[name=media][type=hidden]').count(), 1, 'the good one is kept');
  assert.ok(sent.length > 2);
  await page.context().close();
});
