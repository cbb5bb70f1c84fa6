// A map to draw on: MapLibre in a frame, our own layers above whatever was set up to lie beneath. Only this module knows
// MapLibre's files; <grid-map> and <grid-draw> draw with it.
// Must stay true: without a setting nothing but our own data is asked for. What lies beneath may fail, be slow or be
// missing: it goes, and our layers stay. Its line of whose map it is stands on the map as long as it does. All that
// callers give and get is WGS 84; what MapLibre gets is in the datum of what lies beneath. MapLibre's map and worker lie
// side by side in ../vendor/ under their own names. Colours come from tokens.css.

import { from, moved, to } from './map-datum.js';

export const EDGE = 32; // px between what is drawn and the frame
const PAN = 100; // px that an arrow moves the map
const GROUND_PATIENCE = 5000; // for the answer that says what lies beneath

export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/// All pairs of numbers in nested coordinates.
export function pairs(coordinates) {
  return typeof coordinates?.[0] === 'number' ? [coordinates] : (coordinates ?? []).flatMap(pairs);
}

/// West-south and east-north of all features, or null when there is nothing to draw.
export function bounds(features) {
  let box = null;
  for (const { geometry } of features) {
    for (const [lon, lat] of pairs(geometry?.coordinates)) {
      box ??= [[lon, lat], [lon, lat]];
      box = [[Math.min(box[0][0], lon), Math.min(box[0][1], lat)], [Math.max(box[1][0], lon), Math.max(box[1][1], lat)]];
    }
  }
  return box;
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

/// What lies beneath; nothing when nobody says.
async function askGround(address) {
  if (!address) return { kind: 'none' };
  const answer = await fetch(address, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(GROUND_PATIENCE) }).catch(() => null);
  return answer?.ok ? answer.json() : { kind: 'none' };
}

/// How layers of vector tiles are drawn, by what their names say; the rest as thin lines.
function vectorLayers(names) {
  const fill = (id, color) => ({ type: 'fill', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': token(color) } });
  const line = (id, color, width) => ({ type: 'line', paint: { 'line-color': token(color), 'line-width': width } });
  const look = (id) => {
    if (/water|ocean|river/.test(id)) return fill(id, '--blue-wash');
    if (/land|park|wood|grass|earth/.test(id)) return fill(id, '--plain-wash');
    if (/build/.test(id)) return fill(id, '--line');
    return line(id, '--line', /road|transport|street/.test(id) ? 2 : 1);
  };
  return names.map((id) => ({ id: `ground-${id}`, source: 'ground-0', 'source-layer': id, ...look(id) }));
}

function groundStyle(ground) {
  const common = { minzoom: ground.min_zoom, maxzoom: ground.max_zoom };
  const absolute = (url) => (url.startsWith('/') ? location.origin + url : url);
  if (ground.kind === 'raster') {
    const source = (url) => ({ type: 'raster', tiles: [absolute(url)], tileSize: ground.size, ...common });
    return {
      sources: Object.fromEntries(ground.tiles.map((url, i) => [`ground-${i}`, source(url)])),
      layers: ground.tiles.map((_, i) => ({ id: `ground-${i}`, type: 'raster', source: `ground-${i}` })),
    };
  }
  if (ground.kind === 'vector') {
    return {
      sources: { 'ground-0': { type: 'vector', tiles: ground.tiles.map(absolute), ...common } },
      layers: vectorLayers(ground.layers),
    };
  }
  return { sources: {}, layers: [] };
}

/// Whether the processor draws for want of a graphics card: then each point of the picture is dear.
function isSoftware(gl) {
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  return /swiftshader|llvmpipe|software|basic render/i.test(names ? gl.getParameter(names.UNMASKED_RENDERER_WEBGL) : '');
}

/// Takes away what makes a stop for the keyboard out of something that only is to be seen.
export function mute(element) {
  for (const name of ['tabindex', 'role', 'aria-label']) element.removeAttribute(name);
}

/// Arrows, plus and minus at one stroke, for those who want no motion and for machines that could not draw it in time:
/// MapLibre would glide. Gives a way to switch them on and off.
function keysOf(map, jump) {
  const canvas = map.getCanvas();
  const arrows = { ArrowLeft: [-PAN, 0], ArrowRight: [PAN, 0], ArrowUp: [0, -PAN], ArrowDown: [0, PAN] };
  const zooms = { '+': 1, '=': 1, '-': -1 };
  let on = true;
  map.keyboard.disableRotation();
  if (!jump) return map.keyboard;
  map.keyboard.disable();
  canvas.addEventListener('keydown', (event) => {
    if (!on || event.ctrlKey || event.metaKey || event.altKey || !(arrows[event.key] || zooms[event.key])) return;
    event.preventDefault();
    if (arrows[event.key]) map.panBy(arrows[event.key], { animate: false });
    else map.jumpTo({ zoom: map.getZoom() + zooms[event.key] });
  });
  return { enable: () => { on = true; }, disable: () => { on = false; } };
}

/// Opens a map in a frame. `sources` and `layers` (given whether the processor draws) are ours, `box` what is to be seen; `fail` is called once when it cannot
/// go on, `patience` ms after which that is so. Gives the map, MapLibre's Marker, and the ways between our places and the map's.
export async function openMap(frame, { ground: address, sources, layers, box, hint = '', label, keyboard = false, patience, fail }) {
  const gl = document.createElement('canvas').getContext('webgl2');
  if (!gl) throw new Error('no WebGL2');
  const slow = isSoftware(gl);
  // Few may be open at a time.
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  const [{ Map, Marker }, ground] = await Promise.all([
    import('../vendor/maplibre-gl.mjs'), askGround(address), sheet('../vendor/maplibre-gl.css'), sheet('../css/map.css'),
  ]);
  if (!frame.isConnected) return null;
  const there = (at) => to(ground.datum, at);
  const placed = (data) => (ground.datum ? {
    ...data,
    features: data.features.map((f) => (f.geometry ? { ...f, geometry: { ...f.geometry, coordinates: moved(f.geometry.coordinates, there) } } : f)),
  } : data);
  const beneath = groundStyle(ground);
  const own = Object.fromEntries(Object.entries(sources).map(([id, s]) => [id, { ...s, data: placed(s.data) }]));
  const map = new Map({
    container: frame,
    style: {
      version: 8,
      sources: { ...beneath.sources, ...own },
      layers: [
        { id: 'paper', type: 'background', paint: { 'background-color': token('--paper') } }, ...beneath.layers, ...layers(slow),
      ],
    },
    bounds: box.map(there),
    fitBoundsOptions: { padding: EDGE, maxZoom: 17 },
    attributionControl: false,
    pixelRatio: slow ? 1 : window.devicePixelRatio,
    cooperativeGestures: hint !== '',
    keyboard,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: slow || still() ? 0 : 150,
    locale: {
      'CooperativeGesturesHandler.WindowsHelpText': hint,
      'CooperativeGesturesHandler.MacHelpText': hint,
      'CooperativeGesturesHandler.MobileHelpText': hint,
    },
  });
  map.touchZoomRotate.disableRotation();
  // Gliding on after a hand let go is motion, too.
  if (slow || still()) map.dragPan.enable({ maxSpeed: 0 });
  const canvas = map.getCanvas();
  mute(canvas);
  if (keyboard) {
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-label', label ?? '');
  }
  const keys = keyboard ? keysOf(map, slow || still()) : null;
  let said = null;
  if (ground.kind !== 'none') {
    said = document.createElement('small');
    said.className = 'map-whose';
    said.textContent = ground.attribution;
    frame.append(said);
  }
  const bare = () => {
    for (const { id } of beneath.layers) if (map.getLayer(id)) map.removeLayer(id);
    for (const id of Object.keys(beneath.sources)) if (map.getSource(id)) map.removeSource(id);
    said?.remove();
  };
  // When what lies beneath is what we wait for, it goes; else the map does.
  const waiting = setTimeout(() => {
    const ours = Object.keys(sources).every((id) => map.getSource(id) && map.isSourceLoaded(id));
    if (ours) bare(); else fail();
  }, patience);
  map.on('error', (event) => {
    if (String(event.sourceId ?? '').startsWith('ground-')) return;
    clearTimeout(waiting);
    fail();
  });
  map.once('idle', () => {
    clearTimeout(waiting);
    frame.setAttribute('data-drawn', ''); // tests wait for this
  });
  map.once('remove', () => clearTimeout(waiting));
  return {
    map, Marker, there,
    keys, slow,
    here: ({ lng, lat }) => from(ground.datum, [lng, lat]),
    put: (id, features) => map.getSource(id)?.setData(placed({ type: 'FeatureCollection', features })),
  };
}
