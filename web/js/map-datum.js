// The datums of Chinese maps in the browser: what we hold is WGS 84; what lies beneath a map may be drawn in GCJ-02 (高德)
// or BD-09 (百度), and our layers are moved to lie rightly on it, and what is drawn is moved back. CGCS2000 (天地图) is
// WGS 84 to within a metre.
// Must stay true: the formulas are those of `calc::geo::datum` (which says how exact they are), digit by digit; a story
// compares the two. Nothing here touches a page.

const BOX = { south: 0.8293, north: 55.8271, west: 72.004, east: 137.8347 };
const ROUNDS = 8;
const { PI, sin, cos, sqrt, abs, hypot, atan2 } = Math;
const degrees = (r) => (r * 180) / PI;

const inside = ([lon, lat]) => lat >= BOX.south && lat <= BOX.north && lon >= BOX.west && lon <= BOX.east;

function gcj([lon, lat]) {
  const A = 6378245.0;
  const EE = 0.006693421622965943;
  const [x, y] = [lon - 105, lat - 35];
  const waves = (v, all) => all.reduce((sum, [high, long]) => sum + high * sin((v * PI) / long), 0);
  const both = 20 * sin(6 * x * PI) + 20 * sin(2 * x * PI);
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    + ((both + waves(y, [[20, 1], [40, 3], [160, 12], [320, 30]])) * 2) / 3;
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    + ((both + waves(x, [[20, 1], [40, 3], [150, 12], [300, 30]])) * 2) / 3;
  const phi = (lat * PI) / 180;
  const bend = 1 - EE * sin(phi) ** 2;
  const meridian = (A * (1 - EE)) / (bend * sqrt(bend));
  const parallel = (A / sqrt(bend)) * cos(phi);
  return [lon + degrees(east / parallel), lat + degrees(north / meridian)];
}

function bd([lon, lat]) {
  const WAVE = (PI * 3000) / 180;
  const far = hypot(lon, lat) + 0.00002 * sin(lat * WAVE);
  const angle = atan2(lat, lon) + 0.000003 * cos(lon * WAVE);
  return [far * cos(angle) + 0.0065, far * sin(angle) + 0.006];
}

function back(forward, at) {
  let guess = at;
  for (let round = 0; round < ROUNDS; round += 1) {
    const moved = forward(guess);
    guess = [guess[0] + at[0] - moved[0], guess[1] + at[1] - moved[1]];
  }
  return guess;
}

const THERE = { gcj02: gcj, bd09: (at) => bd(gcj(at)) };
const BACK = { gcj02: (at) => back(gcj, at), bd09: (at) => back(gcj, back(bd, at)) };

/// A place of ours, [lon, lat], as a datum has it.
export function to(datum, at) {
  return THERE[datum] && inside(at) ? THERE[datum](at) : at;
}

/// A place in a datum as we have it.
export function from(datum, at) {
  return BACK[datum] && inside(at) ? BACK[datum](at) : at;
}

/// The coordinates of a GeoJSON geometry, however nested, each moved.
export function moved(coordinates, move) {
  return typeof coordinates?.[0] === 'number' ? move(coordinates) : (coordinates ?? []).map((c) => moved(c, move));
}
