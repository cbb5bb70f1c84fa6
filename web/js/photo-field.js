// <photo-field data-pick data-more data-remove data-cover …>: around a .field with <input type=file multiple accept=image/*>; one
// button that says what it does stands for the browser's own, whose words speak of files; shows the chosen
// photos, lets each be taken away and faces in it be covered, adds those of a second choice, and makes big ones smaller
// before they travel.
// Must stay true: the input always holds exactly the photos shown; a photo that cannot be made smaller is sent as it
// is; without this module the input works alone.

import { hold } from './hold.js';

const LONGEST_SIDE = 2000;
const HEAVY = 1.5 * 1024 * 1024;
const QUALITY = 0.85;

const same = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;

/// The photo as JPEG with its longest side at most 2000 px, or the file itself when that is small, fails or gains nothing.
async function smaller(file) {
  let image;
  try {
    image = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(image.width, image.height));
    if (scale === 1 && file.size <= HEAVY) return file;
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    const brush = canvas.getContext('2d');
    brush.fillStyle = 'white'; // JPEG knows no transparency
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', QUALITY));
    if (!blob || blob.type !== 'image/jpeg' || blob.size >= file.size) return file;
    const name = `${file.name.replace(/\.[^.]*$/, '') || 'photo'}.jpg`;
    return new File([blob], name, { type: 'image/jpeg', lastModified: file.lastModified });
  } catch {
    return file;
  } finally {
    image?.close();
  }
}

class PhotoField extends HTMLElement {
  #input = null;
  #list = null;
  #pick = null;
  #photos = []; // { chosen, sent, url, hidden }: hidden is the field that names one that is with the server already
  #working = 0;
  #work = Promise.resolve();
  #end = null;

  connectedCallback() {
    this.#input ??= this.querySelector('input[type=file]');
    if (!this.#input || typeof DataTransfer !== 'function') return;
    if (!this.#list) {
      this.#list = document.createElement('ul');
      this.#list.className = 'previews';
      this.#list.hidden = true;
      this.#input.after(this.#list);
      if (this.dataset.pick) this.#button();
      this.#input.addEventListener('change', () => this.#add([...this.#input.files]));
      this.#input.addEventListener('uploaded', ({ detail: { file, hidden } }) => {
        for (const photo of this.#photos) if (photo.sent === file) photo.hidden = hidden;
      });
      this.#input.form?.addEventListener('reset', () => this.#empty());
      if (this.#input.files.length) this.#add([...this.#input.files]); // a browser may bring them back
    }
    this.#end = hold(this.#input.form, () => (this.#working ? this.#work : null));
  }

  #button() {
    const row = Object.assign(document.createElement('div'), { className: 'buttons' });
    this.#pick = Object.assign(document.createElement('button'), { type: 'button', className: 'btn', textContent: this.dataset.pick });
    this.#pick.addEventListener('click', () => this.#input.click());
    row.append(this.#pick);
    this.#input.before(row);
    this.#input.hidden = true;
  }

  disconnectedCallback() {
    this.#end?.();
  }

  // A choice adds to the earlier ones, for a phone's camera gives one photo at a time; a cancelled one changes nothing.
  #add(files) {
    for (const file of files) {
      if (this.#photos.some(({ chosen, sent }) => same(chosen, file) || same(sent, file))) continue;
      const photo = { chosen: file, sent: file, url: URL.createObjectURL(file) };
      this.#photos.push(photo);
      this.#show(photo);
      this.#working += 1;
      // One after the other: a weak phone cannot hold several decoded photos.
      this.#work = this.#work.then(async () => {
        if (this.#photos.includes(photo)) photo.sent = await smaller(file);
        this.#working -= 1;
        this.#fill();
      });
    }
    this.#fill();
  }

  // A form that was kept or sent by a script begins anew, and shows none of the photos it held.
  #empty() {
    for (const { url, hidden } of this.#photos) URL.revokeObjectURL(url), hidden?.remove();
    this.#photos = [];
    this.#list.replaceChildren();
    this.#fill();
  }

  #show(photo) {
    const item = document.createElement('li');
    const image = document.createElement('img');
    image.alt = '';
    image.onerror = () => { image.hidden = true; }; // a kind the browser cannot show may still be sent
    image.src = photo.url;
    photo.image = image;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'btn quiet';
    button.textContent = this.dataset.remove;
    button.setAttribute('aria-label', `${this.dataset.remove} ${photo.chosen.name}`);
    button.addEventListener('click', () => {
      const next = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector('button');
      this.#photos = this.#photos.filter((other) => other !== photo);
      URL.revokeObjectURL(photo.url);
      photo.hidden?.remove();
      item.remove();
      this.#fill();
      (next ?? this.#pick ?? this.#input).focus();
    });
    item.append(image, button);
    if (this.dataset.cover && typeof HTMLDialogElement === 'function') item.append(this.#coverer(photo));
    this.#list.append(item);
  }

  /// The button that opens a photo large, to cover faces and plates in it before it travels.
  #coverer(photo) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'btn quiet';
    button.textContent = this.dataset.cover;
    button.addEventListener('click', async () => {
      const { covered } = await import('./cover-picture.js');
      await this.#work;
      const dialog = document.createElement('dialog');
      const cover = document.createElement('cover-picture');
      for (const word of ['Label', 'Hint', 'Undo', 'Said']) cover.dataset[word.toLowerCase()] = this.dataset[`cover${word}`];
      const image = document.createElement('img');
      image.alt = '';
      image.src = photo.url;
      cover.append(image);
      const end = (word, act) => {
        const done = document.createElement('button');
        done.type = 'button';
        done.className = act ? 'btn primary' : 'btn quiet';
        done.textContent = word;
        done.addEventListener('click', async () => { await act?.(); dialog.close(); });
        return done;
      };
      const buttons = document.createElement('div');
      buttons.className = 'buttons';
      const take = async () => {
        if (cover.places.length === 0) return;
        photo.sent = await covered(photo.sent, cover.places);
        photo.hidden?.remove();
        photo.hidden = null;
        URL.revokeObjectURL(photo.url);
        photo.image.src = photo.url = URL.createObjectURL(photo.sent);
        this.#fill();
      };
      buttons.append(end(this.dataset.coverDone, take), end(this.dataset.coverCancel));
      dialog.append(cover, buttons);
      dialog.addEventListener('close', () => { dialog.remove(); button.focus(); });
      document.body.append(dialog);
      dialog.showModal();
    });
    return button;
  }

  #fill() {
    const basket = new DataTransfer();
    for (const { sent, hidden } of this.#photos) if (!hidden) basket.items.add(sent);
    this.#input.files = basket.files;
    this.#input.dispatchEvent(new Event('refilled'));
    this.#list.hidden = this.#photos.length === 0;
    if (this.#pick) this.#pick.textContent = this.#photos.length ? this.dataset.more : this.dataset.pick;
  }
}

customElements.define('photo-field', PhotoField);
