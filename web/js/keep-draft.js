// <keep-draft data-key>: keeps what somebody types into the form inside it on this device, so that a lost connection,
// a closed page or a sign-out costs nothing.
// Must stay true: never a hidden field, a file, a choice, a password or a [data-private] field (name, phone); only empty
// fields are filled again; after seven days it is forgotten, and main.js forgets it once the matter is sent.

const SEVEN_DAYS = 7 * 24 * 3600 * 1000;
const PAUSE = 400;
const KINDS = ['text', 'search', 'tel', 'url', 'email', 'number', 'date', 'time', 'datetime-local', 'month', 'week'];

const kept = (field) =>
  field.name && !field.closest('[data-private]') && (field.matches('textarea') || (field.matches('input') && KINDS.includes(field.type)));

class KeepDraft extends HTMLElement {
  #waiting = null;

  connectedCallback() {
    this.#restore();
    this.addEventListener('input', this.#typed);
    this.addEventListener('submit', this.#save);
    window.addEventListener('pagehide', this.#save);
  }

  disconnectedCallback() {
    this.#save();
    this.removeEventListener('input', this.#typed);
    this.removeEventListener('submit', this.#save);
    window.removeEventListener('pagehide', this.#save);
  }

  get #place() {
    return `draft:${this.dataset.key}`;
  }

  get #fields() {
    return [...this.querySelectorAll('textarea, input')].filter(kept);
  }

  // The fields of the draft, by name; several steps of one form share it. Shut storage or old drafts give none.
  #read() {
    try {
      const { at, fields } = JSON.parse(localStorage.getItem(this.#place));
      if (Date.now() - at < SEVEN_DAYS && fields && typeof fields === 'object') return fields;
      localStorage.removeItem(this.#place);
    } catch { /* nothing kept, or nothing that can be read */ }
    return {};
  }

  #restore() {
    const fields = this.#read();
    for (const field of this.#fields) {
      const value = Object.hasOwn(fields, field.name) ? fields[field.name] : null;
      if (field.value === '' && typeof value === 'string') field.value = value;
    }
  }

  #typed = (event) => {
    if (!kept(event.target)) return;
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(this.#save, PAUSE);
  };

  // Only when something was typed since: a page that is merely left must not bring back a draft that was cleared.
  #save = () => {
    if (this.#waiting === null) return;
    clearTimeout(this.#waiting);
    this.#waiting = null;
    const fields = this.#read();
    for (const field of this.#fields) {
      if (field.value === '') delete fields[field.name];
      else fields[field.name] = field.value;
    }
    try {
      if (Object.keys(fields).length === 0) localStorage.removeItem(this.#place);
      else localStorage.setItem(this.#place, JSON.stringify({ at: Date.now(), fields }));
    } catch { /* full or shut: the form itself still holds everything */ }
  };
}

customElements.define('keep-draft', KeepDraft);
