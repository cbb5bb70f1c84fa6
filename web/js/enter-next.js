// <enter-next>: whoever keys form after form moves on with Enter; on the last field Enter reaches the button, and files.
// Must stay true: Shift+Enter is a new line in a long text; nothing is sent before the button is pressed; while a word is
// being composed Enter belongs to the input method. Without it Tab does the same.

class EnterNext extends HTMLElement {
  connectedCallback() {
    this.addEventListener('keydown', this.#key);
  }

  disconnectedCallback() {
    this.removeEventListener('keydown', this.#key);
  }

  #key = (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    const fields = [...this.querySelectorAll('input:not([type=hidden]), select, textarea, button')].filter((f) => !f.disabled && !f.hidden);
    const next = fields[fields.indexOf(event.target) + 1];
    if (event.target.matches('button') || !next) return;
    event.preventDefault();
    next.focus();
    next.select?.();
  };
}

customElements.define('enter-next', EnterNext);
