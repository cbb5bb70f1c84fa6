// <held-check>: while somebody types who a person is, says whether he is perhaps registered already.
// Must stay true: the server decides what this reader may see; nothing is kept here; without it the same is said on saving.

const PAUSE = 500;

class HeldCheck extends HTMLElement {
  #timer;
  #asked;

  connectedCallback() {
    this.addEventListener('input', this.#later);
  }

  disconnectedCallback() {
    this.removeEventListener('input', this.#later);
    clearTimeout(this.#timer);
    this.#asked?.abort();
  }

  #later = () => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), PAUSE);
  };

  async #ask() {
    const found = this.querySelector('.held-found');
    const form = this.closest('form');
    const fields = new FormData(form);
    fields.delete('_key');
    if (!fields.get('name')?.trim()) return found.replaceChildren();
    this.#asked?.abort();
    this.#asked = new AbortController();
    try {
      const answer = await fetch(this.dataset.url, {
        method: 'POST', body: new URLSearchParams(fields), headers: { accept: 'text/html' }, signal: this.#asked.signal,
      });
      if (answer.ok) found.replaceChildren(...new DOMParser().parseFromString(await answer.text(), 'text/html').body.childNodes);
    } catch { /* no network: it is said on saving */ }
  }
}

customElements.define('held-check', HeldCheck);
