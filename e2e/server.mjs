// A server with the demo in it, for each file of stories one of its own.
//
// What must stay true: no story sees what another file wrote; whatever was made is taken away. The district is invented once
// in a run (`run.mjs`), by the program that is tested, and each server begins with a copy of it: the same accounts, the same
// two weeks, a folder and a database that nobody else has. A file that is run alone invents its own.
//
// Settings: XIEZHI_E2E_DATABASE_URL (a PostgreSQL server; each demo gets a database there), XIEZHI_E2E_BASE (/p/app), XIEZHI_BIN.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TARGET = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../target', import.meta.url));
export const BIN = process.env.XIEZHI_BIN ?? join(TARGET, 'debug', 'xiezhi');
export const BASE = process.env.XIEZHI_E2E_BASE ?? '';
/** The folder of a run of all stories, where they find what is made once; nothing when a file is run alone. */
export const RUN = process.env.XIEZHI_E2E_RUN;
const DATABASE = process.env.XIEZHI_E2E_DATABASE_URL;
/** The other engine repeats the stories, not every mode of every page. */
export const THOROUGH = !DATABASE;

const START_MS = 120_000;
const PEOPLE = ['--people', '60']; // each costs a moment of the start
const FIRST = RUN && join(RUN, 'demo');

const sql = (text) => run('psql', ['-q', '-X', DATABASE, '-c', text]);

/** A folder and, on PostgreSQL, a database for one demo: empty, or a copy of another one that is at rest. */
async function room(copied) {
  const data = await mkdtemp(join(RUN ?? tmpdir(), 'xiezhi-e2e-'));
  const made = { data, args: ['--data', data] };
  if (copied) await cp(copied.data, data, { recursive: true });
  if (DATABASE) {
    made.database = `e2e_${randomBytes(6).toString('hex')}`;
    await sql(`create database ${made.database}${copied ? ` template ${copied.database}` : ''}`);
    const url = new URL(DATABASE);
    url.pathname = `/${made.database}`;
    made.args.push('--database-url', url.toString());
  }
  return made;
}

async function clear({ data, database }) {
  if (database) await sql(`drop database ${database} with (force)`);
  await rm(data, { recursive: true, force: true });
}

/** Its pages and its accounts. */
function speaks(server) {
  server.url = (path) => `${server.origin}${BASE}${path}`;
  server.account = (role) => {
    const found = server.accounts.find((a) => a.role === role);
    assert.ok(found, `the demo has no account for ${role}`);
    return found;
  };
  return server;
}

/** A node above the demo. */
function level(address) {
  return speaks({ origin: new URL(address).origin, accounts: [] });
}

/** Starts the demo in its room, which goes again when that fails; gives its address, its accounts and the way to end it. */
async function start(made, extra) {
  const child = spawn(BIN, ['demo', '--listen', '127.0.0.1:0', ...made.args, ...extra], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk) => { complaint = (complaint + chunk).slice(-4000); });
  const server = { origin: '', accounts: [], levels: {} };
  const ready = new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error(`the server is not ready: ${complaint}`)), START_MS);
    child.on('exit', (code) => { clearTimeout(late); fail(new Error(`the server ended (${code}): ${complaint}`)); });
    child.on('error', fail);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [word, a, b, c] = line.split(' ');
      if (word === 'listening') server.origin = new URL(a).origin;
      if (word === 'account') server.accounts.push({ role: a, name: b, password: c });
      if (word === 'level') server.levels[a] = level(b);
      if (word === 'level-account') server.levels[a].accounts.push({ role: b, name: c, password: line.split(' ')[4] });
      if (word === 'MQTT') server.mqtt = a;
      if (word === 'API') { clearTimeout(late); server.key = { body: b, key: c }; done(); } // its last line
    });
  });
  server.end = async () => {
    child.removeAllListeners('exit');
    const gone = new Promise((done) => { child.once('exit', done); });
    child.kill('SIGTERM');
    await Promise.race([gone, new Promise((late) => { setTimeout(late, 5000).unref(); })]);
    child.kill('SIGKILL');
  };
  try {
    await ready;
  } catch (error) {
    child.kill('SIGKILL');
    await clear(made);
    throw error;
  }
  return server;
}

/** Invents the district that the servers of this run copy; gives the way to take it away. */
export async function invent() {
  const made = await room();
  const server = await start(made, PEOPLE);
  await server.end();
  await writeFile(FIRST, JSON.stringify(made));
  return () => clear(made);
}

/** Starts a server with the demo (`extra`: more arguments); gives its address, its accounts and a way to stop it. */
export async function startServer(extra = []) {
  const made = await room(FIRST && JSON.parse(await readFile(FIRST, 'utf8')));
  // The same object, not a copy: lines that come after the last expected one (MQTT) are still put there.
  const server = await start(made, [...PEOPLE, ...(BASE ? ['--base-path', BASE] : []), ...extra]);
  server.data = made.data;
  speaks(server);
  server.stop = async () => {
    await server.end();
    await clear(made);
  };
  return server;
}

/** Runs the program itself; gives its exit code. */
export async function xiezhi(...args) {
  try {
    await run(BIN, args);
    return 0;
  } catch (error) {
    if (typeof error.code !== 'number') throw error;
    return error.code;
  }
}
