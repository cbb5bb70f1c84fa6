// <save-picture data-label data-lines='["…"]'>: a button that draws the lines and the page's QR code into one picture
// and saves it, for people who keep things among their photos.
// Must stay true: everything is drawn on this device and nothing is sent; black on white in any mode, so that the code
// can be scanned; where a browser cannot save a file (WeChat) the picture appears, to be kept by a long press.

const WIDTH = 720;
const HEIGHT = 900;
const EDGE = 48;
const QR = 420;

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/// The QR code of the page as an image, or null.
async function code() {
  const svg = document.querySelector('.qr svg')?.cloneNode(true);
  if (!svg) return null;
  svg.setAttribute('width', QR);
  svg.setAttribute('height', QR);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(svg))}`;
  await image.decode();
  return image;
}

/// Draws a line as large as fits, at most `size` px high; returns where the next one begins.
function write(brush, text, size, weight, top) {
  const font = (px) => `${weight} ${px}px ${token('--face') || 'sans-serif'}`;
  brush.font = font(size);
  const fits = Math.min(1, (WIDTH - 2 * EDGE) / brush.measureText(text).width);
  brush.font = font(Math.floor(size * fits));
  brush.fillText(text, WIDTH / 2, top);
  return top + size * 1.45;
}

async function draw(lines) {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const brush = canvas.getContext('2d');
  brush.fillStyle = 'white';
  brush.fillRect(0, 0, WIDTH, HEIGHT);
  brush.fillStyle = token('--jade') || 'black';
  brush.fillRect(0, 0, WIDTH, 12);
  brush.fillStyle = 'black';
  brush.textAlign = 'center';
  brush.textBaseline = 'top';
  const qr = await code();
  const room = HEIGHT - EDGE - (qr ? QR + EDGE : 0) - EDGE;
  const size = Math.min(54, Math.floor(room / Math.max(lines.length, 1) / 1.45));
  let top = EDGE;
  lines.forEach((line, n) => { top = write(brush, line, size, n === 0 ? 400 : 700, top); });
  if (qr) {
    brush.imageSmoothingEnabled = false;
    brush.drawImage(qr, (WIDTH - QR) / 2, HEIGHT - EDGE - QR, QR, QR);
  }
  return canvas;
}

class SavePicture extends HTMLElement {
  #button = null;

  connectedCallback() {
    if (this.#button) return;
    this.#button = document.createElement('button');
    this.#button.type = 'button';
    this.#button.className = 'btn';
    this.#button.textContent = this.dataset.label;
    this.#button.addEventListener('click', () => this.#save());
    this.append(this.#button);
  }

  async #save() {
    this.#button.disabled = true;
    try {
      const lines = JSON.parse(this.dataset.lines ?? '[]').filter((line) => typeof line === 'string' && line !== '');
      const canvas = await draw(lines);
      if (/MicroMessenger/.test(navigator.userAgent)) return this.#show(canvas, lines);
      const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = 'receipt.png';
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch {
      // Without the picture there are still the page, the print and the receipt file.
    } finally {
      this.#button.disabled = false;
    }
  }

  #show(canvas, lines) {
    this.querySelector('img')?.remove();
    const image = new Image(WIDTH / 2, HEIGHT / 2);
    image.alt = lines.join(' ');
    image.src = canvas.toDataURL('image/png');
    this.append(image);
    image.scrollIntoView({ block: 'nearest' });
  }
}

customElements.define('save-picture', SavePicture);
