// Publishes a service of the own organisation and says how many places are left. Needs a key with the purpose
// `directory-write`, and the id of the organisation in XIEZHI_BODY.

const NODE = process.env.XIEZHI ?? 'http://127.0.0.1:8080';
const SERVICE = {
  body: process.env.XIEZHI_BODY, name: '周末义务理发', about: '六十岁以上优先', hours: '周六 9:00-11:00', unit: '人', maximum: 20,
};

/** Writes something with the key. */
async function call(path, body) {
  const answer = await fetch(NODE + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${process.env.XIEZHI_KEY}`, accept: 'application/json', 'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  // {code, message, field?}: the code is stable, the message is for people.
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
}

const made = await call('/services', { ...SERVICE, available: 20 });
console.log('service', made.id);
// A service is written as a whole: the same fields, with what has changed.
const changed = await call(`/services/${made.id}`, { ...SERVICE, available: 17 });
console.log('left', changed.capacity.available);
