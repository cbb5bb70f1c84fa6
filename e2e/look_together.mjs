// Pages of what neighbours, organisations and desks do for each other, to be looked at: one of each list that the demo fills.

import { json, server } from './lib.mjs';

/** Addresses of the first of each list, as whoever works at the desk of a community finds them. */
export async function together(clerk, area) {
  const first = async (list, address) => {
    const found = (await json(clerk, server, list)).items?.[0];
    return found ? address(found) : list;
  };
  return {
    service: await first('/services?q=食堂', (s) => `/services/${s.id}`),
    help: await first('/help', (h) => `/help/${h.number}`),
    event: await first('/events', (e) => `/events/${e.number}`),
    partner: await first('/partners', (p) => `/partners/${p.number}`),
    need: await first(`/needs?area=${area}`, (n) => `/needs/${n.number}`),
    resource: await first(`/resources?area=${area}`, (r) => `/resources/${r.number}`),
    project: await first('/projects', (p) => `/projects/${p.number}`),
    relief: await first('/relief', (e) => `/relief/${e.number}`),
    health: await first('/health', (s) => `/health/${s.number}`),
  };
}

const unfold = (page) => page.evaluate(() => document.querySelectorAll('main details').forEach((d) => { d.open = true; }));

export const pages = (c) => [
  ['services', undefined, '/services'],
  ['services-found', 'resident', '/services?q=看腰'],
  ['service', undefined, c.together.service],
  ['service-slots', 'committee', `${c.together.service}/slots`],
  ['help', 'resident', '/help'],
  ['help-new', 'resident', '/help/new'],
  ['help-one', 'committee', c.together.help, unfold],
  ['volunteer-mine', 'resident', '/volunteer'],
  ['volunteers', 'committee', '/volunteers'],
  ['volunteers-board', 'committee', '/volunteers/board', unfold],
  ['events', 'resident', '/events'],
  ['event', 'committee', c.together.event, unfold],
  ['event-new', 'committee', '/events/new'],
  ['hours', 'resident', '/hours'],
  ['hours-check', undefined, '/hours/check'],
  ['hours-record', 'resident', '/hours/record'],
  ['partners', undefined, '/partners'],
  ['partner', undefined, c.together.partner],
  ['partners-queue', 'committee', '/partners/queue'],
  ['join', 'resident', '/join?kind=social_org'],
  ['developers', undefined, '/developers'],
  ['needs', undefined, '/needs'],
  ['need', 'committee', c.together.need, unfold],
  ['resources', undefined, '/resources'],
  ['resource', 'committee', c.together.resource, unfold],
  ['projects', undefined, '/projects'],
  ['project', 'committee', c.together.project, unfold],
  ['relief', 'committee', '/relief'],
  ['relief-one', 'committee', c.together.relief, unfold],
  ['health', 'committee', '/health'],
  ['health-none', 'property', '/health'],
  ['health-one', 'committee', c.together.health, unfold],
  ['health-counts', 'committee', '/health/counts'],
  ['health-mine', 'resident', '/health/mine'],
  ['health-notices', 'committee', '/health/notices', unfold],
  ['health-numbers', 'subdistrict', '/health/numbers'],
  ['health-rules', 'committee', '/health/rules'],
  ['health-try', 'committee', '/health/rules/school-weeks/try', unfold],
  ['errands', 'resident', '/errands'],
  ['errand-new', 'resident', '/errands/new'],
  ['appointments', 'resident', '/appointments'],
  ['devices', 'committee', '/devices', unfold],
  ['device', 'committee', '/devices/demo-air', unfold],
  ['device-days', 'committee', '/devices/demo-air?span=quarter'],
  ['device-new', 'committee', '/devices/new'],
];
