// <voice-note data-start data-stop data-again data-none>: around a .field with a file input for a voice; adds a button
// that records at most two minutes, puts the recording into the input and lets it be heard.
// Must stay true: where recording is not possible, or not allowed, the input can be used as it was; the microphone is
// open only while the button says stop; a form sent meanwhile takes the recording along.

import { hold } from './hold.js';

const LONGEST = 120; // seconds
const KINDS = [['audio/webm;codecs=opus', 'webm'], ['audio/mp4', 'm4a'], ['audio/ogg;codecs=opus', 'ogg']];

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

class VoiceNote extends HTMLElement {
  #input = null;
  #button = null;
  #said = null; // status: the running time, or why it does not work
  #audio = null;
  #recorder = null;
  #done = null; // resolves when the recording lies in the input
  #url = null;
  #end = null;

  connectedCallback() {
    this.#input ??= this.querySelector('input[type=file]');
    const able = window.MediaRecorder && navigator.mediaDevices?.getUserMedia && typeof DataTransfer === 'function';
    if (!this.#input || !able) return;
    if (!this.#button) this.#build();
    this.#end = hold(this.#input.form, () => this.#stop());
    window.addEventListener('pagehide', this.#stop);
  }

  disconnectedCallback() {
    this.#end?.();
    this.#stop();
    window.removeEventListener('pagehide', this.#stop);
  }

  #build() {
    const row = document.createElement('div');
    row.className = 'buttons';
    this.#button = document.createElement('button');
    this.#button.type = 'button';
    this.#button.className = 'btn';
    this.#button.textContent = this.dataset.start;
    this.#button.addEventListener('click', () => (this.#recorder ? this.#stop() : this.#start()));
    this.#said = document.createElement('span');
    this.#said.className = 'muted num';
    this.#said.setAttribute('role', 'status');
    this.#audio = document.createElement('audio');
    this.#audio.controls = true;
    this.#audio.hidden = true;
    row.append(this.#button, this.#said);
    this.#input.before(row, this.#audio);
    this.#input.hidden = true; // one way is enough, until it fails
    // A file chosen by hand takes the recording's place.
    this.#input.addEventListener('change', () => this.#hear(this.#input.files[0]));
  }

  async #start() {
    const [type, ending] = KINDS.find(([kind]) => MediaRecorder.isTypeSupported(kind)) ?? [undefined, 'webm'];
    this.#button.disabled = true;
    this.#say('');
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      if (!this.isConnected) throw new Error('the element has gone');
      const recorder = new MediaRecorder(stream, type ? { mimeType: type } : {});
      const parts = [];
      recorder.ondataavailable = ({ data }) => data.size && parts.push(data);
      let ticking;
      this.#done = new Promise((done) => {
        recorder.onstop = () => {
          clearInterval(ticking);
          for (const track of stream.getTracks()) track.stop();
          this.#recorder = null;
          this.#say('');
          const kind = (recorder.mimeType || type || 'audio/webm').split(';')[0];
          if (parts.length) this.#keep(new File(parts, `voice.${ending}`, { type: kind }));
          this.#button.textContent = parts.length ? this.dataset.again : this.dataset.start;
          done();
        };
      });
      recorder.start();
      ticking = this.#tick();
      this.#recorder = recorder;
      this.#button.textContent = this.dataset.stop;
    } catch {
      for (const track of stream?.getTracks() ?? []) track.stop();
      this.#say(this.dataset.none ?? '');
      this.#input.hidden = false;
    } finally {
      this.#button.disabled = false;
    }
  }

  #tick() {
    let seconds = 0;
    this.#said.setAttribute('role', 'timer'); // shown each second, not spoken each second
    this.#said.textContent = `${clock(0)} / ${clock(LONGEST)}`;
    return setInterval(() => {
      seconds += 1;
      this.#said.textContent = `${clock(seconds)} / ${clock(LONGEST)}`;
      if (seconds >= LONGEST) this.#stop();
    }, 1000);
  }

  /// Ends a recording; null when there is none.
  #stop = () => {
    if (!this.#recorder) return null;
    if (this.#recorder.state !== 'inactive') this.#recorder.stop();
    return this.#done;
  };

  #say(text) {
    this.#said.setAttribute('role', 'status');
    this.#said.textContent = text;
  }

  #keep(file) {
    const basket = new DataTransfer();
    basket.items.add(file);
    this.#input.files = basket.files;
    this.#hear(file);
  }

  #hear(file) {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = file ? URL.createObjectURL(file) : null;
    this.#audio.hidden = !file;
    if (file) this.#audio.src = this.#url;
    else this.#audio.removeAttribute('src');
  }
}

customElements.define('voice-note', VoiceNote);
