// Takes the four pictures of the README from the demo into docs/img/: `npm run shots`.

import { fileURLToPath } from 'node:url';
import { DESK, PHONE, json, open, shot, startBrowser, startServer } from './lib.mjs';

const OUT = fileURLToPath(new URL('../docs/img/', import.meta.url));

const [server, browser] = await Promise.all([startServer(), startBrowser()]);
try {
  const resident = await open(browser, server, { look: PHONE });
  const { communities } = await json(resident, server, '/');
  const community = communities[0].code;
  await resident.goto(server.url(`/settings?community=${community}&back=/`));
  console.log(await shot(resident, 'home', OUT));

  const committee = await open(browser, server, { look: DESK, role: 'committee' });
  const { items } = await json(committee, server, '/cases?state=handling');
  const all = items.length ? items : (await json(committee, server, '/cases')).items;
  const [{ number }] = all;
  await committee.goto(server.url(`/desk?open=${number}`));
  console.log(await shot(committee, 'desk', OUT));

  const elder = await open(browser, server, { look: PHONE, elder: true });
  await elder.goto(server.url(`/reports/${number}`));
  console.log(await shot(elder, 'matter-elder', OUT));

  const public_ = await open(browser, server, { look: DESK });
  await public_.goto(server.url('/equation'));
  console.log(await shot(public_, 'equation', OUT));
} finally {
  await browser.close();
  await server.stop();
}
