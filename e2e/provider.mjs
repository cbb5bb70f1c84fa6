// Two who vouch for people, for stories: a province that sends people back with a ticket, and a city that speaks OpenID
// Connect with a key of its own. In front of both and of us stands one address that is known before anything is started:
// a web server as a node has it, with us beneath.

import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const html = (answer, body) => {
  answer.setHeader('content-type', 'text/html; charset=utf-8');
  answer.end(`<!doctype html><html lang="zh-CN"><title>统一认证</title><main>${body}</main></html>`);
};
const data = (answer, value) => {
  answer.setHeader('content-type', 'application/json');
  answer.end(JSON.stringify(value));
};
const listen = (server) => new Promise((ready) => { server.listen(0, '127.0.0.1', () => ready(`http://127.0.0.1:${server.address().port}`)); });
const read = async (asked) => {
  let body = '';
  for await (const chunk of asked) body += chunk;
  return new URLSearchParams(body);
};

/** Signs people in there: whoever presses the button is `name`. */
function signedIn(answer, url, name) {
  html(answer, `<h1>在那边登录</h1><a id="go" href="${url.replaceAll('&', '&amp;')}">我是${name}</a>`);
}

/**
 * Starts them. `config`: the settings of the program; `front`: the address people type, once `lead(origin)` said where
 * we are; `person`: who signs in there, `{ subject, level, name, seconds }`; `down`: they answer nothing.
 */
export async function startProviders() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const issued = new Map();
  const state = { person: { subject: 'a-1', level: '3', name: '张阿姨', seconds: 3600 }, down: false, out: 0 };
  let own;
  const provider = createServer(async (asked, answer) => {
    const url = new URL(asked.url, own);
    const to = (address) => signedIn(answer, address, state.person.name);
    if (state.down) return asked.socket.destroy();
    if (url.pathname === '/login') {
      const ticket = randomBytes(8).toString('hex');
      issued.set(ticket, { ...state.person });
      return to(`${url.searchParams.get('goto')}&ticket=${ticket}`);
    }
    if (url.pathname === '/authorize') {
      const code = randomBytes(8).toString('hex');
      issued.set(code, { ...state.person, asked: url.searchParams });
      return to(`${url.searchParams.get('redirect_uri')}?code=${code}&state=${url.searchParams.get('state')}`);
    }
    if (url.pathname === '/logout') {
      state.out += 1;
      return html(answer, '<h1>在那边也退出了</h1>');
    }
    if (url.pathname === '/exchange') {
      const person = issued.get((await read(asked)).get('ticket'));
      issued.clear();
      return data(answer, person ? { code: 0, data: person } : { code: 1 });
    }
    if (url.pathname === '/.well-known/openid-configuration') {
      return data(answer, {
        issuer: own, authorization_endpoint: `${own}/authorize`, token_endpoint: `${own}/token`, jwks_uri: `${own}/keys`,
        end_session_endpoint: `${own}/logout`, response_types_supported: ['code'], subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    }
    if (url.pathname === '/keys') return data(answer, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1', use: 'sig', alg: 'RS256' }] });
    if (url.pathname !== '/token') return answer.writeHead(204).end();
    const form = await read(asked);
    const person = issued.get(form.get('code'));
    const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    if (!person || person.asked.get('code_challenge') !== challenge) {
      answer.statusCode = 400;
      return data(answer, { error: 'invalid_grant' });
    }
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: own, aud: 'us', sub: person.subject, name: person.name, nonce: person.asked.get('nonce'), iat: now, exp: now + 300 };
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ alg: 'RS256', kid: '1', typ: 'JWT' })}.${part(claims)}`;
    return data(answer, { access_token: 'x', token_type: 'Bearer', id_token: `${text}.${createSign('sha256').update(text).sign(privateKey, 'base64url')}` });
  });
  own = await listen(provider);

  let beneath;
  const web = createServer((asked, answer) => {
    const on = request(new URL(asked.url, beneath), { method: asked.method, headers: asked.headers }, (came) => {
      answer.writeHead(came.statusCode, came.rawHeaders);
      came.pipe(answer);
    });
    on.on('error', () => answer.destroy());
    asked.pipe(on);
  });
  const front = await listen(web);

  const folder = await mkdtemp(join(tmpdir(), 'xiezhi-sign-on-'));
  await writeFile(join(folder, 'secret'), 'S3cret\n');
  const config = join(folder, 'xiezhi.toml');
  const ticket = (id, label, english, more) => `
[[sign_on]]
id = "${id}"
label = "${label}"
label_en = "${english}"
levels = ["1", "2", "3"]
min_level = "2"
end_session = "${own}/logout"
answer = { subject = "/data/subject", name = "/data/name", level = "/data/level", until = "/data/seconds" }
${more}
[sign_on.ticket]
start = "${own}/login?goto=\${return}"
secret_file = "${folder}/secret"
[[sign_on.ticket.exchange]]
url = "${own}/exchange"
form = "form"
body = "ticket=\${ticket}&key=\${secret}"
ok = { "/code" = "0" }
`;
  await writeFile(config, `public_url = "${front}"
${ticket('province', '省统一认证', 'Province sign-on', 'new_residents = true')}
${ticket('staff', '政务统一认证', 'Government sign-on', 'roles = ["committee", "grid_worker"]')}
[[sign_on]]
id = "city"
label = "市统一认证"
label_en = "City sign-on"
new_residents = true
[sign_on.oidc]
issuer = "${own}"
client_id = "us"
secret_file = "${folder}/secret"
`);
  const stop = async () => {
    for (const server of [provider, web]) {
      server.close();
      server.closeAllConnections();
    }
    await rm(folder, { recursive: true, force: true });
  };
  return Object.assign(state, { config, front, own, stop, lead: (origin) => { beneath = origin; } });
}
