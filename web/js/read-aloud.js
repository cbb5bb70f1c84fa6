// <read-aloud data-start data-stop data-none>: a button that reads the page out, in the browser's own voice.
// Must stay true: nothing is said before it is pressed, and nothing once the page is left; what is read is marked; only
// what can be seen is read, in the page's order, numbers figure by figure; where there is no voice for the page's
// language there is no button. Nothing leaves this device for it, unless the browser's own voice does so.

const LONGEST = 120; // characters in one breath: some voices fall silent in the middle of longer ones
const SLOWER = 0.9; // of the voice's own speed
const PARTS = 'h1, h2, h3, h4, p, li, dt, dd, legend, label, summary, blockquote, caption, th, td, figcaption, button, a.btn';
const SKIP = 'read-aloud, script, [aria-hidden=true], .map, select';

const voice = window.speechSynthesis;

/// The text of an element itself, without what belongs to parts inside it: those come on their own.
function own(part) {
  let text = '';
  for (const node of part.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) text += node.data;
    else if (node.nodeType === Node.ELEMENT_NODE && !node.matches(`${PARTS}, ${SKIP}`) && !node.querySelector(PARTS)) text += node.textContent;
  }
  return text.replace(/\s+/g, ' ').trim();
}

/// What is said for a text: long numbers figure by figure, as one tells them on the telephone.
const spoken = (text) => text.replace(/[A-Z]?\d[\d-]{5,}|\b(?=[A-Z\d]*\d)[A-Z\d]{6,}\b/g, (number) => [...number.replaceAll('-', '，')].join(' '));

/// A text in breaths, cut where one would draw breath.
function breaths(text) {
  const out = [];
  for (const sentence of text.match(/[^。！？；.!?;]+[。！？；.!?;]*/g) ?? []) {
    for (let rest = sentence; rest; rest = rest.slice(LONGEST)) out.push(rest.slice(0, LONGEST));
  }
  return out;
}

class ReadAloud extends HTMLElement {
  #button = null;
  #said = null;
  #marked = null;
  #turn = 0; // a later press makes earlier endings meaningless

  connectedCallback() {
    if (this.#button || !voice || typeof SpeechSynthesisUtterance !== 'function') return;
    this.#button = document.createElement('button');
    this.#button.type = 'button';
    this.#button.className = 'btn';
    this.#button.textContent = this.dataset.start;
    this.#button.addEventListener('click', () => (this.#marked ? this.#end() : this.#begin()));
    this.#said = document.createElement('span');
    this.#said.className = 'muted';
    this.#said.setAttribute('role', 'status');
    this.append(this.#button, this.#said);
    this.#able();
    voice.addEventListener?.('voiceschanged', this.#able);
    window.addEventListener('pagehide', this.#end);
  }

  disconnectedCallback() {
    voice?.removeEventListener?.('voiceschanged', this.#able);
    window.removeEventListener('pagehide', this.#end);
    this.#end();
  }

  get #language() {
    return document.documentElement.lang || 'zh-CN';
  }

  #mine() {
    const short = this.#language.split('-')[0];
    return voice.getVoices().filter((v) => v.lang.replace('_', '-').split('-')[0] === short);
  }

  // Some browsers name their voices late, some never, and speak all the same.
  #able = () => {
    this.hidden = voice.getVoices().length > 0 && this.#mine().length === 0;
  };

  #begin() {
    this.#said.textContent = '';
    const parts = [...document.querySelectorAll('main :is(' + PARTS + ')')]
      .filter((part) => !part.closest(SKIP) && (part.checkVisibility?.({ visibilityProperty: true }) ?? part.offsetParent !== null))
      .map((part) => ({ part, text: spoken(own(part)) }))
      .filter(({ text }) => text);
    if (parts.length === 0) return;
    this.#button.textContent = this.dataset.stop;
    this.#turn += 1;
    this.#read(parts, this.#turn);
  }

  async #read(parts, turn) {
    for (const { part, text } of parts) {
      this.#mark(part);
      for (const breath of breaths(text)) {
        const fine = await this.#say(breath);
        if (turn !== this.#turn) return;
        if (!fine) {
          this.#end();
          this.#said.textContent = this.dataset.none;
          return;
        }
      }
    }
    this.#end();
  }

  /// Says one breath; false when the device cannot.
  #say(text) {
    return new Promise((done) => {
      const words = new SpeechSynthesisUtterance(text);
      words.lang = this.#language;
      words.rate = SLOWER;
      // A voice on the device itself before one that sends the words away.
      const mine = this.#mine();
      words.voice = mine.find((v) => v.localService) ?? mine[0] ?? null;
      words.onend = () => done(true);
      words.onerror = ({ error }) => done(error === 'interrupted' || error === 'canceled');
      voice.speak(words);
    });
  }

  #mark(part) {
    this.#marked?.removeAttribute('data-read');
    this.#marked = part;
    part?.setAttribute('data-read', '');
    part?.scrollIntoView({ block: 'nearest' });
  }

  #end = () => {
    this.#turn += 1;
    voice?.cancel();
    this.#mark(null);
    if (this.#button) this.#button.textContent = this.dataset.start;
  };
}

customElements.define('read-aloud', ReadAloud);
