// <live-count data-src>: keeps the figures inside it true while the page is open.
// Must stay true: it only changes the text of [data-key=NAME] to the field of that name, a number or a word;
// what the server rendered stands until a message says otherwise.

import { listen } from './live.js';

class LiveCount extends HTMLElement {
  #end = null;

  connectedCallback() {
    if (this.dataset.src) this.#end = listen(this.dataset.src, (said) => this.#show(said));
  }

  disconnectedCallback() {
    this.#end?.();
  }

  #show(said) {
    for (const figure of this.querySelectorAll('[data-key]')) {
      const value = Object.hasOwn(said, figure.dataset.key) ? said[figure.dataset.key] : null;
      if (typeof value !== 'number' && typeof value !== 'string') continue;
      if (figure.textContent !== String(value)) figure.textContent = value;
    }
  }
}

customElements.define('live-count', LiveCount);
