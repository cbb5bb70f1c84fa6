// upload(endpoint, file, …): brings a file to the server in pieces (tus 1.0.0), over a line that breaks.
// Must stay true: after a cut it asks how far it came and goes on from there; it gives up only when the server says that
// the file will never do, or when whoever asked for it does; a piece is as large as the line carries in a few seconds.
// PATCH goes as POST with X-HTTP-Method-Override, for the proxies that know no PATCH.

const FIRST = 32 << 10;
const [LEAST, LARGEST] = [8 << 10, 1 << 20];
const [QUICK, SLOW] = [1500, 6000]; // ms for a piece
const LONGEST = 60_000; // ms, after which a silent request counts as cut
const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds
const BEGINNINGS = 4;

/// Waits, but not when the network comes back or the caller gives up.
function pause(seconds, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, seconds * 1000);
    const now = () => { clearTimeout(timer); done(); };
    window.addEventListener('online', now, { once: true });
    signal?.addEventListener('abort', now, { once: true });
  });
}

function call(url, method, headers, body, signal) {
  const cut = new AbortController();
  const timer = setTimeout(() => cut.abort(), LONGEST);
  const given = () => cut.abort();
  signal?.addEventListener('abort', given);
  return fetch(url, { method, body, headers: { 'tus-resumable': '1.0.0', ...headers }, credentials: 'same-origin', signal: cut.signal })
    .finally(() => { clearTimeout(timer); signal?.removeEventListener('abort', given); });
}

/// Gives the id under which the whole file can be named. `at` is where an earlier try left off (its address), `began` is
/// told that address, `moved` how many bytes arrived, `cut` whether the line is broken. Throws an Error with `status`
/// when the server refuses the file, an AbortError when `signal` ends it, and what went wrong last after so many `tries`
/// in a row.
export async function upload(endpoint, file, { at = null, began, moved, cut, signal, tries = Infinity } = {}) {
  let [where, offset, size, failures, beginnings] = [at, null, FIRST, 0, 0];
  for (;;) {
    signal?.throwIfAborted();
    try {
      let answer;
      if (!where) {
        answer = await call(endpoint, 'POST', { 'upload-length': String(file.size) }, null, signal);
        if (answer.ok) {
          where = new URL(answer.headers.get('location'), location.href).href;
          offset = 0;
          await began?.(where);
        }
      } else if (offset === null) {
        answer = await call(where, 'HEAD', {}, null, signal);
        if (answer.ok) offset = Number(answer.headers.get('upload-offset'));
      } else {
        const from = performance.now();
        const headers = { 'x-http-method-override': 'PATCH', 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) };
        answer = await call(where, 'POST', headers, file.slice(offset, offset + size), signal);
        if (answer.ok) offset = Number(answer.headers.get('upload-offset'));
        const took = performance.now() - from;
        if (took < QUICK) size = Math.min(size * 2, LARGEST);
        else if (took > SLOW) size = Math.max(size >> 1, LEAST);
      }
      if (answer.ok) {
        failures = 0;
        cut?.(false);
        moved?.(offset);
        if (offset >= file.size) return where.split('/').pop();
      } else if (where && (answer.status === 404 || answer.status === 410) && (beginnings += 1) < BEGINNINGS) {
        [where, offset] = [null, null];
      } else if (answer.status === 409) {
        offset = null;
      } else if (answer.status !== 429 && answer.status < 500) {
        const [code, ...said] = (await answer.text()).split(': ');
        throw Object.assign(new Error(said.join(': ')), { status: answer.status, code });
      } else {
        throw new TypeError(`busy ${answer.status}`);
      }
    } catch (error) {
      failures += 1;
      if (error.status || failures >= tries) throw error;
      signal?.throwIfAborted();
      // What is gone since is asked of the server; a smaller piece may pass where a large one did not.
      offset = null;
      size = Math.max(size >> 1, LEAST);
      cut?.(true);
      await pause(PAUSES[Math.min(failures, PAUSES.length) - 1], signal);
    }
  }
}
