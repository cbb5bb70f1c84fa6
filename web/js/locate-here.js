// <locate-here data-label data-done data-fail>: a button that puts the device's position into the form's hidden fields
// lat and lon (degrees, WGS-84, seven decimals).
// Must stay true: it asks only when pressed; the address field always suffices; where no position can be had (no
// permission, no secure connection) it says so once and nothing else changes.

class LocateHere extends HTMLElement {
  #button = null;
  #said = null;

  connectedCallback() {
    if (this.#button || !navigator.geolocation || !window.isSecureContext) return;
    this.#button = document.createElement('button');
    this.#button.type = 'button';
    this.#button.className = 'btn';
    this.#button.textContent = this.dataset.label;
    this.#button.addEventListener('click', () => this.#ask());
    this.#said = document.createElement('p');
    this.#said.className = 'muted';
    this.#said.setAttribute('role', 'status');
    this.append(this.#button, this.#said);
  }

  #ask() {
    this.#button.disabled = true;
    this.#said.textContent = '';
    const end = (text) => {
      this.#button.disabled = false;
      this.#said.textContent = text ?? '';
    };
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => end(this.#fill(coords) ? this.dataset.done : this.dataset.fail),
      () => end(this.dataset.fail),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
    );
  }

  #fill({ latitude, longitude }) {
    const form = this.closest('form');
    const fields = (name) => [...(form?.querySelectorAll(`input[name=${name}]`) ?? [])];
    for (const field of fields('lat')) field.value = latitude.toFixed(7);
    for (const field of fields('lon')) field.value = longitude.toFixed(7);
    form?.dispatchEvent(new Event('located')); // a map that picks a place follows
    return fields('lat').length > 0 && fields('lon').length > 0;
  }
}

customElements.define('locate-here', LocateHere);
