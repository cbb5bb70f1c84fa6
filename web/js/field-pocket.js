// <field-pocket data-base data-words>: the page that a grid worker has in the pocket: what was taken along, a form to note
// something, what waits and what the server would not take, with the choices its person has. Opening it with a network takes
// the day along; what is there and fresh is left.
// Must stay true: it works from what lies on this phone alone; it shows nothing of the pack that is locked or expired; a
// refused item shows what the server says now and is never sent, changed or thrown away without its person.

import { form, el } from './field-form.js';
import { add, check, decide, flush, list, pack, settle, status, update } from './field-queue.js';
import { hasPin, keeps, locked, openWithPin, sealing, setPin } from './field-store.js';

const PAUSE = 250;
const SHOWN = 50;
const FRESH = 10 * 60 * 1000; // a pack younger than that is not taken anew by itself

class FieldPocket extends HTMLElement {
  #words = {};
  #waiting = null;
  #said = '';
  #form = null;
  #parts = {};
  #packMade = null;
  #taken = null;

  async connectedCallback() {
    this.#words = JSON.parse(this.dataset.words);
    settle(this.dataset.base);
    const names = ['state', 'record', 'queue', 'cases', 'stops', 'homes', 'map', 'pin'];
    for (const name of names) this.#parts[name] = el('section', { 'data-part': name });
    this.#parts.state.setAttribute('role', 'status');
    this.replaceChildren(...names.map((name) => this.#parts[name]));
    window.addEventListener('field-change', this.#later);
    window.addEventListener('online', this.#refresh);
    if (!(await keeps())) return this.#shut();
    await this.#show();
    return this.#refresh();
  }

  // A browser that keeps nothing: nothing can be typed here that would be lost; the ordinary form sends at once.
  #shut() {
    const link = el('a', { class: 'btn primary', href: `${this.dataset.base}/report?channel=patrol` }, this.#t('shut-go'));
    this.#parts.state.replaceChildren(el('p', { class: 'say', 'data-tone': 'amber' }, this.#t('shut')), el('p', { class: 'buttons' }, link));
    this.dataset.ready = '';
  }

  disconnectedCallback() {
    window.removeEventListener('field-change', this.#later);
    window.removeEventListener('online', this.#refresh);
  }

  #t = (key, values = {}) => {
    let text = this.#words[key] ?? key;
    for (const [name, value] of Object.entries(values)) text = text.replace(new RegExp(`\\{\\s*\\$${name}\\s*\\}|\u2068?#${name}\u2069?`, 'g'), value);
    return text;
  };

  #when = (at) => new Date(at).toLocaleString(document.documentElement.lang, { month: 'short', day: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

  // Many items leave one after the other: the page is drawn once for all of them.
  #later = () => {
    this.#waiting ??= setTimeout(() => { this.#waiting = null; this.#show(); }, PAUSE);
  };

  #refresh = async () => {
    if (navigator.onLine === false) return;
    await check().catch(() => {});
    await this.#take().catch(() => {});
    await flush(true);
    await this.#show();
  };

  // Whoever opens this page before he goes out has the day with him, without another press. Behind a PIN its person opens first.
  async #take() {
    if (!sealing || status.cut || ((await locked()) && (await hasPin()))) return;
    const taken = await pack();
    if (!taken || Date.now() - Date.parse(taken.made_at) > FRESH) await update();
  }

  async #show() {
    const [taken, items, shut] = await Promise.all([pack(), list(SHOWN), locked()]).catch(() => [null, [], false]);
    // Never promised: a browser that keeps nothing for sure (iOS has lost such things) is named while something waits.
    const unsafe = items.length > 0 && (await navigator.storage?.persisted?.().catch(() => false)) !== true;
    this.#taken = taken;
    if (this.#said === 'saved' && items.every((item) => item.state === 'stuck')) this.#said = 'queue-none';
    this.#state(taken, shut, unsafe);
    if (!this.#form || this.#packMade !== (taken?.made_at ?? null)) this.#record(taken);
    this.#queue(items);
    this.#lists(taken);
    await this.#pin(shut);
    this.dataset.ready = '';
  }

  #state(taken, shut, unsafe) {
    const lines = [];
    const say = (key, tone, values) => lines.push(el('p', { class: 'say', 'data-tone': tone }, this.#t(key, values)));
    if (this.#said) say(this.#said, ['saved', 'queue-none'].includes(this.#said) ? 'jade' : 'amber');
    if (status.cut) say('cut', 'vermilion');
    if (status.signin) {
      say('signin', 'amber');
      lines.push(el('p', {}, el('a', { class: 'btn primary', href: `${this.dataset.base}/sign-in?back=/field/pocket` }, this.#t('signin-go'))));
    }
    for (const e of taken?.emergencies ?? []) {
      if (e.concerns && Date.parse(e.until) > Date.now()) say('emergency', 'vermilion', { area: e.area_name, until: this.#when(e.until), reason: e.reason });
    }
    if (unsafe) say('unsafe', 'amber');
    if (!sealing) say('plain', 'amber');
    else if (taken) say('fresh', 'jade', { at: this.#when(taken.made_at), until: this.#when(taken.expires_at) });
    else say(shut ? 'locked' : 'none', 'amber');
    const button = (key, work) => el('button', { class: 'btn', type: 'button', onclick: work }, this.#t(key));
    lines.push(el('p', { class: 'buttons' },
      sealing ? button('update', async () => { await update().catch(() => {}); await flush(true); this.#show(); }) : null,
      button('send', () => flush(true))));
    this.#parts.state.replaceChildren(...lines);
  }

  #record(taken) {
    this.#packMade = taken?.made_at ?? null;
    this.#form = form(this.#t, taken, async (kind, fields, files) => {
      try {
        await add(kind, fields, files);
        this.#said = 'saved';
        flush(true);
        return true;
      } catch (error) {
        this.#said = error?.message === 'locked' ? 'locked' : 'full';
        return false;
      } finally {
        await this.#show();
        // Far below the form nobody would read that it is kept.
        this.#parts.state.scrollIntoView({ block: 'nearest' });
      }
    });
    this.#parts.record.replaceChildren(el('h2', {}, this.#t('record')), this.#form);
  }

  #queue(items) {
    const head = el('h2', { id: 'queue' }, `${this.#t('queue')} `, el('span', { class: 'muted num' }, String(items.length)));
    const all = items.slice(0, SHOWN).map((item) => this.#item(item));
    this.#parts.queue.replaceChildren(head, all.length ? el('ul', { class: 'list' }, ...all) : el('p', { class: 'empty' }, this.#t('queue-none')));
  }

  #item(item) {
    const { body, why } = item;
    const of = (list, key, value) => (value ? this.#taken?.[list].find((one) => one[key] === value) : null);
    const matter = of('cases', 'number', body?.number);
    const where = of('homes', 'id', body?.care)?.name ?? of('buildings', 'id', body?.building)?.name;
    const about = [where, body?.number, matter?.text, body?.action && this.#t(`action-${body.action}`), body?.text ?? body?.note ?? body?.reason].filter(Boolean).join(' · ');
    const parts = [
      el('p', {}, el('strong', {}, this.#t(`kind-${item.kind}`)), ' ', el('span', { class: 'badge', 'data-tone': item.state === 'stuck' ? 'vermilion' : 'plain' }, this.#t(`state-${item.state}`)),
        el('span', { class: 'sub' }, about), el('span', { class: 'sub' }, this.#t('made', { at: this.#when(item.made_at) }))),
    ];
    if (item.state === 'stuck') parts.push(...this.#refused(item, why));
    return el('li', { class: 'task', 'data-item': item.id, 'data-state': item.state }, ...parts);
  }

  #refused(item, why) {
    const button = (key, how, fields) => el('button', { class: `btn${how === 'drop' ? ' danger' : ''}`, type: 'button', 'data-how': how, onclick: () => decide(item.id, how, fields?.()) }, this.#t(key));
    const out = [el('p', { class: 'problem' }, why.message)];
    if (why.now) out.push(el('p', { class: 'problem' }, this.#t('now', { state: this.#t(`now-${why.now.state}`), holder: why.now.holder ?? '' })));
    const isStep = item.kind === 'act' && item.body;
    const choices = [];
    if (isStep && item.body.action !== 'note') choices.push(button('as-note', 'note', () => ({ text: this.#t(`action-${item.body.action}`) })));
    if (isStep && why.code === 'changed') choices.push(button('anyway', 'anyway'));
    const drop = el('button', { class: 'btn danger', type: 'button', 'data-how': 'drop', onclick: () => window.confirm(this.#t('drop-sure')) && decide(item.id, 'drop') }, this.#t('drop'));
    if (item.body && !isStep) {
      const words = item.kind === 'report' || item.kind === 'spot' ? 'text' : 'note';
      const id = `c-${item.id}`;
      const box = el('textarea', { id, rows: 2, maxlength: 1000 });
      box.value = item.body[words] ?? '';
      out.push(el('div', { class: 'field' }, el('label', { for: id }, this.#t('text')), box));
      choices.push(button('change', 'change', () => ({ [words]: box.value.trim() || undefined, class: why.field === 'class' ? undefined : item.body.class })));
    }
    out.push(el('div', { class: 'buttons' }, ...choices, drop));
    return out;
  }

  #lists(taken) {
    const section = (name, rows) => {
      const count = el('span', { class: 'muted num' }, String(rows.length));
      this.#parts[name].replaceChildren(...(rows.length ? [el('h2', {}, `${this.#t(name)} `, count), el('ul', { class: 'list' }, ...rows)] : []));
    };
    const pick = (kind, fields) => () => { this.#form.pick(kind, fields); this.#parts.record.scrollIntoView(); };
    const under = (s) => (Array.isArray(s) ? el('span', { class: 'sub parts' }, ...s.flatMap((part) => [el('span', {}, part), ' '])) : el('span', { class: 'sub' }, s));
    const row = (main, subs, ...side) => el('li', {}, el('div', { class: 'row under' }, el('span', { class: 'row-main' }, main, ...subs.filter(Boolean).map(under)), el('span', { class: 'row-side' }, ...side)));
    const note = (kind, fields) => el('button', { class: 'btn quiet', type: 'button', onclick: pick(kind, fields) }, this.#t('record'));
    section('cases', (taken?.cases ?? []).map((c) => row(c.text ?? c.class_name, [[c.number, c.class_name, c.place], [this.#t(`now-${c.state}`), c.due_at && this.#t('due', { when: this.#when(c.due_at) })].filter(Boolean)], c.urgent ? el('span', { class: 'badge', 'data-tone': 'vermilion' }, this.#t('urgent')) : '', note('act', { number: c.number }))));
    section('stops', (taken?.stops ?? []).filter((s) => s.building).map((s) => row(s.name, [s.address], note('patrol', { building: s.building }))));
    section('homes', (taken?.homes ?? []).map((h) => row(h.name, [`${h.building_name} ${h.door ?? ''}`, h.phone && el('a', { href: `tel:${h.phone}` }, h.phone), h.days === null ? null : this.#t('days', { n: h.days })], note('visit', { care: h.id }))));
    this.#map(taken);
  }

  // A sketch of what was taken along: outlines and buildings, north up, without any tile.
  #map(taken) {
    const rings = (taken?.outlines ?? []).map((o) => o.ring);
    const points = (taken?.buildings ?? []).filter((b) => b.lat !== null).map((b) => [b.lat, b.lon, b.name]);
    const all = [...rings.flat(), ...points];
    if (!all.length) return this.#parts.map.replaceChildren();
    const [south, west] = [Math.min(...all.map((p) => p[0])), Math.min(...all.map((p) => p[1]))];
    const [north, east] = [Math.max(...all.map((p) => p[0])), Math.max(...all.map((p) => p[1]))];
    const slim = Math.cos(((south + north) / 2) * (Math.PI / 180));
    const scale = 92 / Math.max(north - south, (east - west) * slim, 1e-5);
    const at = ([lat, lon]) => [4 + (lon - west) * slim * scale, 4 + (north - lat) * scale];
    const svg = (name, attributes) => {
      const e = document.createElementNS('http://www.w3.org/2000/svg', name);
      for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
      return e;
    };
    const sketch = svg('svg', { class: 'square', viewBox: '0 0 100 100', role: 'img', 'aria-label': this.#t('map') });
    for (const ring of rings) sketch.append(svg('polygon', { points: ring.map((p) => at(p).join(',')).join(' ') }));
    for (const p of points) {
      const [cx, cy] = at(p);
      sketch.append(svg('circle', { cx, cy, r: 1.4, 'data-covered': 'week' }));
    }
    return this.#parts.map.replaceChildren(el('h2', {}, this.#t('map')), sketch);
  }

  async #pin(shut) {
    const guarded = await hasPin();
    if (!sealing || (!guarded && shut)) return this.#parts.pin.replaceChildren();
    // What is being typed is not taken away by a redraw.
    if (this.#parts.pin.contains(document.activeElement) || (guarded && !shut)) {
      if (guarded && !shut) this.#parts.pin.replaceChildren();
      return undefined;
    }
    const box = el('input', { id: 'pin', type: 'password', inputmode: 'numeric', autocomplete: 'off', minlength: 6, maxlength: 20, required: true });
    const opens = guarded && shut;
    const sent = async (event) => {
      event.preventDefault();
      const pin = box.value;
      box.blur();
      if (opens) this.#said = (await openWithPin(pin)) ? '' : 'pin-wrong';
      else {
        const share = await update().catch(() => false);
        if (share) await setPin(pin, share);
      }
      this.#show();
    };
    const guard = el('form', { class: 'form', onsubmit: sent }, el('div', { class: 'field' }, el('label', { for: 'pin' }, this.#t('pin')), el('p', { class: 'hint' }, this.#t('pin-hint')), box),
      el('div', { class: 'buttons' }, el('button', { class: 'btn' }, this.#t(opens ? 'pin-open' : 'pin-set'))));
    return this.#parts.pin.replaceChildren(opens ? guard : el('details', { class: 'act' }, el('summary', {}, this.#t('pin')), guard));
  }
}

customElements.define('field-pocket', FieldPocket);
