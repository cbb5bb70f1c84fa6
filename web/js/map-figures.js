// Figures in the circles of a map, as pictures: letters of MapLibre would need a glyph server, and elements above the map
// would be laid out anew with each move.

import { token } from './map-base.js';

export const SHARP = 2; // pixels of a picture for each of the page

/// Draws numbers as pictures for the middle of their circles. One canvas for all, and not on the graphics card: reading
/// back from there waits for everything that is drawn.
export function figures() {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const size = Number.parseFloat(getComputedStyle(document.body).fontSize) * 0.875 * SHARP;
  const look = { font: `600 ${size}px ${token('--face')}`, fillStyle: token('--on-jade'), textAlign: 'center', textBaseline: 'middle' };
  return (text) => {
    pen.font = look.font;
    const [width, height] = [Math.ceil(pen.measureText(text).width) + 2, Math.ceil(size * 1.2)];
    Object.assign(pen.canvas, { width, height });
    Object.assign(pen, look).fillText(text, width / 2, height / 2);
    return pen.getImageData(0, 0, width, height);
  };
}

/// How a number is told in a circle: from a hundred on in tens, from a thousand on in hundreds. The list has it exactly.
export function told(n) {
  const down = (by) => ['concat', ['to-string', ['*', by, ['floor', ['/', n, by]]]], '+'];
  return ['step', n, ['to-string', n], 100, down(10), 1000, down(100)];
}
