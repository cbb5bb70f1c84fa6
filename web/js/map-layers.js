// What <grid-map> draws of a place: its grids or the squares of a heat map, its matters, one by one or as circles.
// Must stay true: what is late is larger besides being red, for colour never speaks alone; colours come from tokens.css.

import { token } from './map-base.js';
import { told } from './map-figures.js';

const CLOSE = 50; // px within which points are one circle
const APART = 16; // from this zoom on each stands alone
const STEPS = [1, 2, 3, 4, 5]; // of a heat map

export const isArea = ({ geometry }) => geometry?.type === 'Polygon';
const collection = (features) => ({ type: 'FeatureCollection', features });

export function sources(features) {
  return {
    areas: { type: 'geojson', maxzoom: 14, data: collection(features.filter(isArea)) },
    matters: {
      type: 'geojson', data: collection(features.filter((f) => !isArea(f))),
      cluster: true, clusterRadius: CLOSE, clusterMaxZoom: APART - 1,
      clusterProperties: {
        sum: ['+', ['coalesce', ['get', 'open'], 1]],
        late: ['+', ['case', ['==', ['get', 'tone'], 'vermilion'], 1, 0]],
      },
    },
  };
}

/// What is drawn. Without a graphics card broad edges cost half of each picture: there they are as fine as can be.
export function layers(slow) {
  const tones = ['vermilion', 'amber', 'blue', 'soft'].flatMap((name) => [name, token(`--${name}`)]);
  const heats = STEPS.flatMap((step) => [step, token(`--heat-${step}`)]);
  const grids = ['!', ['has', 'heat']];
  return [
    {
      id: 'grids', type: 'fill', source: 'areas', filter: grids,
      paint: { 'fill-color': token('--jade-wash'), 'fill-opacity': 0.7, 'fill-antialias': slow, 'fill-outline-color': token('--jade') },
    },
    {
      id: 'heat', type: 'fill', source: 'areas', filter: ['has', 'heat'],
      paint: { 'fill-color': ['match', ['get', 'heat'], ...heats, token('--heat-1')], 'fill-opacity': 0.85 },
    },
    ...(slow ? [] : [{ id: 'edges', type: 'line', source: 'areas', filter: grids, paint: { 'line-color': token('--jade'), 'line-width': 1.5 } }]),
    {
      id: 'matters', type: 'circle', source: 'matters',
      // An overdue one is larger too: colour never speaks alone.
      paint: {
        // Of several: most late, some late, none.
        'circle-color': ['case', ['has', 'late'],
          ['case', ['>=', ['*', 2, ['get', 'late']], ['get', 'sum']], token('--vermilion'), ['>', ['get', 'late'], 0], token('--amber'), token('--jade')],
          ['match', ['get', 'tone'], ...tones, token('--jade')]],
        // Several at one place: the circle grows with them, and has room for their number.
        'circle-radius': ['case', ['any', ['has', 'sum'], ['has', 'open']],
          ['min', 28, ['+', 9, ['*', 2.5, ['ln', ['coalesce', ['get', 'sum'], ['get', 'open']]]]]],
          ['match', ['get', 'tone'], 'vermilion', 9, 7]],
        'circle-stroke-color': token('--card'), 'circle-stroke-width': 2,
      },
    },
    {
      id: 'counts', type: 'symbol', source: 'matters', filter: ['any', ['has', 'sum'], ['has', 'open']],
      layout: {
        'icon-image': told(['coalesce', ['get', 'sum'], ['get', 'open']]),
        'icon-allow-overlap': true, 'icon-ignore-placement': true, 'symbol-z-order': 'source',
      },
    },
  ];
}
