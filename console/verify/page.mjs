// The page itself: takes things in, shows what appraise.mjs says of them. Everything from outside becomes text nodes.
import { appraise } from './appraise.mjs';
import { utf8 } from './bytes.mjs';
import { canCheckSignatures } from './note.mjs';
import { kinds, likelyTilePath, maxFileSize, recognise, singleKinds } from './recognise.mjs';
import { plural, states } from './report.mjs';

const maxItems = 64;

const byId = (id) => document.getElementById(id);
let items = []; // { kind, name, bytes, path }
let latest = 0; // appraisals overtake each other; only the latest one is shown

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const say = (text) => byId('status').replaceChildren(text);

function add(name, bytes) {
  if (bytes.length > maxFileSize) return `“${name}” is too large to be any of these.`;
  const kind = recognise(name, bytes);
  const replaced = singleKinds.includes(kind) ? items.filter((item) => item.kind === kind) : [];
  items = items.filter((item) => !replaced.includes(item));
  if (items.length === maxItems) return `“${name}” is one too many: take something away first.`;
  items.push({ kind, name, bytes, path: likelyTilePath(name, bytes) });
  return replaced.length > 0 ? `The ${kinds[kind]} takes the place of “${replaced[0].name}”.` : `Added “${name}” as ${kinds[kind]}.`;
}

async function addFiles(files) {
  const said = [];
  for (const file of files) {
    // Do not read into memory what is too large anyway.
    const part = file.size > maxFileSize ? file.slice(0, maxFileSize + 1) : file;
    try {
      said.push(add(file.webkitRelativePath || file.name, new Uint8Array(await part.arrayBuffer())));
    } catch {
      said.push(`“${file.name}” cannot be read.`);
    }
  }
  say(said.join(' '));
  await show();
}

function itemRow(item) {
  const select = element('select', {
    'aria-label': `${item.name} is a`,
    onchange: ({ target }) => {
      item.kind = target.value;
      show();
    },
  });
  for (const [value, label] of Object.entries(kinds)) {
    select.append(element('option', { value, ...(value === item.kind && { selected: '' }) }, label));
  }
  const remove = element('button', {
    type: 'button',
    'aria-label': `Take away ${item.name}`,
    onclick: () => {
      items = items.filter((other) => other !== item);
      say(`Took away “${item.name}”.`);
      show();
    },
  }, '×');
  const about = element('span', { class: 'about' }, element('span', { class: 'name', title: item.name }, item.name),
                        element('span', { class: 'size' }, plural(item.bytes.length, 'byte')));
  const row = element('li', {}, about, select, remove);
  if (item.kind === 'tile') {
    const path = element('input', {
      type: 'text',
      class: 'path',
      'aria-label': `Path of the tile ${item.name} in its log`,
      value: item.path,
      onchange: ({ target }) => {
        item.path = target.value.trim();
        show();
      },
    });
    row.append(path);
  }
  return row;
}

const verdict = (kind, headline, detail) =>
  element('div', { class: `verdict ${kind}` }, element('h3', {}, headline), element('p', {}, detail));

function statementRow({ state, text, facts }) {
  const what = element('div', { class: 'what' }, text);
  if (facts?.length > 0) {
    const list = element('dl', { class: 'facts' });
    for (const [label, value] of facts) list.append(element('dt', {}, label), element('dd', {}, value));
    what.append(list);
  }
  return element('li', { class: state }, element('span', { class: 'state' }, states[state]), what);
}

function reportOf({ verdict: kind, headline, detail, groups }) {
  if (kind === 'empty') {
    return [verdict('note', 'Nothing to check yet.', 'Begin with a receipt or a record, its proof file, and the key of the log.')];
  }
  return [
    verdict(kind, headline, detail),
    ...groups.map(({ title, statements }) =>
      element('div', { class: 'group' }, element('h3', {}, title), element('ul', {}, ...statements.map(statementRow)))),
  ];
}

async function show() {
  const number = ++latest;
  byId('items').replaceChildren(...items.map(itemRow));
  byId('clear').hidden = items.length < 2;
  byId('guide').hidden = items.length > 0;
  let shown;
  try {
    shown = reportOf(await appraise(items));
  } catch (error) {
    shown = [verdict('fails', 'This page failed.', `Nothing is proven. The fault is the page's own: ${error}`)];
  }
  if (number === latest) byId('report').replaceChildren(...shown);
}

function listen() {
  const page = document.documentElement;
  // On the whole page, for a file dropped beside the target would replace the page by itself.
  page.addEventListener('dragover', (event) => {
    event.preventDefault();
    page.classList.add('over');
  });
  page.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) page.classList.remove('over');
  });
  page.addEventListener('drop', (event) => {
    event.preventDefault();
    page.classList.remove('over');
    addFiles([...event.dataTransfer.files]);
  });
  byId('files').addEventListener('change', async ({ target }) => {
    await addFiles([...target.files]);
    target.value = '';
  });
  byId('paste').addEventListener('submit', (event) => {
    event.preventDefault();
    const text = byId('text').value;
    if (text.trim() === '') return;
    say(add('pasted text', utf8(text)));
    byId('text').value = '';
    show();
  });
  byId('clear').addEventListener('click', () => {
    items = [];
    say('Took all away.');
    show();
  });
}

if (await canCheckSignatures()) {
  listen();
  await show();
} else {
  for (const control of document.querySelectorAll('input, textarea, button')) control.disabled = true;
  byId('report').replaceChildren(verdict('fails', 'This browser cannot check signatures.',
    'Its WebCrypto lacks Ed25519 or SHA-256, or withholds them here, so this page claims nothing. Use a newer browser, or `redoubt ledger prove`.'));
}
