// <grid-map data-src data-label data-empty [data-ground] [data-hint] [data-box] [data-place data-query] [data-keys]
// [data-lat data-lon] [data-pick data-done]>: draws the grids of a place and its matters from our own GeoJSON when it
// comes near the screen; what lies close together is shown as one circle with a number. With data-box it asks that
// address for the matters of each part of the map that is looked at; with data-place a press on a grid leads there. With
// data-keys the map is a stop for the keyboard: arrows and + − move it, n and p go from matter to matter, Enter opens. With
// data-pick a press on it puts the place into the form around it (map-pick.js).
// Must stay true: what the element holds and the list beside it say the same as the map; without data-keys or data-pick
// the map is one picture to a screen reader and no stop for the keyboard; whatever fails, the map goes and data-empty is
// shown instead.

import { bounds, mute, openMap } from './map-base.js';
import { SHARP, figures } from './map-figures.js';
import { isArea, layers, sources } from './map-layers.js';
import { pick, start } from './map-pick.js';

const PATIENCE = 15_000; // until the first full drawing
const MOST_NAMES = 40; // that can be read on one map
const MOST_HEATS = 24; // squares of a heat map that have their figure: the fullest
const RESTS = 80; // ms after which the map is taken to rest where it is


/// Where the name of a grid may stand: in its upper part, for the matters gather in the middle; else where there is room.
function heads(feature) {
  const [[west, south], [east, north]] = bounds([feature]);
  return [0.2, 0.05, 0.95, 0.8, 0.5].map((part) => [(west + east) / 2, north - (north - south) * part]);
}

const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

function middle(feature) {
  const [[west, south], [east, north]] = bounds([feature]);
  return [(west + east) / 2, (south + north) / 2];
}

class GridMap extends HTMLElement {
  #near = null;
  #frame = null;
  #map = null;
  #open = null;
  #said = null;
  #heads = [];
  #names = [];
  #heats = [];
  #named = '';
  #matters = [];
  #places = [];

  connectedCallback() {
    if (this.#frame || !this.dataset.src) return;
    this.#frame = document.createElement('div');
    this.#frame.className = 'map';
    if (!this.#stops) {
      this.#frame.setAttribute('role', 'img');
      this.#frame.setAttribute('aria-label', this.dataset.label ?? '');
    }
    if (document.documentElement.dataset.vendor === undefined) return this.#give_up();
    this.prepend(this.#frame);
    this.#near = new IntersectionObserver((entries) => {
      if (!entries.some((e) => e.isIntersecting)) return;
      this.#near.disconnect();
      this.#draw().catch(() => this.#give_up());
    }, { rootMargin: '200px' });
    this.#near.observe(this.#frame);
  }

  disconnectedCallback() {
    this.#near?.disconnect();
    this.#clear();
    this.#frame = null;
  }

  get #picks() {
    return this.dataset.pick !== undefined && this.closest('form') !== null;
  }

  get #stops() {
    return this.#picks || Boolean(this.dataset.keys);
  }

  async #draw() {
    const answer = await fetch(this.dataset.src, { headers: { accept: 'application/json' } });
    if (!answer.ok) throw new Error(`the map's places: ${answer.status}`);
    const { features } = await answer.json();
    const begin = start(this);
    const box = bounds(features) ?? (begin && [begin, begin]);
    if (!box) throw new Error('nothing to draw');
    const open = await openMap(this.#frame, {
      ground: this.dataset.ground, sources: sources(features), layers, box, hint: this.dataset.hint,
      label: [this.dataset.label, this.dataset.keys].filter(Boolean).join('：'), keyboard: this.#stops,
      patience: PATIENCE, fail: () => this.#give_up(),
    });
    if (!open) return;
    const { map } = open;
    [this.#open, this.#map] = [open, map];
    this.#keep(features.filter((f) => !isArea(f)));
    if (this.#stops) this.#status();
    this.#label(features);
    const draw = figures();
    map.setMissingStyleImageResolver((id) => { map.addImage(id, draw(id), { pixelRatio: SHARP }); });
    map.on('idle', () => this.#name());
    if (this.#picks) return pick(this, this.#frame, open, (text) => this.#say(text));
    if (this.dataset.box) this.#follow();
    if (this.dataset.keys) this.#walk();
    map.on('click', (event) => this.#press(event));
    const over = ['matters', ...(this.dataset.place ? ['grids'] : [])];
    map.on('mousemove', ({ point, originalEvent }) => {
      if (originalEvent.buttons) return; // who drags the map is in a hurry
      map.getCanvas().style.cursor = map.queryRenderedFeatures(point, { layers: over }).length ? 'pointer' : '';
    });
  }

  #status() {
    this.#said = document.createElement('p');
    this.#said.className = 'muted';
    this.#said.setAttribute('role', 'status');
    this.#frame.after(this.#said);
  }

  #say(text) {
    if (this.#said) this.#said.textContent = text;
  }

  #go(address) {
    const url = new URL(address, location.href);
    if (url.origin === location.origin) location.assign(url);
  }

  #nearer(center) {
    this.#map.easeTo({ center, zoom: this.#map.getZoom() + 2, animate: !this.#open.slow });
  }

  async #press({ point }) {
    const map = this.#map;
    const [matter] = map.queryRenderedFeatures(point, { layers: ['matters'] });
    if (matter?.properties.url) return this.#go(matter.properties.url);
    if (matter) return this.#nearer(matter.geometry.coordinates);
    const [grid] = this.dataset.place ? map.queryRenderedFeatures(point, { layers: ['grids'] }) : [];
    if (grid?.properties.code) this.#go(`${this.dataset.place}${grid.properties.code}?${this.dataset.query ?? ''}`);
  }

  #mark(className, text, at) {
    const element = document.createElement('span');
    element.className = className;
    element.textContent = text;
    const marker = new this.#open.Marker({ element }).setLngLat(at).addTo(this.#map);
    mute(element);
    return marker;
  }

  /// The matters that are gone through, and those of them that have a name.
  #keep(matters) {
    this.#matters = matters;
    const named = matters.filter((f) => f.properties.name);
    this.#places = named.map((f) => ({ name: f.properties.name, at: this.#open.there(f.geometry.coordinates), low: true }));
  }

  // Names are elements: letters in a symbol layer would need a glyph server.
  #label(features) {
    const named = features.filter((f) => isArea(f) && f.properties?.name);
    this.#heads = named.map((feature) => {
      const at = heads(feature).map(this.#open.there);
      return { name: feature.properties.name, at: at[0], others: at };
    });
    const hot = features.filter((f) => f.properties?.heat).sort((a, b) => b.properties.n - a.properties.n);
    const full = hot.filter((f) => f.properties.n * 2 >= hot[0].properties.n).slice(0, MOST_HEATS);
    this.#heats = full.map((feature) => this.#mark('map-heat', feature.properties.n, this.#open.there(middle(feature))));
  }

  /// Names of the grids and places that are seen, unless they are too many to be read.
  #name() {
    const box = this.#map.getBounds();
    const seen = [...this.#heads, ...this.#places].filter(({ at }) => box.contains(at));
    const shown = seen.length > MOST_NAMES ? [] : seen;
    const key = shown.map(({ name, at }) => `${name} ${at}`).join() + (this.#heats.length ? this.#map.getZoom().toFixed(1) : '');
    if (key === this.#named) return;
    this.#named = key;
    this.#names.forEach((marker) => marker.remove());
    this.#names = shown.map(({ name, at, low }) => this.#mark(low ? 'map-label low' : 'map-label', name, at));
    this.#make_room(shown);
  }

  /// A name does not stand on a figure, where its grid has another place for it.
  #make_room(shown) {
    const box = (marker) => marker.getElement().getBoundingClientRect();
    const taken = this.#heats.map(box);
    if (!taken.length) return;
    this.#names.forEach((marker, i) => {
      const { at, others = [] } = shown[i];
      const free = others.find((place) => !taken.some((figure) => meet(box(marker.setLngLat(place)), figure)));
      if (!free) marker.setLngLat(at);
    });
  }

  /// Asks anew for the part that is looked at, once the map rests there; the last answer wins. When it fails, what is
  /// drawn stays.
  #follow() {
    let [asked, later] = [0, 0];
    const ask = async () => {
      const mine = ++asked;
      if (!this.#map) return;
      const seen = this.#map.getBounds();
      const corners = [seen.getSouthWest(), seen.getNorthEast()].map(this.#open.here);
      const url = new URL(this.dataset.box, location.href);
      url.searchParams.set('box', corners.flat().map((n) => n.toFixed(6)).join(','));
      const answer = await fetch(url, { headers: { accept: 'application/json' } }).catch(() => null);
      if (!answer?.ok) return;
      const found = (await answer.json()).features;
      if (mine !== asked || !this.#frame?.isConnected) return;
      // Who goes through single matters goes through those of the place, wherever the map is.
      if (!this.#matters.some((f) => f.properties.url)) this.#keep(found);
      this.#open.put('matters', found);
      this.#frame.setAttribute('data-followed', asked); // tests wait for this
    };
    this.#map.on('moveend', () => {
      clearTimeout(later);
      later = setTimeout(ask, RESTS);
    });
  }

  /// n and p go from matter to matter, Enter opens the one that is marked.
  #walk() {
    const map = this.#map;
    let [now, ring] = [-1, null];
    const words = ({ number, name, open }) => {
      const row = number && [...document.querySelectorAll('a.row')].find((a) => a.pathname.endsWith(`/${number}`));
      return row?.innerText.replace(/\s*\n\s*/g, ' · ') ?? [number, name, open].filter(Boolean).join(' · ');
    };
    map.getCanvas().addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const all = this.#matters;
      if (all.length && (event.key === 'n' || event.key === 'p')) {
        event.preventDefault();
        now = (now + (event.key === 'n' ? 1 : -1) + all.length) % all.length;
        const at = this.#open.there(all[now].geometry.coordinates);
        ring?.remove();
        ring = this.#mark('map-pin', '', at);
        if (!map.getBounds().contains(at)) map.jumpTo({ center: at });
        this.#say(`${now + 1}/${all.length} ${words(all[now].properties)}`);
      } else if (event.key === 'Enter' && all[now]) {
        event.preventDefault();
        if (all[now].properties.url) this.#go(all[now].properties.url);
        else this.#nearer(this.#open.there(all[now].geometry.coordinates));
      }
    });
  }

  #clear() {
    this.#map?.remove();
    this.#map = null;
    this.#frame?.remove();
    this.#said?.remove();
  }

  #give_up() {
    if (!this.#frame) return;
    this.#clear();
    this.#frame = null;
    if (!this.dataset.empty) return;
    const said = document.createElement('p');
    said.className = 'muted';
    said.textContent = this.dataset.empty;
    this.prepend(said);
  }
}

customElements.define('grid-map', GridMap);
