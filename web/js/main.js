// Loaded on every page, as a module: wakes the islands a page has, prints, copies, goes back, and gives the desk its keys.
// Must stay true: every page works without it; at most 3 kB; it fetches an element's module only where the element is;
// it holds no words. A key does nothing while somebody types, and nothing at all under <html data-keys="off">.

const ISLANDS = [
  'grid-map', 'grid-draw', 'live-count', 'live-inbox', 'photo-field', 'voice-note', 'keep-draft', 'locate-here', 'save-picture', 'fill-answer',
  'cover-picture', 'read-aloud', 'enter-next', 'wake-here', 'one-question', 'held-check',
  'field-outbox', 'field-pocket',
];
const page = document.documentElement;

// The matter is with us: what was kept of it on this device goes. Before the islands, for one of them restores.
if (document.querySelector('[data-clear]')) {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith('draft:')) localStorage.removeItem(key);
  } catch { /* storage is shut: then nothing was kept */ }
}

for (const name of ISLANDS) if (document.querySelector(name)) import(`./${name}.js`);

// Buttons that only a script can serve may be sent hidden.
for (const button of document.querySelectorAll('[data-print], [data-copy], [data-return]')) button.hidden = false;

document.addEventListener('click', async (event) => {
  const button = event.target.closest?.('[data-print], [data-copy], [data-return]');
  if (!button) return;
  if (button.matches('[data-print]')) return window.print();
  if (button.matches('[data-return]')) return window.history.back();
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    if (button.dataset.done) button.textContent = button.dataset.done;
  } catch { /* not allowed: the text stands on the page and can be selected */ }
});

if (performance.getEntriesByType('navigation')[0]?.type === 'back_forward') import('./come-back.js');

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || page.dataset.keys === 'off') return;
  if (event.target.closest?.('input, textarea, select, [contenteditable]')) return;
  if (event.key === '/') {
    const search = document.querySelector('input[type=search]');
    if (search) event.preventDefault(), search.focus(), search.select();
  } else if (event.key === 'j' || event.key === 'k') {
    const links = [...document.querySelectorAll('.desk-list tbody a, .list a.row')];
    const row = document.activeElement.closest('tr, a.row') ?? document.querySelector('.desk-list tr[aria-current]');
    const now = links.findIndex((link) => row?.contains(link));
    const next = links[event.key === 'j' ? now + 1 : Math.max(now - 1, 0)];
    if (next) event.preventDefault(), next.focus();
  }
});
