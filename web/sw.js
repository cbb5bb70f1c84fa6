// The service worker: lets the pocket page open without a network.
// Must stay true: it keeps the pocket page (which holds nothing personal) and the files it needs, and nothing else; pages
// with people's data go past it untouched; where there is none, an open pocket page works all the same.

const STORE = 'field-1';
const BASE = new URL('./', self.location).pathname;
const POCKET = `${BASE}field/pocket`;

/// The page, and the files that it and its modules name, found by reading them: no list to forget.
async function keep() {
  const store = await caches.open(STORE);
  const page = await fetch(POCKET, { cache: 'no-cache', credentials: 'same-origin' });
  if (!page.ok) throw new Error(`pocket ${page.status}`);
  const html = await page.clone().text();
  await store.put(POCKET, page);
  const wanted = [...html.matchAll(/(?:src|href)="([^"]*\/(?:assets\/|manifest\.webmanifest)[^"]*)"/g)].map((m) => m[1]);
  for (const name of ['field-outbox', 'field-pocket', 'photo-field', 'hold']) wanted.push(`${BASE}assets/js/${name}.js`);
  const seen = new Set();
  while (wanted.length) {
    const url = new URL(wanted.pop(), self.location).href;
    if (seen.has(url)) continue;
    seen.add(url);
    const answer = await fetch(url, { cache: 'no-cache' });
    if (!answer.ok) continue;
    if (new URL(url).pathname.endsWith('.js') && !url.includes('main.js')) {
      const text = await answer.clone().text();
      for (const [, other] of text.matchAll(/from '(\.\/[^']+)'/g)) wanted.push(new URL(other, url).href);
    }
    await store.put(url, answer);
  }
}

self.addEventListener('install', (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener('activate', (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name !== STORE) await caches.delete(name);
  await self.clients.claim();
})()));

/// The network first, so that nobody works with what is old while there is one; then what is kept.
async function answer(request, path) {
  const store = await caches.open(STORE);
  try {
    const fresh = await fetch(request);
    if (fresh.ok && (path === POCKET || (await store.match(request)))) await store.put(path === POCKET ? POCKET : request, fresh.clone());
    if (fresh.ok || path !== POCKET) return fresh;
  } catch (error) {
    const kept = await store.match(path === POCKET ? POCKET : request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
  return (await store.match(POCKET)) ?? Response.error();
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (url.pathname === POCKET && request.mode === 'navigate') return event.respondWith(answer(request, POCKET));
  // Without a network the worker's page and the installed start lead to the pocket page.
  if (request.mode === 'navigate' && url.pathname === `${BASE}field`) {
    return event.respondWith(fetch(request).catch(async () => (await (await caches.open(STORE)).match(POCKET)) ?? Response.error()));
  }
  if (url.pathname.startsWith(`${BASE}assets/`) || url.pathname === `${BASE}manifest.webmanifest`) {
    event.respondWith(answer(request, url.pathname));
  }
});
