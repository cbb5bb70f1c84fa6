// An SMS gateway for stories: takes what the program sends, and says yes.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Starts it. `messages`: what came, `{to, text, secret}`; `config`: the file that makes the program use it, with `more`
 * lines of `[notice.sms]` (`FOLDER` in them is where `files`, name to content, lie); `came(fits)` waits for a message;
 * `stop()` ends it.
 */
export async function startGateway(more = '', files = {}) {
  const messages = [];
  const gateway = createServer((asked, answer) => {
    let body = '';
    asked.on('data', (chunk) => { body += chunk; });
    asked.on('end', () => {
      messages.push({ ...JSON.parse(body), secret: asked.headers.authorization });
      answer.end('{"code":"OK","sid":"1"}');
    });
  });
  await new Promise((ready) => { gateway.listen(0, '127.0.0.1', ready); });
  const folder = await mkdtemp(join(tmpdir(), 'xiezhi-sms-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const config = join(folder, 'xiezhi.toml');
  await writeFile(config, `public_url = "http://c.example"
[notice.sms]
url = "http://127.0.0.1:${gateway.address().port}/"
body = '{"to":"\${phone}","text":"\${text}"}'
${more.replaceAll('FOLDER', folder)}`);
  const came = async (fits) => {
    for (let i = 0; i < 400; i += 1) {
      const found = messages.find(fits);
      if (found) return found;
      await new Promise((later) => { setTimeout(later, 25); });
    }
    throw new Error(`nothing came that fits ${fits}: ${JSON.stringify(messages)}`);
  };
  const stop = async () => {
    gateway.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { messages, config, came, stop };
}
