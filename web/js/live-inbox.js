// <live-inbox data-src>: keeps the number of unread notices beside its word true while the page is open.
// Must stay true: at nought there is no number at all; the word itself is never touched.

import { listen } from './live.js';

class LiveInbox extends HTMLElement {
  #end = null;

  connectedCallback() {
    if (this.dataset.src) this.#end = listen(this.dataset.src, ({ unread }) => this.#show(unread));
  }

  disconnectedCallback() {
    this.#end?.();
  }

  #show(unread) {
    if (!Number.isInteger(unread)) return;
    let count = this.querySelector('.count');
    if (unread <= 0) return count?.remove();
    if (!count) {
      count = document.createElement('span');
      count.className = 'count';
      this.append(' ', count);
    }
    count.textContent = unread < 100 ? unread : '99+';
  }
}

customElements.define('live-inbox', LiveInbox);
