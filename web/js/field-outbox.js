// <field-outbox data-base data-waiting data-stuck data-leave data-shut [data-worker]>: one line that says what still waits on this
// phone; it sends it when the page opens, when the network comes back, and now and then.
// A form with data-queue (its kind) that is sent while there is no network is kept instead.
// Must stay true: without it, or without IndexedDB, every page works; nothing is fetched while nothing waits; whoever signs
// out is told what would be lost; what could be neither sent nor kept stays in its form, and that is said.

import { add, counts, flush, settle } from './field-queue.js';

const EVERY = 30_000;

class FieldOutbox extends HTMLElement {
  #end = null;
  #waits = 0;
  #shut = false;

  connectedCallback() {
    const { base } = this.dataset;
    settle(base);
    const stop = new AbortController();
    const { signal } = stop;
    const show = () => this.#show();
    window.addEventListener('field-change', show, { signal });
    window.addEventListener('online', () => flush(true), { signal });
    document.addEventListener('submit', (event) => { this.#leaving(event); this.#keeping(event); }, { signal, capture: true });
    const timer = setInterval(() => flush(), EVERY);
    this.#end = () => { stop.abort(); clearInterval(timer); };
    this.setAttribute('role', 'status');
    if ('worker' in this.dataset) navigator.serviceWorker?.register(`${base}/sw.js`, { scope: `${base}/` }).catch(() => {});
    show().then(() => this.#waits && flush());
  }

  disconnectedCallback() {
    this.#end?.();
  }

  async #show() {
    const { waiting, stuck } = await counts().catch(() => ({ waiting: 0, stuck: 0 }));
    this.#waits = waiting + stuck;
    const words = [];
    if (waiting) words.push(this.dataset.waiting.replace('#', waiting));
    if (stuck) words.push(this.dataset.stuck.replace('#', stuck));
    if (this.#shut) words.push(this.dataset.shut);
    this.hidden = words.length === 0;
    const text = words.join(' ');
    if (this.textContent === text) return;
    const link = document.createElement(this.#waits ? 'a' : 'span');
    if (this.#waits) link.href = `${this.dataset.base}/field/pocket`;
    link.textContent = text;
    this.replaceChildren(link);
  }

  // Without a network an ordinary form would be lost: it is kept, and its page stays as it is.
  #keeping(event) {
    const form = event.target;
    if (!form.dataset.queue || navigator.onLine !== false || event.defaultPrevented) return;
    event.preventDefault();
    const fields = {};
    const files = {};
    for (const [name, value] of new FormData(form)) {
      if (value instanceof File) value.size && (files[name] ??= []).push(value);
      else if (value && name !== '_key' && name !== 'kind') fields[name] = value;
    }
    add(form.dataset.queue, fields, files).then(() => { this.#shut = false; form.reset(); }, () => { this.#shut = true; }).then(() => this.#show());
  }

  // Signing out empties this browser's storage: its person decides that knowingly.
  #leaving(event) {
    if (!this.#waits || !new URL(event.target.action, document.baseURI).pathname.endsWith('/sign-out')) return;
    if (!window.confirm(this.dataset.leave)) event.preventDefault();
  }
}

customElements.define('field-outbox', FieldOutbox);
