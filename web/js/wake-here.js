// <wake-here data-base data-key>: lets this browser be woken when there is something in the inbox (Web Push).
// Must stay true: nothing is asked before its button is pressed; where a browser cannot, the words that say so stay.

class WakeHere extends HTMLElement {
  connectedCallback() {
    if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) return;
    this.querySelector('[data-cannot]').hidden = true;
    const button = this.querySelector('button');
    button.hidden = false;
    button.addEventListener('click', async () => {
      button.disabled = true;
      this.#say('');
      await this.#ask().catch(() => this.#say(this.dataset.failed));
      button.disabled = false;
    });
  }

  async #ask() {
    if (await Notification.requestPermission() !== 'granted') return this.#say(this.dataset.denied);
    const { base, key } = this.dataset;
    // A scope of its own: the worker of field work looks after the rest.
    const worker = await navigator.serviceWorker.register(`${base}/wake.js`, { scope: `${base}/inbox` });
    await ready(worker);
    const browser = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const answer = await fetch(`${base}/me/notices/browser`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
      body: JSON.stringify({ browser: browser.endpoint }),
    });
    if (!answer.ok) return this.#say((await answer.json()).message);
    location.reload();
  }

  #say(text) {
    this.querySelector('[role=status]').textContent = text;
  }
}

/// Waits until a worker is there to be woken.
function ready(worker) {
  const coming = worker.installing ?? worker.waiting;
  if (worker.active || !coming) return undefined;
  return new Promise((done) => coming.addEventListener('statechange', () => worker.active && done()));
}

customElements.define('wake-here', WakeHere);
