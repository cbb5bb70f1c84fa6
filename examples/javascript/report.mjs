// Files a report and follows it. Needs a key with the purpose `reports`.

import { randomUUID } from 'node:crypto';

const NODE = process.env.XIEZHI ?? 'http://127.0.0.1:8080';

/** One call with the key: POST with a body, GET without. */
async function call(path, body, headers = {}) {
  const answer = await fetch(NODE + path, {
    method: body ? 'POST' : 'GET',
    headers: {
      authorization: `Bearer ${process.env.XIEZHI_KEY}`, accept: 'application/json', 'content-type': 'application/json', ...headers,
    },
    body: body && JSON.stringify(body),
  });
  // {code, message, field?}: the code is stable, the message is for people.
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
}

// The same Idempotency-Key again gives the same answer: after a broken line nothing is reported twice.
const made = await call('/reports', { text: '三号楼门口的路灯不亮' }, { 'idempotency-key': randomUUID() });
console.log('number', made.number);
const matter = await call(`/reports/${made.number}?code=${made.code}`);
console.log('state', matter.state);
