// The form of the pocket page: one for all kinds of things that a grid worker notes, showing the fields of the kind.
// Photos are chosen, shown and made smaller as everywhere else (photo-field); without that module the browser's own field is left.
// Must stay true: no photo is asked for unless the class has a reason, which stands beside it; what is missing is said before
// anything is kept; what was typed stays until it is kept.

/// An element with attributes (functions are listeners) and children; empty ones are left out.
export function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') e.addEventListener(key.slice(2), value);
    else if (value === true) e.setAttribute(key, '');
    else if (value !== undefined && value !== false && value !== null) e.setAttribute(key, value);
  }
  e.append(...children.filter((c) => c !== null && c !== undefined));
  return e;
}

import('./photo-field.js').catch(() => {});

const KINDS = ['report', 'spot', 'patrol', 'visit', 'here', 'act'];
const FIELDS = {
  report: ['class', 'building', 'text', 'media'], spot: ['class', 'building', 'text', 'done', 'media', 'media_after'],
  patrol: ['building', 'found', 'text'], visit: ['care', 'found', 'text'], here: ['building'], act: ['number', 'action', 'text', 'media'],
};
const NEEDED = { report: ['text'], spot: ['class', 'building', 'text', 'done'], patrol: ['building'], visit: ['care'], here: ['building'], act: ['number', 'action'] };

/// The form; `keep(kind, fields, files)` says whether it is kept.
export function form(t, pack, keep) {
  const field = (name, label, input, hint) => el('div', { class: 'field', 'data-field': name }, el('label', { for: `f-${name}` }, label), hint, input);
  const choice = (name, options) => el('select', { id: `f-${name}`, name }, ...options.map(([value, text]) => el('option', { value }, text)));
  const photos = (name) => el('photo-field', { 'data-pick': t('photo-pick'), 'data-more': t('photo-more'), 'data-remove': t('photo-remove') },
    el('input', { id: `f-${name}`, name, type: 'file', accept: 'image/*', multiple: true }));
  const kinds = KINDS.filter((k) => (k !== 'act' || pack?.cases.length) && (k !== 'visit' || pack?.homes.length) && (!['here', 'patrol', 'spot'].includes(k) || pack?.buildings.length));
  const cases = new Map((pack?.cases ?? []).map((c) => [c.number, c]));
  const classes = new Map((pack?.classes ?? []).map((c) => [c.code, c]));
  // As people count them, and by name where that is enough: the whole address is cut off on a phone.
  const houses = [...(pack?.buildings ?? [])].sort((a, b) => a.address.localeCompare(b.address, undefined, { numeric: true }));
  const plain = new Set(houses.map((b) => b.name)).size === houses.length;
  const why = el('p', { class: 'hint', id: 'f-why' });
  const fields = {
    kind: field('kind', t('kind'), choice('kind', kinds.map((k) => [k, t(`kind-${k}`)]))),
    number: field('number', t('cases'), choice('number', [...cases.values()].map((c) => [c.number, `${c.number} ${c.text ?? c.class_name}`]))),
    action: field('action', t('kind-act'), choice('action', [])),
    care: field('care', t('home'), choice('care', (pack?.homes ?? []).map((h) => [h.id, `${h.name} ${h.building_name}`]))),
    class: field('class', t('class'), choice('class', [['', t('class-none')], ...[...classes.values()].map((c) => [c.code, c.name])])),
    building: field('building', t('building'), choice('building', [['', t('building-none')], ...houses.map((b) => [b.id, plain ? b.name : b.address])])),
    found: field('found', t('found'), choice('found', ['fine', 'look', 'nobody', 'help'].map((f) => [f, t(`found-${f}`)]))),
    text: field('text', t('text'), el('textarea', { id: 'f-text', name: 'text', rows: 3, maxlength: 1000 })),
    done: field('done', t('done'), el('textarea', { id: 'f-done', name: 'done', rows: 2, maxlength: 1000 })),
    media: field('media', t('photo'), photos('media'), why),
    media_after: field('media_after', t('photo-after'), photos('media_after')),
  };
  const problem = el('p', { class: 'error', role: 'alert', hidden: true });
  const made = el('form', { class: 'form' }, ...Object.values(fields), problem, el('div', { class: 'buttons' }, el('button', { class: 'btn primary' }, t('save'))));
  const value = (name) => made.elements[name].value.trim();

  const fit = () => {
    const kind = value('kind');
    for (const [name, box] of Object.entries(fields)) box.hidden = name !== 'kind' && !FIELDS[kind].includes(name);
    const asked = classes.get(value('class'));
    const wanted = kind === 'spot' && asked && asked.evidence !== 'none';
    if (kind === 'spot') fields.media.hidden = !wanted || asked.evidence !== 'pair', fields.media_after.hidden = !wanted;
    why.textContent = wanted ? asked.why : '';
    why.hidden = !wanted;
    const action = made.elements.action;
    const may = cases.get(value('number'))?.actions ?? [];
    if ([...action.options].map((o) => o.value).join() !== may.join()) action.replaceChildren(...may.map((a) => el('option', { value: a }, t(`action-${a}`))));
  };
  made.addEventListener('change', fit);
  made.addEventListener('submit', async (event) => {
    if (event.defaultPrevented) return undefined; // a photo is still being made smaller: it comes again
    event.preventDefault();
    const kind = value('kind');
    const missing = NEEDED[kind].filter((name) => !value(name));
    problem.hidden = missing.length === 0;
    problem.textContent = missing.length ? t('missing') : '';
    if (missing.length) return made.elements[missing[0]].focus();
    const out = {};
    const files = {};
    for (const name of FIELDS[kind]) {
      if (fields[name].hidden) continue;
      if (name.startsWith('media')) {
        const chosen = [...made.elements[name].files];
        if (chosen.length) files[name] = chosen;
      } else if (value(name)) out[name] = value(name);
    }
    if (kind === 'patrol' || kind === 'visit') { out.note = out.text; delete out.text; }
    if (kind === 'act') out.seen = cases.get(out.number).seen;
    if (kind === 'act' && out.action === 'return') out.reason = out.text;
    if (await keep(kind, out, files)) { made.reset(); fit(); }
    return undefined;
  });
  /// Chooses for its person what a list names.
  made.pick = (kind, chosen) => {
    made.elements.kind.value = kind;
    for (const [name, v] of Object.entries(chosen)) made.elements[name].value = v;
    fit();
    made.elements.kind.focus();
  };
  fit();
  return made;
}
