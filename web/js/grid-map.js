// <grid-map data-src data-label data-empty [data-hint] [data-box] [data-lat data-lon] [data-pick data-done]>: draws the
// grids of a community and its open matters from our own GeoJSON, without any tiles, when it comes near the screen. With
// data-box it asks that address for the matters of each part of the map that is looked at. With data-pick
// a press on it puts the place into the fields lat and lon of its form (degrees, seven decimals) and says data-done.
// Only this module knows MapLibre.
// Must stay true: what the element holds (the list) stays below the map and says the same; the map is one picture to
// a screen reader and no stop for the keyboard, but a picker is moved with the arrows and takes its middle with Enter;
// whatever fails, the map goes and data-empty is shown instead; MapLibre's map and worker lie side by side in ../vendor/
// under their own names. Colours come from tokens.css.

const PATIENCE = 15_000; // until the first full drawing
const EDGE = 32; // px between what is drawn and the frame
const MOST_COUNTS = 80; // figures that can be read on one map

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/// All pairs of numbers in nested coordinates.
function pairs(coordinates) {
  return typeof coordinates?.[0] === 'number' ? [coordinates] : (coordinates ?? []).flatMap(pairs);
}

/// West-south and east-north of all features, or null when there is nothing to draw.
function bounds(features) {
  const all = features.flatMap(({ geometry }) => pairs(geometry?.coordinates));
  if (all.length === 0) return null;
  const [lon, lat] = [all.map((p) => p[0]), all.map((p) => p[1])];
  return [[Math.min(...lon), Math.min(...lat)], [Math.max(...lon), Math.max(...lat)]];
}

/// Where the name of a grid stands: in its upper part, for the matters gather in the middle.
function head(feature) {
  const [[west, south], [east, north]] = bounds([feature]);
  return [(west + east) / 2, north - (north - south) * 0.2];
}

function style(data) {
  const tones = ['vermilion', 'amber', 'blue'].flatMap((name) => [name, token(`--${name}`)]);
  const tone = ['match', ['get', 'tone'], ...tones, token('--jade')];
  const outlines = ['==', ['geometry-type'], 'Polygon'];
  return {
    version: 8,
    sources: { places: { type: 'geojson', data } },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': token('--paper') } },
      { id: 'grids', type: 'fill', source: 'places', filter: outlines, paint: { 'fill-color': token('--jade-wash') } },
      { id: 'edges', type: 'line', source: 'places', filter: outlines, paint: { 'line-color': token('--jade'), 'line-width': 1.5 } },
      {
        id: 'matters', type: 'circle', source: 'places', filter: ['==', ['geometry-type'], 'Point'],
        // An overdue one is larger too: colour never speaks alone.
        paint: {
          'circle-color': tone,
          // Several at one place: the area of the circle grows with them.
          'circle-radius': ['case', ['has', 'open'], ['min', 40, ['+', 8, ['sqrt', ['get', 'open']]]],
            ['match', ['get', 'tone'], 'vermilion', 9, 7]],
          'circle-stroke-color': token('--card'), 'circle-stroke-width': 2,
        },
      },
    ],
  };
}

/// A style sheet beside ours, once a page; resolved when it is there.
function sheet(path) {
  const { href } = new URL(path, import.meta.url);
  if ([...document.styleSheets].some((s) => s.href === href)) return Promise.resolve();
  return new Promise((done, fail) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = href;
    link.onload = done;
    link.onerror = fail;
    // Before our own, which may then say otherwise.
    document.head.prepend(link);
  });
}

class GridMap extends HTMLElement {
  #near = null;
  #frame = null;
  #map = null;
  #waiting = null;
  #pin = null;
  #said = null;
  #counts = [];

  connectedCallback() {
    if (this.#frame || !this.dataset.src) return;
    this.#frame = document.createElement('div');
    this.#frame.className = 'map';
    if (!this.#picks) {
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

  async #draw() {
    if (!document.createElement('canvas').getContext('webgl2')) throw new Error('no WebGL2');
    const answer = await fetch(this.dataset.src, { headers: { accept: 'application/json' } });
    if (!answer.ok) throw new Error(`the map's places: ${answer.status}`);
    const data = await answer.json();
    const start = this.#start();
    const whole = bounds(data.features) ?? (start && [start, start]);
    if (!whole) throw new Error('nothing to draw');
    const [{ Map, Marker }] = await Promise.all([
      import('../vendor/maplibre-gl.mjs'), sheet('../vendor/maplibre-gl.css'), sheet('../css/map.css'),
    ]);
    if (!this.isConnected) return;

    const hint = this.dataset.hint ?? '';
    const map = new Map({
      container: this.#frame,
      style: style(data),
      bounds: whole,
      fitBoundsOptions: { padding: EDGE, maxZoom: 17 },
      attributionControl: false,
      cooperativeGestures: true,
      keyboard: this.#picks,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: still() ? 0 : 150,
      locale: {
        'CooperativeGesturesHandler.WindowsHelpText': hint,
        'CooperativeGesturesHandler.MacHelpText': hint,
        'CooperativeGesturesHandler.MobileHelpText': hint,
      },
    });
    this.#map = map;
    this.#waiting = setTimeout(() => this.#give_up(), PATIENCE);
    map.on('error', () => this.#give_up());
    map.once('idle', () => {
      clearTimeout(this.#waiting);
      this.#frame?.setAttribute('data-drawn', ''); // tests wait for this
    });
    map.touchZoomRotate.disableRotation();
    // The list below serves the keyboard; a picture holds nothing to stop at.
    if (!this.#picks) for (const name of ['tabindex', 'role', 'aria-label']) map.getCanvas().removeAttribute(name);
    if (!hint) this.querySelector('.maplibregl-cooperative-gesture-screen')?.remove();

    this.#label(map, Marker, data.features);
    if (this.#picks) return this.#pick(map, Marker, start);
    this.#count(map, Marker, data.features);
    if (this.dataset.box) this.#follow(map, Marker, data.features);
    map.on('click', 'matters', ({ features: [matter] }) => {
      if (!matter.properties.url) return map.easeTo({ center: matter.geometry.coordinates, zoom: map.getZoom() + 2 });
      const url = new URL(matter.properties.url, location.href);
      if (url.origin === location.origin) location.assign(url);
    });
    map.on('mouseenter', 'matters', () => { map.getCanvas().style.cursor = 'pointer'; });
    map.on('mouseleave', 'matters', () => { map.getCanvas().style.cursor = ''; });
  }

  // Elements rather than a symbol layer: letters and figures in it would need a glyph server.
  #label(map, Marker, features) {
    for (const feature of features) {
      if (feature.geometry?.type !== 'Polygon' || !feature.properties?.name) continue;
      const element = document.createElement('span');
      element.className = 'map-label';
      element.textContent = feature.properties.name;
      new Marker({ element }).setLngLat(head(feature)).addTo(map);
      for (const name of ['tabindex', 'role', 'aria-label']) element.removeAttribute(name);
    }
  }

  /// How many there are at a place, where they are shown together.
  #count(map, Marker, features) {
    this.#counts.forEach((marker) => marker.remove());
    const many = features.filter(({ properties }) => properties?.open && !properties.url && properties.tone === undefined);
    const points = many.filter(({ geometry }) => geometry?.type === 'Point');
    const largest = points.sort((a, b) => b.properties.open - a.properties.open).slice(0, MOST_COUNTS);
    this.#counts = largest.map(({ geometry, properties }) => {
      const element = document.createElement('span');
      element.className = 'map-count';
      element.textContent = properties.open;
      const marker = new Marker({ element }).setLngLat(geometry.coordinates).addTo(map);
      for (const name of ['tabindex', 'role', 'aria-label']) element.removeAttribute(name);
      return marker;
    });
  }

  /// Asks anew for the part that is looked at; the last answer wins. When it fails, what is drawn stays.
  #follow(map, Marker, features) {
    const outlines = features.filter(({ geometry }) => geometry?.type === 'Polygon');
    let asked = 0;
    map.on('moveend', async () => {
      const mine = ++asked;
      const box = map.getBounds().toArray().flat().map((n) => n.toFixed(6)).join(',');
      const answer = await fetch(`${this.dataset.box}?box=${box}`, { headers: { accept: 'application/json' } }).catch(() => null);
      if (!answer?.ok) return;
      const found = (await answer.json()).features;
      if (mine !== asked || this.#map !== map) return;
      map.getSource('places').setData({ type: 'FeatureCollection', features: [...outlines, ...found] });
      this.#count(map, Marker, found);
      this.#frame.setAttribute('data-followed', asked); // tests wait for this
    });
  }

  get #picks() {
    return this.dataset.pick !== undefined && this.closest('form') !== null;
  }

  #fields(name) {
    return [...(this.closest('form')?.querySelectorAll(`input[name=${name}]`) ?? [])];
  }

  /// The place that is in the form already, or where the element says to begin; null when neither.
  #start() {
    const value = (name) => this.#fields(name).find((f) => f.value)?.value || this.dataset[name];
    const [lon, lat] = [value('lon'), value('lat')];
    return lon && lat && Number.isFinite(+lon) && Number.isFinite(+lat) ? [+lon, +lat] : null;
  }

  #pick(map, Marker, start) {
    this.#frame.setAttribute('data-pick', '');
    const canvas = map.getCanvas();
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-label', this.dataset.label ?? '');
    this.#said = document.createElement('p');
    this.#said.className = 'muted';
    this.#said.setAttribute('role', 'status');
    this.#frame.after(this.#said);
    const element = document.createElement('span');
    element.className = 'map-pin';
    this.#pin = new Marker({ element });
    const show = (place) => {
      this.#pin.setLngLat(place).addTo(map);
      for (const name of ['tabindex', 'role', 'aria-label']) element.removeAttribute(name);
    };
    const take = ({ lng, lat }) => {
      for (const field of this.#fields('lon')) field.value = lng.toFixed(7);
      for (const field of this.#fields('lat')) field.value = lat.toFixed(7);
      show([lng, lat]);
      this.#said.textContent = this.dataset.done ?? '';
    };
    if (start) show(start);
    map.on('click', ({ lngLat }) => take(lngLat));
    canvas.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') event.preventDefault(), take(map.getCenter());
    });
    // <locate-here> has filled the form.
    this.closest('form').addEventListener('located', () => {
      const place = this.#map && this.#start();
      if (place) show(place), map.jumpTo({ center: place });
    });
  }

  #clear() {
    clearTimeout(this.#waiting);
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
