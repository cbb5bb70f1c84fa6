// <cover-picture data-label data-hint data-undo data-said>: around an <img>: whoever taps a face in it, or draws a frame,
// sees it covered. In a form the places go with it, in the field `places` ("x,y,w,h;…", thousandths of the sides).
// Must stay true: what is seen as covered is what will be covered; everything works by keys too (arrows move a frame,
// with Shift they change its size, Enter covers, Backspace undoes); the picture itself is only changed by `covered`.

const WHOLE = 1000;
const FIELDS = 3; // colours that are kept of a place, along each side: as the server does it
const TAP = 140; // side of a place that was only tapped
const STEP = 20;
const LEAST = 15;
const MOST = 20; // places at a time, as the server allows

const within = (n, low, high) => Math.min(Math.max(n, low), high);

/// Covers places of a drawn picture for good.
function blur(brush, [x, y, w, h]) {
  const { width, height } = brush.canvas;
  const [left, top] = [Math.floor((x * width) / WHOLE), Math.floor((y * height) / WHOLE)];
  const [right, bottom] = [Math.ceil(((x + w) * width) / WHOLE), Math.ceil(((y + h) * height) / WHOLE)];
  const cut = (from, to, i) => from + Math.floor(((to - from) * i) / FIELDS);
  for (let i = 0; i < FIELDS; i += 1) {
    for (let j = 0; j < FIELDS; j += 1) {
      const [a, b] = [cut(left, right, i), cut(top, bottom, j)];
      const [wide, high] = [cut(left, right, i + 1) - a, cut(top, bottom, j + 1) - b];
      if (wide < 1 || high < 1) continue;
      const { data } = brush.getImageData(a, b, wide, high);
      const sum = [0, 0, 0];
      for (let at = 0; at < data.length; at += 4) for (let c = 0; c < 3; c += 1) sum[c] += data[at + c];
      const [red, green, blue] = sum.map((s) => Math.round((s * 4) / data.length));
      brush.fillStyle = `rgb(${red} ${green} ${blue})`;
      brush.fillRect(a, b, wide, high);
    }
  }
}

function drawn(image, width, height) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const brush = canvas.getContext('2d', { willReadFrequently: true });
  brush.fillStyle = 'white';
  brush.fillRect(0, 0, width, height);
  brush.drawImage(image, 0, 0, width, height);
  return brush;
}

/// The file of a photo with places covered, as JPEG; throws when the browser cannot.
export async function covered(file, places) {
  const image = await createImageBitmap(file, { imageOrientation: 'from-image' });
  try {
    const brush = drawn(image, image.width, image.height);
    places.forEach((place) => blur(brush, place));
    const blob = await new Promise((done) => brush.canvas.toBlob(done, 'image/jpeg', 0.85));
    if (!blob) throw new Error('no picture came out');
    return new File([blob], `${file.name.replace(/\.[^.]*$/, '') || 'photo'}.jpg`, { type: 'image/jpeg' });
  } finally {
    image.close();
  }
}

class CoverPicture extends HTMLElement {
  places = [];
  #image = null;
  #brush = null;
  #canvas = null;
  #said = null;
  #field = null;
  #frame = [430, 430, TAP, TAP];
  #from = null;

  connectedCallback() {
    this.#image ??= this.querySelector('img');
    if (!this.#image || this.#canvas) return;
    this.#canvas = document.createElement('canvas');
    this.#canvas.className = 'cover';
    this.#canvas.tabIndex = 0;
    this.#canvas.setAttribute('role', 'application');
    this.#canvas.setAttribute('aria-label', this.dataset.label ?? '');
    const hint = document.createElement('p');
    hint.className = 'hint';
    hint.textContent = this.dataset.hint ?? '';
    this.#said = document.createElement('span');
    this.#said.setAttribute('role', 'status');
    const undo = document.createElement('button');
    undo.type = 'button';
    undo.className = 'btn quiet';
    undo.textContent = this.dataset.undo ?? '';
    undo.addEventListener('click', () => this.#undo());
    const row = document.createElement('p');
    row.className = 'cover-row';
    row.append(undo, this.#said);
    if (this.closest('form')) {
      this.#field = document.createElement('input');
      this.#field.type = 'hidden';
      this.#field.name = 'places';
      row.append(this.#field);
    }
    this.append(hint, this.#canvas, row);
    this.#listen();
    const ready = () => this.#start();
    if (this.#image.complete && this.#image.naturalWidth) ready();
    else this.#image.addEventListener('load', ready, { once: true });
  }

  #start() {
    this.#image.hidden = true;
    this.#canvas.width = this.#image.naturalWidth;
    this.#canvas.height = this.#image.naturalHeight;
    this.setAttribute('data-ready', ''); // tests wait for this
    this.#draw();
  }

  #listen() {
    const canvas = this.#canvas;
    const at = ({ offsetX, offsetY }) => [
      within(Math.round((offsetX * WHOLE) / canvas.clientWidth), 0, WHOLE),
      within(Math.round((offsetY * WHOLE) / canvas.clientHeight), 0, WHOLE),
    ];
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#from = at(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.#from) this.#draw(this.#between(this.#from, at(event)));
    });
    canvas.addEventListener('pointerup', (event) => {
      if (!this.#from) return;
      const [from, to] = [this.#from, at(event)];
      this.#from = null;
      const place = this.#between(from, to);
      const tapped = place[2] < LEAST || place[3] < LEAST;
      this.#cover(tapped ? this.#around(to) : place);
    });
    canvas.addEventListener('pointercancel', () => { this.#from = null; this.#draw(); });
    canvas.addEventListener('focus', () => this.#draw());
    canvas.addEventListener('blur', () => this.#draw());
    canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  #key(event) {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    const [x, y, w, h] = this.#frame;
    if (event.key === 'Enter' || event.key === ' ') this.#cover([...this.#frame]);
    else if (event.key === 'Backspace' || event.key === 'Delete') this.#undo();
    else if (!dx && !dy) return;
    else if (event.shiftKey) {
      this.#frame = [x, y, within(w + dx * STEP, STEP, WHOLE - x), within(h + dy * STEP, STEP, WHOLE - y)];
    } else this.#frame = [within(x + dx * STEP, 0, WHOLE - w), within(y + dy * STEP, 0, WHOLE - h), w, h];
    event.preventDefault();
    this.#draw();
  }

  #between([a, b], [c, d]) {
    return [Math.min(a, c), Math.min(b, d), Math.abs(a - c), Math.abs(b - d)];
  }

  #around([x, y]) {
    return [within(x - TAP / 2, 0, WHOLE - TAP), within(y - TAP / 2, 0, WHOLE - TAP), TAP, TAP];
  }

  #cover(place) {
    if (this.places.length < MOST) this.places.push(place.map(Math.round));
    this.#tell();
  }

  #undo() {
    this.places.pop();
    this.#tell();
  }

  #tell() {
    if (this.#field) this.#field.value = this.places.map((p) => p.join(',')).join(';');
    this.#said.textContent = this.places.length ? (this.dataset.said ?? '#').replace('#', this.places.length) : '';
    this.#draw();
  }

  #draw(frame = document.activeElement === this.#canvas ? this.#frame : null) {
    const { width, height } = this.#canvas;
    if (!this.hasAttribute('data-ready')) return;
    this.#brush ??= this.#canvas.getContext('2d', { willReadFrequently: true });
    this.#brush.drawImage(this.#image, 0, 0, width, height);
    this.places.forEach((place) => blur(this.#brush, place));
    if (!frame) return;
    const [x, y, w, h] = frame;
    const thick = Math.max(2, width / 200);
    // White on dark: to be seen on any picture.
    for (const [color, line] of [['#000', thick * 2], ['#fff', thick]]) {
      this.#brush.strokeStyle = color;
      this.#brush.lineWidth = line;
      this.#brush.strokeRect((x * width) / WHOLE, (y * height) / WHOLE, (w * width) / WHOLE, (h * height) / WHOLE);
    }
  }
}

customElements.define('cover-picture', CoverPicture);
