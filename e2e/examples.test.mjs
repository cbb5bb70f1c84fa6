// Examples for programs: each of them runs against a demo with the key that the demo prints, and does what it says.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startServer } from './server.mjs';

const run = promisify(execFile);
const EXAMPLES = fileURLToPath(new URL('../examples', import.meta.url));
const LINES = 60;
const LANGUAGES = [['shell', 'sh', 'sh'], ['python', 'python3', 'py'], ['javascript', process.execPath, 'mjs']];
let server;

before(async () => { server = await startServer(['--clock', 'manual']); });
after(() => server?.stop());

/** What an example prints, by the first word of each line; on any error it fails. */
async function said(command, ...args) {
  const env = { ...process.env, XIEZHI: server.url(''), XIEZHI_KEY: server.key.key, XIEZHI_BODY: server.key.body };
  const { stdout } = await run(command, args, { env, timeout: 60_000 });
  return stdout.trim().split('\n');
}

const has = (command) => run(command, ['--version']).then(() => true, (error) => error.code !== 'ENOENT');
const value = (lines, word) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);

test('the demo prints a key, and says in each answer that it is a sandbox', async () => {
  assert.match(server.key.key, /^xz_[0-9A-Z]{32}$/);
  const answer = await fetch(server.url('/services'), { headers: { accept: 'application/json', authorization: `Bearer ${server.key.key}` } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-xiezhi-sandbox'), 'invented data');
});

for (const [folder, command, extension] of LANGUAGES) {
  test(`examples in ${folder}`, { timeout: 180_000 }, async (t) => {
    const missing = [];
    for (const needed of folder === 'shell' ? ['sh', 'curl'] : [command]) if (!(await has(needed))) missing.push(needed);
    if (missing.length) {
      console.error(`SKIPPED: examples in ${folder}: ${missing.join(', ')} is not installed`);
      t.skip(`${missing.join(', ')} is not installed`);
      return;
    }
    const file = (name) => join(EXAMPLES, folder, `${name}.${extension}`);
    for (const name of ['find', 'report', 'publish']) {
      const lines = (await readFile(file(name), 'utf8')).split('\n').length;
      assert.ok(lines <= LINES, `${name}.${extension} has ${lines} lines`);
    }
    const found = await said(command, file('find'), '食堂');
    assert.ok(found.some((line) => line.includes('食堂')), found.join('\n'));
    const followed = await said(command, file('report'));
    assert.match(value(followed, 'number') ?? '', /^\d{6}-\d{4,}$/, followed.join('\n'));
    assert.equal(value(followed, 'state'), 'received');
    const published = await said(command, file('publish'));
    assert.match(value(published, 'service') ?? '', /^[0-9a-f-]{36}$/, published.join('\n'));
    assert.equal(value(published, 'left'), '17');
  });
}
