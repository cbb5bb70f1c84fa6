// <grid-draw data-community data-label data-empty [data-ground] …words>: draws the outlines that stand as GeoJSON in the
// textarea of its form on a map, lets a person change them by mouse, touch, keys and buttons, and writes them back. While
// one works, the server looks at what was drawn; what is wrong is listed and marked where it is.
// Must stay true: the textarea is the truth, also without a map or a script; every change of grid-edit.js can be undone;
// whatever the mouse does, a button or a key does; it holds no words but those of its attributes.

import { add, features, move, nextCode, place, read, remove, same, snap, split, write } from './grid-edit.js';
import { bounds, mute, openMap, token } from './map-base.js';

const PATIENCE = 15_000; // until the first full drawing
const REACH = 14; // px within which a corner snaps to another
const STEP = 2; // px that an arrow moves a corner
const FAST = 20; // with Shift
const QUIET = 500; // ms after the last change until the server looks
const UNDO = 100; // changes that can be taken back

const point = (at, properties = {}) => ({ type: 'Feature', geometry: { type: 'Point', coordinates: at }, properties });
const source = () => ({ type: 'geojson', data: { type: 'FeatureCollection', features: [] } });

function layers() {
  const now = ['==', ['get', 'now'], true];
  return [
    { id: 'grids', type: 'fill', source: 'areas', paint: { 'fill-color': ['case', now, token('--amber-wash'), token('--jade-wash')], 'fill-opacity': 0.7 } },
    { id: 'edges', type: 'line', source: 'areas', paint: { 'line-color': token('--jade'), 'line-width': ['case', now, 3, 1.5] } },
    {
      id: 'corners', type: 'circle', source: 'corners',
      paint: {
        'circle-radius': ['case', now, 10, 7], 'circle-color': ['case', now, token('--amber'), token('--card')],
        'circle-stroke-color': token('--jade-deep'), 'circle-stroke-width': 2,
      },
    },
    {
      id: 'faults', type: 'circle', source: 'faults',
      paint: { 'circle-radius': 12, 'circle-color': token('--vermilion'), 'circle-opacity': 0.3, 'circle-stroke-color': token('--vermilion'), 'circle-stroke-width': 3 },
    },
  ];
}

class GridDraw extends HTMLElement {
  #grids = [];
  #past = [];
  #grid = 0;
  #corner = -1;
  #split = null;
  #laying = null;
  #open = null;
  #labels = [];
  #looking = 0;

  async connectedCallback() {
    this.text = this.closest('form')?.querySelector('[name=geojson]');
    if (!this.text || this.frame) return;
    this.tools = this.querySelector('.draw-tools');
    this.said = this.querySelector('.draw-said');
    this.frame = document.createElement('div');
    this.frame.className = 'map large';
    this.prepend(this.frame);
    try {
      if (document.documentElement.dataset.vendor === undefined) throw new Error('no map');
      this.#grids = read(this.text.value);
      await this.#begin();
    } catch {
      this.#give_up();
    }
  }

  disconnectedCallback() {
    this.#open?.map.remove();
  }

  async #begin() {
    // An empty community begins where its neighbours or the nation are.
    const box = bounds(features(this.#grids)) ?? [[73.5, 18], [135, 53.5]];
    this.#open = await openMap(this.frame, {
      ground: this.dataset.ground, sources: { areas: source(), corners: source(), faults: source() }, layers, box,
      label: this.dataset.label, keyboard: true, patience: PATIENCE, fail: () => this.#give_up(),
    });
    if (!this.#open) return;
    const { map } = this.#open;
    this.tools.hidden = false;
    map.getCanvas().setAttribute('aria-describedby', 'draw-keys');
    map.getCanvas().addEventListener('keydown', (event) => this.#key(event));
    map.on('click', (event) => this.#press(event));
    for (const kind of ['mousedown', 'touchstart']) map.on(kind, 'corners', (event) => this.#drag(event));
    this.tools.addEventListener('click', (event) => {
      const act = event.target.closest('[data-do]')?.dataset.do;
      if (act) this.#act(act);
    });
    this.tools.querySelector('#draw-grid').addEventListener('change', ({ target }) => this.#choose(+target.value));
    this.tools.querySelector('#draw-name').addEventListener('change', ({ target }) => {
      this.#set(this.#grids.map((g, i) => (i === this.#grid ? { ...g, name: target.value.trim() || g.code } : g)));
    });
    this.text.addEventListener('change', () => {
      try { this.#set(read(this.text.value)); } catch { /* the server will say what is wrong with it */ }
    });
    if (map.isStyleLoaded()) this.#show(); else map.once('load', () => this.#show());
  }

  #say(text, ...values) {
    this.said.textContent = values.reduce((t, v, i) => t.replace(`%${i + 1}`, v), text ?? '');
  }

  /// The grids are now these; the server is asked when nothing more comes.
  #set(grids, { keep = true } = {}) {
    if (keep) this.#past = [...this.#past.slice(1 - UNDO), this.#grids];
    this.#grids = grids;
    this.#grid = Math.min(this.#grid, grids.length - 1);
    if (this.#corner >= (grids[this.#grid]?.ring.length ?? 0)) this.#corner = -1;
    this.text.value = write(grids);
    this.removeAttribute('data-looked');
    this.#show();
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => this.#look(), QUIET);
  }

  #show() {
    const { put } = this.#open;
    const now = this.#grids[this.#grid];
    const all = this.#grids.map((g, i) => ({ ...g, now: i === this.#grid })).filter((g) => g.ring.length > 2);
    put('areas', features(all).map((f, i) => ({ ...f, properties: { ...f.properties, now: all[i].now } })));
    put('corners', (this.#laying ?? now?.ring ?? []).map((at, i) => point(at, { i, now: i === this.#corner })));
    const select = this.tools.querySelector('#draw-grid');
    select.replaceChildren(...this.#grids.map((g, i) => new Option(`${g.name} ${g.code}`, i, false, i === this.#grid)));
    this.tools.querySelector('#draw-name').value = now?.name ?? '';
    for (const button of this.tools.querySelectorAll('[data-do]')) {
      if (button.dataset.do === 'done') button.hidden = this.#laying === null;
    }
    this.#labels.forEach((m) => m.remove());
    this.#labels = all.map(({ name, ring }) => {
      const element = document.createElement('span');
      element.className = 'map-label';
      element.textContent = name;
      const [[west, south], [east, north]] = bounds([{ geometry: { coordinates: ring } }]);
      const marker = new this.#open.Marker({ element }).setLngLat(this.#open.there([(west + east) / 2, (south + north) / 2])).addTo(this.#open.map);
      mute(element);
      return marker;
    });
    const { keys } = this.#open;
    if (this.#corner < 0) keys.enable(); else keys.disable();
  }

  /// What the server says to it, without keeping anything.
  async #look() {
    const form = this.closest('form');
    const body = new FormData(form);
    body.set('do', 'check');
    const asked = this.text.value;
    const answer = await fetch(form.action, { method: 'POST', body, headers: { accept: 'application/json' } }).catch(() => null);
    if (!answer || asked !== this.text.value || !this.isConnected) return;
    const said = await answer.json();
    const problems = said.problems ?? [{ text: said.message }];
    this.querySelector('.draw-problems').replaceChildren(...problems.map(({ text }) => {
      const item = document.createElement('li');
      item.textContent = text;
      return item;
    }));
    this.#open.put('faults', problems.filter((p) => p.at).map((p) => point(p.at)));
    this.setAttribute('data-looked', problems.length); // tests wait for this
    if (said.fine) this.#say(this.dataset.fine);
  }

  #choose(index) {
    [this.#grid, this.#corner, this.#split] = [index, -1, null];
    const now = this.#grids[index];
    if (now) this.#say(this.dataset.grid, now.name, now.ring.length);
    this.#show();
  }

  #select(i) {
    const ring = this.#grids[this.#grid]?.ring;
    if (!ring?.length) return;
    this.#corner = (i + ring.length) % ring.length;
    this.#say(this.dataset.corner, this.#corner + 1, ring.length);
    const at = this.#open.there(ring[this.#corner]);
    if (!this.#open.map.getBounds().contains(at)) this.#open.map.jumpTo({ center: at });
    this.#show();
  }

  #act(what) {
    const [ring, i] = [this.#grids[this.#grid]?.ring ?? [], this.#corner];
    if (what === 'next' || what === 'previous') this.#select(i < 0 ? 0 : i + (what === 'next' ? 1 : -1));
    else if (what === 'add' && ring.length) this.#set(add(this.#grids, this.#grid, Math.max(i, 0))), this.#select(Math.max(i, 0) + 1);
    else if (what === 'remove' && i >= 0) {
      const left = remove(this.#grids, ring[i]);
      if (left) this.#set(left); else this.#say(this.dataset.least);
    } else if (what === 'split' && i >= 0) this.#divide(i);
    else if (what === 'lay') [this.#laying, this.#corner] = [[], -1], this.#say(this.dataset.laying), this.#show();
    else if (what === 'done') this.#finish();
    else if (what === 'drop' && this.#grids.length) this.#set(this.#grids.filter((_, k) => k !== this.#grid));
    else if (what === 'undo' && this.#past.length) this.#set(this.#past.pop(), { keep: false });
  }

  #divide(i) {
    if (this.#split === null) {
      this.#split = i;
      return this.#say(this.dataset.splitFirst);
    }
    const code = nextCode(this.#grids, this.dataset.community);
    const parts = split(this.#grids, this.#grid, this.#split, i, code, this.dataset.new);
    this.#split = null;
    if (parts) this.#set(parts), this.#choose(parts.length - 1); else this.#say(this.dataset.least);
  }

  #finish() {
    if ((this.#laying?.length ?? 0) < 3) return this.#say(this.dataset.least);
    const made = { code: nextCode(this.#grids, this.dataset.community), name: this.dataset.new, ring: this.#laying };
    this.#laying = null;
    this.#set([...this.#grids, made]);
    this.#choose(this.#grids.length - 1);
  }

  /// Where a press is, on the corner of another grid when one is near.
  #snapped(lngLat, except) {
    const to = place(this.#open.here(lngLat));
    const far = (a, b) => {
      const [p, q] = [a, b].map((c) => this.#open.map.project(this.#open.there(c)));
      return Math.hypot(p.x - q.x, p.y - q.y);
    };
    return snap(this.#grids, to, except, far, REACH) ?? to;
  }

  #lay(lngLat) {
    const to = this.#snapped(lngLat);
    if (this.#laying.length > 2 && same(to, this.#laying[0])) return this.#finish();
    this.#laying = [...this.#laying, to];
    this.#say(this.dataset.corner, this.#laying.length, this.#laying.length);
    this.#show();
  }

  #press({ point: at, lngLat }) {
    const { map } = this.#open;
    if (this.#laying) return this.#lay(lngLat);
    const [corner] = map.queryRenderedFeatures(at, { layers: ['corners'] });
    if (corner) return this.#select(corner.properties.i);
    const [area] = map.queryRenderedFeatures(at, { layers: ['grids'] });
    if (area) this.#choose(this.#grids.findIndex((g) => g.code === area.properties.code));
  }

  #drag(event) {
    if (this.#laying || (event.originalEvent.touches?.length ?? 1) > 1) return;
    event.preventDefault();
    const { map } = this.#open;
    this.#select(event.features[0].properties.i);
    const before = this.#grids;
    const from = before[this.#grid].ring[this.#corner];
    let last = null;
    const follow = ({ lngLat }) => {
      last = move(before, from, this.#snapped(lngLat, from));
      this.#grids = last;
      this.#show();
    };
    const [on, off] = event.type === 'touchstart' ? ['touchmove', 'touchend'] : ['mousemove', 'mouseup'];
    map.on(on, follow);
    map.once(off, () => {
      map.off(on, follow);
      this.#grids = before;
      if (last) this.#set(last);
    });
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const acts = { n: 'next', p: 'previous', a: 'add', Delete: 'remove', Backspace: 'remove', s: 'split', u: 'undo' };
    const { map, there } = this.#open;
    if (this.#laying && event.key === 'Enter') event.preventDefault(), this.#lay(map.getCenter());
    else if (event.key === 'Enter') event.preventDefault();
    else if (event.key === 'Escape') [this.#laying, this.#split] = [null, null], this.#choose(this.#grid);
    else if (acts[event.key]) event.preventDefault(), this.#act(acts[event.key]);
    else if (arrows[event.key] && this.#corner >= 0) {
      event.preventDefault();
      const [from, by] = [this.#grids[this.#grid].ring[this.#corner], event.shiftKey ? FAST : STEP];
      const on = map.project(there(from));
      const to = map.unproject([on.x + arrows[event.key][0] * by, on.y + arrows[event.key][1] * by]);
      this.#set(move(this.#grids, from, this.#open.here(to)));
    }
  }

  #give_up() {
    this.#open?.map.remove();
    this.frame.remove();
    this.tools?.setAttribute('hidden', '');
    const said = document.createElement('p');
    said.className = 'muted';
    said.textContent = this.dataset.empty ?? '';
    this.prepend(said);
    this.closest('form')?.querySelector('details')?.setAttribute('open', '');
  }
}

customElements.define('grid-draw', GridDraw);
