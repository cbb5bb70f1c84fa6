// Copies the browser files that Xiezhi serves out of node_modules into web/vendor/: `npm ci --ignore-scripts && npm run
// vendor`. Map and worker keep their names and stay side by side, for the one looks for the other beside itself.
// A file that a package no longer has is an error, not an empty map later.

import { copyFile, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUT = join(HERE, 'vendor');
// echarts and htmx are pinned in package.json and join this list with the first page that uses them.
const FILES = [
  'maplibre-gl/dist/maplibre-gl.mjs',
  'maplibre-gl/dist/maplibre-gl-worker.mjs',
  'maplibre-gl/dist/maplibre-gl.css',
];
// Nothing in these files may ask for a module that is not copied.
const BARE_IMPORT = /\b(?:from|import)\s*["'](?![./])[^"']+["']/;

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
for (const file of FILES) {
  const from = join(HERE, 'node_modules', file);
  const to = join(OUT, basename(file));
  await copyFile(from, to);
  if (file.endsWith('.mjs') && BARE_IMPORT.test(await readFile(to, 'utf8'))) {
    console.warn(`${file}: may import a module by its bare name`);
  }
  console.log(`${basename(file)} ${(await stat(to)).size}`);
}
