// <one-question data-of data-next data-back>: in large print, the form in it asks one question a screen.
// Must stay true: without it, and in ordinary print, the form stands whole; a question that is not answered as it must be
// is not left; what is sent is the same; a form that came back with a mistake opens at the question it is about.

const QUESTIONS = ':scope > .field, :scope > fieldset, :scope > photo-field, :scope > voice-note';

class OneQuestion extends HTMLElement {
  #form = null;
  #questions = [];
  #now = 0;

  connectedCallback() {
    this.#form = this.querySelector('form');
    if (this.#form?.dataset.one || document.documentElement.dataset.elder === undefined) return;
    this.#questions = [...this.#form.querySelectorAll(QUESTIONS)];
    if (this.#questions.length < 2) return;
    this.#form.dataset.one = '';
    this.#build();
    const wrong = this.#questions.findIndex((q) => q.querySelector('[aria-invalid=true]'));
    this.#show(Math.max(wrong, 0), wrong >= 0);
  }

  #build() {
    this.where = Object.assign(document.createElement('p'), { className: 'muted' });
    this.where.setAttribute('role', 'status');
    this.#form.prepend(this.where);
    this.send = this.#form.querySelector(':scope > .buttons');
    this.steps = Object.assign(document.createElement('div'), { className: 'buttons' });
    const button = (className, text, step) => {
      const made = Object.assign(document.createElement('button'), { type: 'button', className, textContent: text });
      made.addEventListener('click', () => this.#go(step));
      this.steps.append(made);
      return made;
    };
    this.next = button('btn primary big', this.dataset.next, 1);
    this.back = button('btn quiet', this.dataset.back, -1);
    this.send.before(this.steps);
    // Enter goes on instead of sending what nobody has seen yet.
    this.#form.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.target.matches('textarea, button, summary, a') || this.#now === this.#questions.length - 1) return;
      event.preventDefault();
      this.#go(1);
    });
  }

  #go(step) {
    const inputs = [...this.#questions[this.#now].querySelectorAll('input, select, textarea')];
    if (step > 0 && !inputs.every((i) => i.reportValidity())) return;
    this.#show(this.#now + step, true);
  }

  #show(now, focus) {
    this.#now = now;
    const last = now === this.#questions.length - 1;
    this.#questions.forEach((q, i) => { q.hidden = i !== now; });
    // Of the headings, the one that this question stands under.
    let heading = null;
    for (const h of this.#form.querySelectorAll(':scope > h2')) {
      h.hidden = true;
      if (h.compareDocumentPosition(this.#questions[now]) & Node.DOCUMENT_POSITION_FOLLOWING) heading = h;
    }
    if (heading) heading.hidden = false;
    [this.send.hidden, this.next.hidden, this.back.hidden] = [!last, last, now === 0];
    this.where.textContent = this.dataset.of.replace('%1', now + 1).replace('%2', this.#questions.length);
    if (!focus) return;
    this.#form.scrollIntoView({ block: 'nearest' });
    this.#questions[now].querySelector('input:not([type=hidden], [hidden]), select, textarea, button')?.focus();
  }
}

customElements.define('one-question', OneQuestion);
