// Runs stories: `npm test` all of them, `npm test law.test.mjs` some. What they share is made first, in a folder of this run,
// and gone when they end: the district of the demo, and the list of what was checked already.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HERE = import.meta.dirname;
const folder = await mkdtemp(join(tmpdir(), 'xiezhi-stories-'));
process.env.XIEZHI_E2E_RUN = folder;
const { invent } = await import('./server.mjs');

// Whoever stops us stops the stories, and we clear away when they have ended.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stories?.kill(signal));

let stories;
let forget;
try {
  forget = await invent();
  const wanted = process.argv.slice(2);
  const files = wanted.length ? wanted : (await readdir(HERE)).filter((name) => name.endsWith('.test.mjs')).sort();
  stories = spawn(process.execPath, ['--test', '--test-concurrency=2', '--test-reporter=spec', ...files], { cwd: HERE, stdio: 'inherit' });
  process.exitCode = await new Promise((ended) => { stories.on('exit', (code) => ended(code ?? 1)); });
} finally {
  await forget?.();
  await rm(folder, { recursive: true, force: true });
}
