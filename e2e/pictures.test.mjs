// Pictures as people live with them: a face is covered on the phone before the picture travels, a clerk covers what was
// left and shows it to everybody; by finger, by keys, and without a script.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESK, PHONE, as, browser, good, json, open, post, press, send, server, stage, ways } from './lib.mjs';

let place;

stage(async () => {
  const clerk = await as('committee');
  place = { area: (await json(clerk, server, '/me')).roles[0].area };
  await clerk.context().close();
});

/** A JPEG of one colour per half, drawn by the browser. */
async function photo(page) {
  const url = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [600, 400];
    const brush = canvas.getContext('2d');
    for (const [color, x] of [['#d00000', 0], ['#0000d0', 300]]) {
      brush.fillStyle = color;
      brush.fillRect(x, 0, 300, 400);
    }
    return canvas.toDataURL('image/jpeg', 0.95);
  });
  return { name: 'door.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(url.split(',')[1], 'base64') };
}

/** Red and blue of a spot (in shares of the sides) of a picture that this page may fetch; null when it may not. */
function colour(page, url, x, y) {
  return page.evaluate(async ([from, a, b]) => {
    const answer = await fetch(from, { cache: 'reload' });
    if (!answer.ok) return null;
    const image = await createImageBitmap(await answer.blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    const brush = canvas.getContext('2d');
    brush.drawImage(image, 0, 0);
    const [red, , blue] = brush.getImageData(Math.round(a * image.width), Math.round(b * image.height), 1, 1).data;
    return [red, blue];
  }, [url, x, y]);
}

const mixed = ([red, blue]) => red > 40 && blue > 40;

/** A report with a picture, without the form. */
async function reported(page) {
  const file = await photo(page);
  const kept = await page.context().request.post(server.url('/media'), {
    headers: { accept: 'application/json', origin: server.origin }, multipart: { file },
  });
  const { id } = await kept.json();
  const made = await post(page, '/reports', { text: '单元门坏了，照片里有邻居', class: 'lighting', place, media: [id] });
  return { ...made, id };
}

test('a face is covered on the phone, before the picture travels', { timeout: 120_000 }, async () => {
  const page = await open(browser, server, { look: PHONE });
  await page.goto(server.url('/report?class=lighting'));
  const file = await photo(page);
  await page.locator('main textarea[name=text]').fill('门坏了');
  await page.locator('photo-field input[type=file]').setInputFiles(file);
  await page.locator('.previews button').nth(1).click();
  const dialog = page.locator('dialog');
  await dialog.locator('cover-picture[data-ready]').waitFor();
  await good(page, 'a photo is covered on the phone');
  const canvas = dialog.locator('canvas');
  const box = await canvas.boundingBox();
  await canvas.click({ position: { x: box.width / 2, y: box.height / 2 } });
  assert.match(await dialog.locator('[role=status]').innerText(), /1/);
  await dialog.locator('.buttons .btn').first().click();
  await dialog.waitFor({ state: 'detached' });
  const sent = await page.locator('photo-field input[type=file]').evaluate(async (input) => {
    const image = await createImageBitmap(input.files[0]);
    const canvas = new OffscreenCanvas(image.width, image.height);
    const brush = canvas.getContext('2d');
    brush.drawImage(image, 0, 0);
    const at = (x, y) => { const [red, , blue] = brush.getImageData(x, y, 1, 1).data; return [red, blue]; };
    return { middle: at(300, 200), corner: at(10, 10), name: input.files[0].name, n: input.files.length };
  });
  assert.ok(mixed(sent.middle), `the middle is covered: ${sent.middle}`);
  assert.ok(!mixed(sent.corner) && sent.n === 1 && sent.name.endsWith('.jpg'));
  await page.context().close();
});

for (const [lang, way] of ways([['zh', { look: DESK }], ['elder', { look: PHONE, elder: true }], ['en', { look: PHONE, lang: 'en', js: false }]])) {
  test(`a clerk covers a face and shows the picture to everybody (${lang})`, { timeout: 120_000 }, async () => {
    const clerk = await as('committee', way);
    const resident = await as('resident');
    const { number, id } = await reported(resident);
    const anybody = await as(undefined, { look: PHONE });
    await anybody.goto(server.url(`/reports/${number}`));
    assert.equal(await anybody.locator('.photos img').count(), 0, 'nobody sees it yet');
    await clerk.goto(server.url(`/cases/${number}`));
    await press(clerk, clerk.locator(`.photos a[href$="/media/${id}/cover"]`));
    await good(clerk, `a picture to be covered (${lang})`);
    if (way.js === false) {
      for (const [side, share] of [['left', 40], ['top', 40], ['width', 20], ['height', 20]]) await clerk.locator(`[name=${side}]`).fill(String(share));
      await press(clerk, clerk.locator('form[action$="/cover"] button[type=submit]'));
    } else {
      await clerk.locator('cover-picture[data-ready]').waitFor();
      await clerk.locator('canvas').focus();
      await clerk.keyboard.press('ArrowLeft');
      await clerk.keyboard.press('ArrowRight');
      await clerk.keyboard.press('Enter');
      await clerk.keyboard.press('Enter');
      await clerk.keyboard.press('Backspace');
      await good(clerk, `a place is chosen by keys (${lang})`);
      assert.equal((await clerk.locator('[name=places]').inputValue()).split(';').length, 1);
      await press(clerk, clerk.locator('form[action$="/cover"] button[type=submit]'));
    }
    assert.equal((await json(clerk, server, `/cases/${number}/media/${id}/cover`)).covered, 1);
    await send(clerk, `/cases/${number}/media/${id}/release`);
    await good(clerk, `set free (${lang})`);
    await anybody.reload();
    await good(anybody, `a public picture (${lang})`);
    assert.equal(await anybody.locator('.photos img').count(), 1);
    const spot = await colour(anybody, server.url(`/cases/${number}/media/${id}`), 0.5, 0.5);
    assert.ok(spot && mixed(spot), `covered for everybody: ${spot}`);
    // The original opens for a reason, in a page of its own.
    const opened = await clerk.context().request.post(server.url(`/cases/${number}/media/${id}/original`), {
      data: { reason: '核对门牌' }, headers: { origin: server.origin },
    });
    assert.deepEqual([opened.status(), opened.headers()['content-type']], [200, 'image/jpeg']);
    await clerk.goto(server.url(`/cases/${number}`));
    await good(clerk, `an original was opened (${lang})`);
    assert.match(await clerk.locator('.timeline').innerText(), /核对门牌/);
    for (const page of [clerk, resident, anybody]) await page.context().close();
  });
}
