// Finds services in the directory: node find.mjs [word]. Everybody may, with a key or without.

const NODE = process.env.XIEZHI ?? 'http://127.0.0.1:8080';

const word = process.argv[2] ?? '食堂';
const answer = await fetch(`${NODE}/services?${new URLSearchParams({ q: word })}`, { headers: { accept: 'application/json' } });
if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
const { items } = await answer.json();
for (const service of items.slice(0, 5)) console.log(service.name);
