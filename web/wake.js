// The service worker of Web Push: a push has no words in it, so it asks our own page what there is to say.
// Must stay true: whatever happens, a push shows one message (browsers take the right away from those who stay silent),
// and a later one replaces it; who is no longer signed in here sees that there is something, and not how much.

const BASE = new URL('./', self.location).pathname;

async function show() {
  let said = { title: '协治', body: '' };
  try {
    const answer = await fetch(`${BASE}me/notices/wake`, { headers: { accept: 'application/json' }, credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout(5000) });
    if (answer.ok) said = await answer.json();
  } catch { /* no network, or one that hangs: the name alone says that there is something */ }
  return self.registration.showNotification(said.title, { body: said.body, tag: 'inbox', icon: `${BASE}assets/img/icon-192.png` });
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('push', (event) => event.waitUntil(show()));
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
    const inbox = open.find((client) => new URL(client.url).pathname === `${BASE}inbox`);
    return inbox ? inbox.focus() : self.clients.openWindow(`${BASE}inbox`);
  })());
});
