// <fill-answer>: the answer chosen in the list inside it is put into the text field of the form, where it can be changed.
// Must stay true: what somebody typed himself is never overwritten; without it the server puts the same words.

class FillAnswer extends HTMLElement {
  #put = '';

  connectedCallback() {
    this.addEventListener('change', this.#chosen);
  }

  disconnectedCallback() {
    this.removeEventListener('change', this.#chosen);
  }

  #chosen = (event) => {
    const field = this.closest('form')?.querySelector('textarea[name=reason], textarea[name=text]');
    const text = event.target.selectedOptions?.[0]?.dataset.text ?? '';
    if (!field || (field.value.trim() !== '' && field.value !== this.#put)) return;
    field.value = text;
    this.#put = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
}

customElements.define('fill-answer', FillAnswer);
