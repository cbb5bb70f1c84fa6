// Changing the outlines of grids, without a page or a map: what <grid-draw> does when somebody moves, adds or takes away a
// corner, splits a grid or lays a new one.
// Must stay true: a corner that several grids share is one corner for all that is done to it, so an edit opens no gap and
// makes no overlap between neighbours; no grid has fewer than three corners; nothing is changed in place (undo keeps what
// was). A grid is { code, name, ring }, its ring open and of [lon, lat] in degrees.

const STEPS = 1e7; // the server keeps steps of 1e-7 degrees
const LEAST = 3;

const round = (n) => Math.round(n * STEPS) / STEPS;
export const place = ([lon, lat]) => [round(lon), round(lat)];
export const same = (a, b) => Math.abs(a[0] - b[0]) < 0.5 / STEPS && Math.abs(a[1] - b[1]) < 0.5 / STEPS;
const at = (ring, i) => ring[(i + ring.length) % ring.length];

/// The grids of a GeoJSON text; throws when it is none.
export function read(text) {
  const { features } = JSON.parse(text);
  return features.filter((f) => f.geometry?.type === 'Polygon').map(({ geometry, properties }) => {
    const ring = geometry.coordinates[0].map(place);
    if (ring.length > 1 && same(ring[0], ring.at(-1))) ring.pop();
    return { code: String(properties?.code ?? ''), name: String(properties?.name ?? ''), ring };
  });
}

const feature = ({ code, name, ring }) => ({
  type: 'Feature', properties: { code, name }, geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]]] },
});

/// Grids as GeoJSON features.
export const features = (grids) => grids.filter((g) => g.ring.length >= LEAST).map(feature);

/// Grids as a GeoJSON text.
export const write = (grids) => JSON.stringify({ type: 'FeatureCollection', features: features(grids) });

/// A corner, wherever it is part of an outline, goes elsewhere. When it lands on a neighbour in the same ring it is one with it.
export function move(grids, from, to) {
  const there = place(to);
  return grids.map((g) => {
    if (!g.ring.some((p) => same(p, from))) return g;
    const ring = g.ring.map((p) => (same(p, from) ? there : p));
    const once = ring.filter((p, i) => !same(p, at(ring, i + 1)));
    return { ...g, ring: once.length >= LEAST ? once : g.ring };
  });
}

/// A new corner in the middle of the edge after corner `i`, in every grid that has this edge.
export function add(grids, index, i) {
  const { ring } = grids[index];
  const [a, b] = [ring[i], at(ring, i + 1)];
  const middle = place([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
  return grids.map((g) => ({
    ...g,
    ring: g.ring.flatMap((p, k) => {
      const next = at(g.ring, k + 1);
      const edge = (same(p, a) && same(next, b)) || (same(p, b) && same(next, a));
      return edge ? [p, middle] : [p];
    }),
  }));
}

/// Takes a corner out of every outline; null when a grid would be left with too few.
export function remove(grids, corner) {
  const left = grids.map((g) => ({ ...g, ring: g.ring.filter((p) => !same(p, corner)) }));
  const fine = left.every((g, i) => g.ring.length >= LEAST || g.ring.length === grids[i].ring.length);
  return fine ? left : null;
}

/// A grid becomes two along the line between two of its corners; null when they are neighbours.
export function split(grids, index, a, b, code, name) {
  const { ring } = grids[index];
  const [from, to] = [Math.min(a, b), Math.max(a, b)];
  const [one, two] = [ring.slice(from, to + 1), [...ring.slice(to), ...ring.slice(0, from + 1)]];
  if (one.length < LEAST || two.length < LEAST) return null;
  return [...grids.slice(0, index), { ...grids[index], ring: one }, ...grids.slice(index + 1), { code, name, ring: two }];
}

/// The next free code of a community: three more digits.
export function nextCode(grids, community) {
  const taken = new Set(grids.map((g) => g.code));
  for (let n = 1; ; n += 1) {
    const code = `${community}${String(n).padStart(3, '0')}`;
    if (!taken.has(code)) return code;
  }
}

/// The corner of any grid that is nearest to a place, within `reach` as `far` measures it; else null. `except` is left out.
export function snap(grids, to, except, far, reach) {
  let [best, least] = [null, reach];
  for (const p of grids.flatMap((g) => g.ring)) {
    if (except && same(p, except)) continue;
    const distance = far(p, to);
    if (distance < least) [best, least] = [p, distance];
  }
  return best;
}
