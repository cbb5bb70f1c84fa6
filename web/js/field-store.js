// What a phone keeps of field work: the pack it took along, items that wait, their photos; all in IndexedDB.
// Must stay true: whatever is personal lies sealed (AES-GCM) under a key of two halves, of which the server gives one for
// seven days at a time; when that time is over the key is thrown away and the pack with it; a clock that is set back does
// not give time back; where a browser cannot seal, no pack is taken along. Items are never thrown away by themselves.

const NAME = 'field';
const DAY = 24 * 3600 * 1000;
const STEP = 60_000;
const PIN_ROUNDS = 310_000;
const PIN_TRIES = 5;
const subtle = globalThis.crypto?.subtle;

/// Whether this browser can seal what it keeps (only on https and on this very machine).
export const sealing = Boolean(subtle);

let database;

function done(request) {
  return new Promise((ok, fail) => {
    request.onsuccess = () => ok(request.result);
    request.onerror = () => fail(request.error);
  });
}

function open() {
  database ??= new Promise((ok, fail) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('meta');
      request.result.createObjectStore('items', { keyPath: 'n', autoIncrement: true }).createIndex('id', 'id', { unique: true });
      request.result.createObjectStore('photos');
    };
    request.onsuccess = () => {
      // Another tab may want to remove or renew it.
      request.result.onversionchange = () => { request.result.close(); database = undefined; };
      ok(request.result);
    };
    request.onerror = () => { database = undefined; fail(request.error); };
  });
  return database;
}

/// Whether this browser keeps anything at all; some inside other apps do not.
export const keeps = () => open().then(() => true, () => false);

/// Runs `work` on some stores; resolves when it is on disk.
export async function run(stores, mode, work) {
  const db = await open();
  return new Promise((ok, fail) => {
    const tx = db.transaction(stores, mode, { durability: 'strict' });
    let result;
    tx.oncomplete = () => ok(result);
    tx.onabort = () => fail(tx.error ?? new Error('aborted'));
    Promise.resolve(work(...stores.map((name) => tx.objectStore(name)))).then((r) => { result = r; }, (e) => { fail(e); tx.abort(); });
  });
}

const meta = (name) => run(['meta'], 'readonly', (s) => done(s.get(name)));
const setMeta = (name, value) => run(['meta'], 'readwrite', (s) => { s.put(value, name); });

/// An id that nobody else makes: time, then randomness.
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let now = Date.now();
  for (let i = 5; i >= 0; i -= 1) { bytes[i] = now % 256; now = Math.floor(now / 256); }
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

let shown = null; // the latest moment as it is kept, so that not every look at it is a write

/// The latest moment that this phone has ever shown: setting its clock back gives no time back.
async function latest() {
  shown ??= (await meta('seen')) ?? 0;
  const now = Date.now();
  if (now > shown + STEP) await setMeta('seen', (shown = now));
  return Math.max(now, shown);
}

/// The name of this phone: made once.
export async function device() {
  const known = await meta('device');
  if (known) return known;
  const made = uuid();
  await setMeta('device', made);
  return made;
}

let opened = null; // the key of this page while a PIN guards it

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (h) => parseInt(h, 16));

/// The key of both halves. It cannot be read out again by scripts, only used.
async function derive(share) {
  let half = await meta('half');
  if (!half) {
    half = crypto.getRandomValues(new Uint8Array(32));
    await setMeta('half', half);
  }
  const raw = await subtle.importKey('raw', bytesOf(share), 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: half, info: new TextEncoder().encode('xiezhi field') };
  return subtle.deriveKey(how, raw, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

/// Takes the server's half, good for so many days from now.
export async function unlock(share, days) {
  if (!subtle) return;
  const until = (await latest()) + days * DAY;
  opened = await derive(share);
  const pin = await meta('pin');
  // With a PIN nothing that opens is left lying here; without one the key is, but not its bytes.
  await setMeta('key', { key: pin ? null : opened, until });
}

/// The key, or null when there is none, or no longer, or a PIN guards it.
async function key() {
  if (!subtle) return null;
  const kept = await meta('key');
  if (!kept) { opened = null; return null; }
  if ((await latest()) >= kept.until) {
    await forget();
    return null;
  }
  return kept.key ?? opened;
}

async function pinKey(pin, salt) {
  const raw = await subtle.importKey('raw', new TextEncoder().encode(pin), 'PBKDF2', false, ['deriveKey']);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: PIN_ROUNDS };
  return subtle.deriveKey(how, raw, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

/// Guards the key with a PIN: the share is kept sealed under it, the key itself no longer.
export async function setPin(pin, share) {
  const [salt, iv] = [crypto.getRandomValues(new Uint8Array(16)), crypto.getRandomValues(new Uint8Array(12))];
  const sealed = await subtle.encrypt({ name: 'AES-GCM', iv }, await pinKey(pin, salt), bytesOf(share));
  await setMeta('pin', { salt, iv, sealed, tries: 0 });
  const kept = await meta('key');
  opened = await derive(share);
  await setMeta('key', { key: null, until: kept?.until ?? (await latest()) });
}

/// Opens with the PIN; after five wrong tries only the server's half opens it again.
export async function openWithPin(pin) {
  const guard = await meta('pin');
  if (!guard) return false;
  // Counted before it is tried: closing the page in between gives no try back.
  await setMeta('pin', { ...guard, tries: guard.tries + 1 });
  try {
    const share = await subtle.decrypt({ name: 'AES-GCM', iv: guard.iv }, await pinKey(pin, guard.salt), guard.sealed);
    opened = await derive([...new Uint8Array(share)].map((b) => b.toString(16).padStart(2, '0')).join(''));
    await setMeta('pin', { ...guard, tries: 0 });
    return true;
  } catch {
    if (guard.tries + 1 >= PIN_TRIES) await run(['meta'], 'readwrite', (s) => { s.delete('pin'); s.delete('key'); });
    return false;
  }
}

export const hasPin = async () => Boolean(await meta('pin'));

/// Seals something. Where there is no key (none was taken yet, or its days are over far from any network) an item is kept
/// as it is, because work must go on; a pack never is. Behind a PIN nothing is kept before the PIN was given.
export async function seal(value) {
  const k = await key();
  if (!k) {
    if (await meta('pin')) throw new Error('locked');
    return { plain: value };
  }
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const bytes = value instanceof Blob ? await value.arrayBuffer() : new TextEncoder().encode(JSON.stringify(value));
  return { iv, type: value instanceof Blob ? value.type : undefined, sealed: await subtle.encrypt({ name: 'AES-GCM', iv }, k, bytes) };
}

/// Opens it again; null while it is locked.
export async function unseal(kept) {
  if (!kept) return null;
  if ('plain' in kept) return kept.plain;
  const k = await key();
  if (!k) return null;
  const bytes = await subtle.decrypt({ name: 'AES-GCM', iv: kept.iv }, k, kept.sealed);
  return kept.type === undefined ? JSON.parse(new TextDecoder().decode(bytes)) : new Blob([bytes], { type: kept.type });
}

/// Keeps a pack, or gives the one that is kept.
export async function keepPack(pack) {
  if (!(await key())) return;
  await setMeta('pack', { until: Date.parse(pack.expires_at), body: await seal(pack) });
}

export async function pack() {
  const kept = await meta('pack');
  if (!kept) return null;
  if ((await latest()) >= kept.until) {
    await forget();
    return null;
  }
  return unseal(kept.body);
}

/// Whether there is something that cannot be opened now.
export async function locked() {
  return Boolean(subtle && (await meta('half')) && !(await key()));
}

/// Throws pack and key away; items stay, unreadable until their person signs in again.
export async function forget() {
  opened = null;
  await run(['meta'], 'readwrite', (s) => { s.delete('pack'); s.delete('key'); s.delete('pin'); });
}

/// Throws everything away: the phone was cut off.
export async function wipe() {
  opened = null;
  shown = null;
  await run(['meta', 'items', 'photos'], 'readwrite', (m, i, p) => { m.clear(); i.clear(); p.clear(); });
}
