// What a weak phone and a thin line get: `bin/bench phone [map] [line]`, about two minutes; all parts without a name.
//   map   <grid-map> with 2,000 grids and 20,000 points on software WebGL: from the last byte of data to the first full
//         picture; and, with the processor slowed six times, from a key or a press to the next picture (Event Timing)
//   line  the report page over 50 kbit/s with 500 ms there and back: its bytes, until it can be used (first paint with its
//         styles), until it is complete, and from pressing "send" to the receipt
// Prints a table, writes bench/results/phone.json. Each figure is the worst of several rounds, beside its goal.

import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { PHONE, browser, json, lower, open, raise, server } from '../e2e/lib.mjs';

const [GRIDS, POINTS, ROUNDS, SLOWER] = [2000, 20_000, 3, 6];
const LINE = { latency: 500, downloadThroughput: 50_000 / 8, uploadThroughput: 50_000 / 8, offline: false };
const wanted = process.argv.slice(2);
const rows = [];
const row = (part, what, unit, figure, goal) => rows.push({ part, what, unit, figure: Math.round(figure), goal, met: figure <= goal });

/** A city of grids in rows, and points scattered over them, the same each time. */
function city() {
  let seed = 1;
  const random = () => { seed = (seed * 48271) % 2147483647; return seed / 2147483647; };
  const [side, wide, west, south] = [0.003, 50, 119.3, 32.3];
  const grids = Array.from({ length: GRIDS }, (_, i) => {
    const [x, y] = [west + (i % wide) * side, south + Math.floor(i / wide) * side];
    // A real outline has more corners than four.
    const edge = (ax, ay, bx, by) => [0, 0.25, 0.5, 0.75].map((t) => [+(ax + (bx - ax) * t).toFixed(7), +(ay + (by - ay) * t).toFixed(7)]);
    const ring = [...edge(x, y, x + side, y), ...edge(x + side, y, x + side, y + side), ...edge(x + side, y + side, x, y + side), ...edge(x, y + side, x, y)];
    return { type: 'Feature', geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]]] }, properties: { name: `第${i + 1}网格`, code: `g${i}`, open: 10 } };
  });
  const points = Array.from({ length: POINTS }, (_, i) => ({
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [+(west + random() * wide * side).toFixed(7), +(south + random() * (GRIDS / wide) * side).toFixed(7)] },
    properties: { number: `261126-${i}`, state: 'handling', tone: i % 9 ? 'jade' : 'vermilion', url: `/reports/261126-${i}` },
  }));
  return JSON.stringify({ type: 'FeatureCollection', features: [...grids, ...points], more: false });
}

/** Notes when the map was drawn, and how long each key or press took to be seen. */
function watch() {
  window.seen = [];
  new PerformanceObserver((list) => {
    for (const e of list.getEntries()) if (e.interactionId) window.seen.push({ name: e.name, ms: e.duration });
  }).observe({ type: 'event', durationThreshold: 16, buffered: true });
  new MutationObserver((_, own) => {
    if (!document.querySelector('.map[data-drawn]')) return;
    own.disconnect();
    window.drawnAt = performance.now();
  }).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-drawn'] });
}

async function map(area) {
  const body = city();
  const drawn = [];
  const seen = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const page = await open(browser, server, { look: PHONE });
    await page.addInitScript(watch);
    await page.route(/\/places\/[^/]+\/map/, (route) => route.fulfill({ contentType: 'application/json', body }));
    // What is looked at is these points, not the demo's few.
    await page.route(/\/cases\/map/, (route) => route.abort());
    await page.goto(server.url(`/map/${area}`));
    await page.locator('.map').scrollIntoViewIfNeeded();
    await page.locator('.map[data-drawn]').waitFor({ timeout: 60_000 });
    drawn.push(await page.evaluate(() => {
      const data = performance.getEntriesByType('resource').find((e) => /\/places\/[^/]+\/map/.test(e.name));
      return window.drawnAt - data.responseEnd;
    }));
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    const canvas = page.locator('.map canvas');
    await canvas.focus();
    for (const key of ['ArrowRight', 'ArrowDown', 'n', 'n', '+', 'ArrowLeft', 'n', 'p', '-', 'ArrowUp', 'n', 'n']) {
      await page.keyboard.press(key);
      await page.waitForTimeout(400);
    }
    const box = await canvas.boundingBox();
    for (const [x, y] of [[0.3, 0.3], [0.6, 0.5]]) {
      await page.mouse.move(box.x + box.width * x, box.y + box.height * y);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * x + 60, box.y + box.height * y + 30, { steps: 6 });
      await page.mouse.up();
      await page.waitForTimeout(400);
    }
    seen.push(...await page.evaluate(() => window.seen));
    await page.context().close();
  }
  const times = seen.map((e) => e.ms).sort((a, b) => a - b);
  row('map', `${GRIDS} grids, ${POINTS} points: drawn after data`, 'ms', Math.max(...drawn), 2000);
  row('map', `a key or press is seen, ${SLOWER} times slower (median of ${times.length})`, 'ms', times[Math.floor(times.length / 2)] ?? 0, 100);
  row('map', `the same, 98 of 100`, 'ms', times[Math.min(times.length - 1, Math.floor(times.length * 0.98))] ?? 0, 100);
}

/** Bytes that a page's requests brought, by kind, as they went over the line. */
function weigh(cdp) {
  const bytes = {};
  const kinds = new Map();
  cdp.on('Network.responseReceived', ({ requestId, type }) => kinds.set(requestId, type));
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const kind = kinds.get(requestId) ?? 'Other';
    bytes[kind] = (bytes[kind] ?? 0) + encodedDataLength;
  });
  return bytes;
}

async function line(area) {
  const figures = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const page = await open(browser, server, { look: PHONE });
    page.setDefaultTimeout(90_000);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Network.enable');
    await cdp.send('Network.emulateNetworkConditions', LINE);
    const bytes = weigh(cdp);
    await page.goto(server.url(`/report?area=${area}`), { waitUntil: 'load' });
    // Usable is what is painted with its styles and whose form stands whole: it works without a script.
    const load = await page.evaluate(async () => {
      const painted = new Promise((done) => {
        const watch = (list) => list.getEntriesByName('first-contentful-paint').forEach((e) => done(e.startTime));
        new PerformanceObserver(watch).observe({ type: 'paint', buffered: true });
      });
      const page = performance.getEntriesByType('navigation')[0];
      return { usable: Math.max(await painted, page.domInteractive), complete: page.loadEventStart };
    });
    // Islands are fetched after the page is there; whatever comes within a moment counts as its weight.
    await page.waitForLoadState('networkidle');
    const weight = { first: (bytes.Document ?? 0) + (bytes.Stylesheet ?? 0), whole: Object.values(bytes).reduce((a, b) => a + b, 0) };
    const next = async (locator) => {
      const from = Date.now();
      await Promise.all([page.waitForEvent('load'), locator.click()]);
      return Date.now() - from;
    };
    await page.locator('main [name=text]').first().fill('三楼的楼道灯坏了');
    const steps = [await next(page.locator('main button[name=go][value=next]').first())];
    steps.push(await next(page.locator('main button[name=go][value=next]').first()));
    const sent = await next(page.locator('main form[action$="/reports"] button.primary'));
    if (!/\/sent/.test(page.url())) throw new Error(`no receipt: ${page.url()}`);
    figures.push({ ...load, ...weight, steps, sent });
    await page.context().close();
  }
  const worst = (name) => Math.max(...figures.map((f) => f[name]));
  row('line', 'report page: HTML and CSS', 'bytes', worst('first'), 10_000);
  row('line', 'report page: all of it', 'bytes', worst('whole'), 50_000);
  row('line', 'report page: can be used', 'ms', worst('usable'), 3000);
  row('line', 'report page: complete', 'ms', worst('complete'), 10_000);
  row('line', 'report: from "send" to the receipt', 'ms', worst('sent'), 10_000);
}

await raise();
try {
  const { communities } = await json(await open(browser, server), server, '/');
  const area = communities[0].code;
  for (const [name, part] of Object.entries({ map, line })) if (wanted.length === 0 || wanted.includes(name)) await part(area);
} finally {
  await lower();
}
console.log(`load ${os.loadavg()[1].toFixed(1)} on ${os.cpus().length} cores`);
console.table(Object.fromEntries(rows.map(({ what, figure, unit, goal, met }) => [what, { figure, unit, goal, met }])));
const out = new URL('results/', import.meta.url);
await mkdir(out, { recursive: true });
// How busy the machine was with other things: with more than its cores, the figures of the map say little.
const machine = { cpu: os.cpus()[0].model, cores: os.cpus().length, load: Math.round(os.loadavg()[1] * 10) / 10, webgl: 'SwiftShader' };
await writeFile(new URL('phone.json', out), `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), machine, rounds: ROUNDS, figures: rows }, null, 2)}\n`);
