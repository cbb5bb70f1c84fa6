// The queue of field work: items wait on this phone under ids of its own and are sent by the page itself, in order, one at
// a time, each with its photos before it.
// Must stay true: what was said to be kept is on disk; an item leaves the phone only when the server has said that it has
// it, or its person discards it; what the server refuses waits for its person, and later items about the same matter wait
// behind it; nothing is sent twice under two names; nothing is sent over what others changed meanwhile.

import { upload } from './upload.js';
import { device, forget, pack, run, seal, sealing, unlock, unseal, uuid, wipe, keepPack, locked } from './field-store.js';

const PATIENCE = [2_000, 5_000, 15_000, 60_000, 300_000];
const MOST = 2000; // items on one phone; the pack says the same
const STALE_MEDIA = 24 * 3600 * 1000;

let base = '';
let going = null;
let failures = 0;
let waitUntil = 0;
/// What the page shows: `signin` when the session has ended, `cut` when the phone was cut off.
export const status = { signin: false, cut: false };

export function settle(prefix) {
  base = prefix;
}

const told = () => window.dispatchEvent(new CustomEvent('field-change'));

async function call(path, options = {}) {
  return fetch(`${base}${path}`, { credentials: 'same-origin', cache: 'no-store', ...options, headers: { accept: 'application/json', ...options.headers } });
}

/// Keeps an item: `kind`, its fields, files by field name. Resolves when it is on disk; fails with `QuotaExceededError` when
/// the phone is full, and then nothing of it is kept.
export async function add(kind, fields, files = {}) {
  if ((await run(['items'], 'readonly', (s) => new Promise((ok) => { s.count().onsuccess = (e) => ok(e.target.result); }))) >= MOST) {
    throw new DOMException('too many items', 'QuotaExceededError');
  }
  const id = uuid();
  const body = { id, kind, made_at: Date.now(), ...fields };
  const photos = [];
  for (const [field, list] of Object.entries(files)) {
    for (const file of list) photos.push({ key: `${id}/${photos.length}`, field, blob: await seal(file) });
  }
  const row = {
    id, kind, subject: fields.number ?? id, made_at: body.made_at, state: 'waiting', why: null,
    body: await seal(body), photos: photos.map(({ key, field }) => ({ key, field, id: null, at: 0, place: null })),
  };
  await run(['items', 'photos'], 'readwrite', (items, blobs) => {
    items.add(row);
    for (const { key, blob } of photos) blobs.put(blob, key);
  });
  navigator.storage?.persist?.().catch(() => {});
  told();
  return id;
}

function rows() {
  return run(['items'], 'readonly', (s) => new Promise((ok, fail) => {
    const all = s.getAll();
    all.onsuccess = () => ok(all.result);
    all.onerror = () => fail(all.error);
  }));
}

/// What waits, in order, what was refused before the rest; the first `most` are opened, `body` is null where it is locked.
export async function list(most = Infinity) {
  const all = await rows();
  const order = [...all.filter((row) => row.state === 'stuck'), ...all.filter((row) => row.state !== 'stuck')];
  return Promise.all(order.map(async (row, i) => ({ ...row, body: i < most ? await unseal(row.body).catch(() => null) : null })));
}

export async function counts() {
  const all = await rows();
  return { waiting: all.filter((r) => r.state !== 'stuck').length, stuck: all.filter((r) => r.state === 'stuck').length };
}

async function change(row, what) {
  Object.assign(row, what);
  await run(['items'], 'readwrite', (s) => { s.put(row); });
}

async function remove(row) {
  await run(['items', 'photos'], 'readwrite', (items, blobs) => {
    items.delete(row.n);
    for (const { key } of row.photos) blobs.delete(key);
  });
}

/// Sends one photo, from where an earlier try broke off; gives the answer that refuses it, or null.
async function bring(row, photo) {
  const blob = await unseal(await run(['photos'], 'readonly', (s) => new Promise((ok, fail) => {
    const got = s.get(photo.key);
    got.onsuccess = () => ok(got.result);
    got.onerror = () => fail(got.error);
  })));
  if (!blob) throw new Error('locked');
  const began = (place) => { photo.place = place; return change(row, {}); };
  try {
    photo.id = await upload(`${base}/uploads`, blob, { at: photo.place, began, tries: 1 });
  } catch (error) {
    if (!error.status) throw error;
    const { status: code, message } = error;
    return { ok: false, status: code, json: async () => ({ code: error.code, message }) };
  }
  photo.at = Date.now();
  await change(row, {});
  return null;
}

/// Sends one item; gives the answer that decides about it.
async function send(row) {
  for (const photo of row.photos) {
    if (photo.id && Date.now() - photo.at > STALE_MEDIA) Object.assign(photo, { id: null, place: null });
    const refused = photo.id ? null : await bring(row, photo);
    if (refused) return refused;
  }
  const body = await unseal(row.body);
  if (!body) throw new Error('locked');
  const media = (field) => row.photos.filter((p) => p.field === field).map((p) => p.id);
  const full = { ...body };
  for (const field of new Set(row.photos.map((p) => p.field))) full[field] = media(field);
  const headers = { 'content-type': 'application/json', 'idempotency-key': row.id, 'device-time': String(Date.now()) };
  return call('/field/items', { method: 'POST', body: JSON.stringify(full), headers });
}

/// Asks whether this phone may keep what it took along, and acts on it.
export async function check() {
  const answer = await call(`/field/pack/state?device=${await device()}`);
  if (!answer.ok) return;
  const { state } = await answer.json();
  if (state === 'cut') {
    await wipe();
    status.cut = true;
  } else if (state === 'ended') {
    await forget();
  }
}

/// Gets the server's half of the key when this phone has none, or asks for more days.
async function open() {
  if (!sealing) return true;
  const headers = { 'content-type': 'application/json' };
  const answer = await call('/field/devices', { method: 'POST', body: JSON.stringify({ device: await device() }), headers });
  if (answer.status === 401) { status.signin = true; return false; }
  if (answer.status === 409) { await wipe(); status.cut = true; return false; }
  if (!answer.ok) return false;
  const { share, days } = await answer.json();
  await unlock(share, days);
  status.signin = false;
  return share;
}

let updating = null;

/// Takes a new pack along. Also gives this phone its days anew. Asked for twice at once, it goes once.
export function update() {
  updating ??= renew().finally(() => { updating = null; });
  return updating;
}

async function renew() {
  await check();
  if (status.cut) return told();
  const share = await open();
  if (share && sealing) {
    const answer = await call(`/field/pack?device=${await device()}`);
    if (answer.ok) await keepPack(await answer.json());
  }
  told();
  return share;
}

async function round() {
  if (!status.cut && (await rows()).length === 0) return;
  if ((await locked()) && !(await open())) return;
  for (;;) {
    const all = await rows();
    // What comes after an item that waits for its person waits too, when it is about the same matter.
    const behind = new Set(all.filter((row) => row.state === 'stuck').map((row) => row.subject));
    const next = all.find((row) => row.state !== 'stuck' && !behind.has(row.subject));
    if (!next) return;
    const answer = await send(next);
    if (answer.ok) {
      failures = 0;
      status.signin = false;
      await remove(next);
    } else if (answer.status === 401) {
      status.signin = true;
      // Signed out by its person elsewhere, or cut off: then nothing readable stays here.
      await check();
      return;
    } else if (answer.status === 429 || answer.status >= 500) {
      throw new Error(`busy ${answer.status}`);
    } else {
      const why = await answer.json().catch(() => ({ code: String(answer.status), message: answer.statusText }));
      await change(next, { state: 'stuck', why: { status: answer.status, ...why, now: await present(next) } });
    }
    told();
  }
}

/// What the server says now about the matter of an item.
async function present(row) {
  if (row.subject === row.id) return null;
  const answer = await call(`/cases/${row.subject}`);
  if (!answer.ok) return null;
  const { state, holder, events } = await answer.json();
  return { state, holder: holder?.party ?? null, last: events?.at(-1)?.text ?? null };
}

/// Sends what waits, unless that is going on already, here or in another tab. Waits longer after each failure; `now` does not.
export function flush(now = false) {
  if (now) waitUntil = 0;
  if (going || Date.now() < waitUntil || navigator.onLine === false) return going ?? Promise.resolve();
  const alone = (work) => (navigator.locks ? navigator.locks.request('field-send', { ifAvailable: true }, (lock) => (lock ? work() : null)) : work());
  going = alone(round)
    .catch(() => {
      // Also when the key went away under its hands, because the session ended: the next round then asks for it.
      const pause = PATIENCE[Math.min(failures, PATIENCE.length - 1)];
      waitUntil = Date.now() + pause;
      failures += 1;
      setTimeout(() => flush(), pause + 10);
    })
    .finally(() => { going = null; told(); });
  return going;
}

/// What its person decides about an item that was refused: `note`, `anyway`, `change` (with new fields), `drop`.
export async function decide(id, how, fields = {}) {
  const row = (await rows()).find((r) => r.id === id);
  if (!row) return;
  if (how === 'drop') {
    await remove(row);
    return told();
  }
  const body = await unseal(row.body);
  if (!body) return;
  if (how === 'note') Object.assign(body, { action: 'note', text: [body.text, body.reason].filter(Boolean).join(' ') || fields.text });
  if (how === 'anyway') delete body.seen;
  if (how === 'change') Object.assign(body, fields);
  // What is asked for now is something else than what was refused, so it goes under another name.
  const fresh = uuid();
  body.id = fresh;
  const subject = row.subject === row.id ? fresh : row.subject;
  await change(row, { id: fresh, subject, kind: row.kind, state: 'waiting', why: null, body: await seal(body) });
  told();
  return flush(true);
}

export { pack };
