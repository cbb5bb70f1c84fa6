// Lets a form wait, before it is sent, for work that is still going on (a photo made smaller, a voice being recorded), and
// brings its large files to the server in pieces, when something in it has data-uploads (the address), data-uploading
// ("# %") and data-cut.
// Must stay true: the form is sent in the end, by the same button; `work()` returns a promise, or null when there is
// nothing to wait for, and nobody waits for it longer than ten seconds; a file that came whole is named in a hidden field
// and leaves its input, which is told by an "uploaded" event; whoever takes the file out of its input ends its upload.

import { upload } from './upload.js';

const LONGEST = 10_000;
/// Smaller files go with the form: asking before and after would cost more than sending them twice.
const SMALL = 48 << 10;

const works = new WeakMap(); // form → set of work()
const refused = new WeakSet(); // files that the server would not have in pieces; they go with the form

/// Returns a function that ends it.
export function hold(form, work) {
  if (!form) return () => {};
  if (!works.has(form)) {
    works.set(form, new Set());
    // Before whoever else listens to the form: what it says then counts.
    form.addEventListener('submit', wait, { capture: true });
  }
  works.get(form).add(work);
  return () => works.get(form).delete(work);
}

const inputs = (form) => [...form.querySelectorAll('input[type=file]')].filter((input) => !input.disabled);
const words = (form) => form.querySelector('[data-uploads]')?.dataset;

/// The files of a form that go in pieces, each with its input.
function large(form) {
  if (!words(form)) return [];
  const worth = (file) => file.size > SMALL && !refused.has(file);
  return inputs(form).flatMap((input) => [...input.files].filter(worth).map((file) => ({ input, file })));
}

async function wait(event) {
  const form = event.target;
  if (event.defaultPrevented || form !== event.currentTarget) return;
  if (form.dataset.busy) return event.preventDefault();
  const going = [...works.get(form)].map((work) => work()).filter(Boolean);
  if (going.length === 0 && large(form).length === 0) return;
  event.preventDefault();
  form.dataset.busy = 'yes';
  try {
    const late = new Promise((done) => setTimeout(done, LONGEST));
    await Promise.race([Promise.all(going), late]).catch(() => {});
    await inPieces(form);
  } finally {
    delete form.dataset.busy;
  }
  if (form.isConnected) form.requestSubmit(event.submitter);
}

/// Brings the large files of a form over one after the other; one that the server refuses stays where it is, so that the
/// form's own answer says why.
async function inPieces(form) {
  const said = document.createElement('p');
  said.className = 'say';
  said.setAttribute('role', 'status');
  const bar = document.createElement('progress');
  const text = document.createElement('span');
  said.append(bar, text);
  const { uploads, uploading, cut } = words(form) ?? {};
  for (let next; (next = large(form)[0]);) {
    const { input, file } = next;
    if (!said.isConnected) form.append(said);
    const left = large(form).reduce((sum, other) => sum + other.file.size, 0);
    bar.max = Math.max(bar.max, left);
    const taken = new AbortController();
    const watch = () => { if (![...input.files].includes(file)) taken.abort(); };
    input.addEventListener('refilled', watch);
    try {
      const id = await upload(uploads, file, {
        signal: taken.signal,
        moved: (bytes) => {
          bar.value = bar.max - left + bytes;
          text.textContent = uploading.replace('#', Math.floor((100 * bar.value) / bar.max));
        },
        cut: (is) => { if (is) text.textContent = cut; },
      });
      const hidden = document.createElement('input');
      Object.assign(hidden, { type: 'hidden', name: input.name, value: id });
      input.before(hidden);
      const basket = new DataTransfer();
      for (const other of input.files) if (other !== file) basket.items.add(other);
      input.files = basket.files;
      input.dispatchEvent(new CustomEvent('uploaded', { detail: { file, hidden } }));
    } catch (error) {
      if (error.name !== 'AbortError') refused.add(file);
    } finally {
      input.removeEventListener('refilled', watch);
    }
  }
  said.remove();
}
