// Whether a page is accessible: WCAG 2.2 AA, as axe sees it.
//
// What must stay true: every shape of page that a story comes to is checked, and none twice. The checker costs more than the page
// itself; two pages of one shape differ in nothing that its rules look at. On the other engine the pages are the same and are not
// checked. Without JavaScript the checker cannot run: the same page is checked with it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUN, THOROUGH } from './server.mjs';

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const AXE = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** Shapes without a violation; those that other files of the run have seen stand in its folder. */
const clean = new Set();

/**
 * The shape of a page as the checker sees it: elements in order with their classes, roles and the attributes that matter,
 * whether each has words, how large the letters and the screen are. Rows that are alike are told once, and words are left out.
 */
function shape() {
  const MATTERS = /^(class|role|type|lang|href|for|alt|title|open|disabled|required|tabindex|autocomplete|inputmode|aria-.*|data-(tone|late|soon|elder|dark))$/;
  const WORDS = /^(lang|href|for|alt|title|aria-(label|labelledby|describedby|controls))$/;
  const told = (e) => {
    const own = [...e.attributes].filter((a) => MATTERS.test(a.name));
    const attributes = own.map((a) => (WORDS.test(a.name) ? `${a.name}${a.value ? '' : '!'}` : `${a.name}=${a.value}`)).sort();
    const words = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) ? '.' : '';
    return `${e.tagName}[${attributes}]${words}(${[...new Set([...e.children].map(told))]})`;
  };
  return `${window.innerWidth} ${told(document.documentElement)}`;
}

/** What the checker has to say against a page. */
async function violations(page) {
  await page.evaluate(AXE);
  return page.evaluate(async (values) => {
    // Only violations are told in full: the rest is what took the time.
    const { violations: all } = await window.axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] });
    return all.map((v) => `${v.id}: ${v.help}\n${v.nodes.slice(0, 3).map((n) => `    ${n.html}`).join('\n')}`);
  }, WCAG);
}

/** No violation on a page. */
export async function accessible(page, what) {
  if (!page.scripted || !THOROUGH) return;
  const seen = createHash('sha256').update(await page.evaluate(shape)).digest('hex');
  const told = RUN && join(RUN, seen);
  if (clean.has(seen) || (told && existsSync(told))) return;
  const wrong = await violations(page);
  assert.equal(wrong.length, 0, `${what}: not accessible\n${wrong.join('\n')}`);
  clean.add(seen);
  if (told) await writeFile(told, '');
}
