// The page as Chromium shows it, opened from its file: what a person sees, and that nothing goes out.
//
// PAGE_SCREENSHOTS names a folder for pictures of its states, for people to look at.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { made, text } from './support.mjs';

const address = new URL('../../console/verify/verify.html', import.meta.url).href;
const pictures = process.env.PAGE_SCREENSHOTS;

let browser;
let context;
let page;
let requests; // addresses that the page asked for
let faults; // errors that it did not catch

before(async () => {
  // Chromium's own sandbox does not start as root; the page is ours.
  const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args });
});

after(() => browser.close());

async function open(options = {}) {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  page = await context.newPage();
  requests = [];
  faults = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.goto(address);
  await page.waitForSelector('.verdict');
}

beforeEach(async (t) => {
  await open();
  t.after(() => context.close());
});

const files = (...names) => names.map((name) => ({
  name: name.split('/').at(-1), mimeType: 'application/octet-stream', buffer: Buffer.from(made[name]),
}));
const headline = () => page.locator('.verdict h3').textContent();
const shown = () => page.locator('#report').textContent();

// Gives the page files as a person does by dropping them, and waits for the verdict.
async function drop(...names) {
  const transfer = await page.evaluateHandle((given) => {
    const made = new DataTransfer();
    for (const { name, bytes } of given) made.items.add(new File([Uint8Array.from(bytes)], name));
    return made;
  }, files(...names).map(({ name, buffer }) => ({ name, bytes: [...buffer] })));
  const before = await page.locator('#items li').count();
  await page.dispatchEvent('main', 'drop', { dataTransfer: transfer });
  await page.waitForFunction((count) => document.querySelectorAll('#items li').length === count, before + names.length);
}

async function verdictIs(kind) {
  await page.waitForSelector(`.verdict.${kind}`);
}

async function picture(name) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
}

test('a dropped record, receipt, proof and policy are proven, by the log and its witnesses', async () => {
  await picture('empty');
  await drop('record', 'receipt', 'cosigned_proof', 'policy');
  await verdictIs('proven');
  await picture('proven');
  assert.equal(await headline(), 'This record is in the log.');
  assert.match(await shown(), /seen by 2 witnesses: witness\.example\/one, witness\.example\/two/);
  assert.equal(await page.locator('#report .fails, #report .open').count(), 0);
  assert.ok((await page.locator('#report li.holds').count()) >= 5);
  await page.getByLabel('Take away policy').click();
  await verdictIs('open');
});

test('without witnesses the page says: single signer, freshness unproven', async () => {
  await page.setInputFiles('#files', files('record', 'proof', 'vkey'));
  await verdictIs('alone');
  await picture('alone');
  assert.match(await shown(), /[Ss]ingle signer, freshness unproven/);
});

test('a pasted receipt for another record does not hold', async () => {
  await drop('record', 'proof', 'vkey');
  await verdictIs('alone');
  await page.fill('#text', `Redoubt-Receipt: ${text('receipt').replace(/leaf=:./, 'leaf=:~')}`);
  await page.getByRole('button', { name: 'Add' }).click();
  await verdictIs('fails');
  assert.match(await shown(), /“pasted text” cannot be relied on/);
  await page.fill('#text', text('receipt').replace(/index=\d+/, 'index=99999'));
  await page.getByRole('button', { name: 'Add' }).click();
  await page.waitForFunction(() => document.querySelector('#report').textContent.includes('99999'));
  await verdictIs('fails');
  await picture('fails');
  assert.equal(await headline(), 'This does not hold.');
});

test('a receipt alone proves nothing yet', async () => {
  await page.fill('#text', text('receipt'));
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await verdictIs('open');
  await picture('receipt');
  assert.match(await shown(), /A receipt alone proves nothing yet/);
  assert.equal(await page.locator('#report li.holds').count(), 0);
});

test('a fork is told as a fork', async () => {
  await drop('fork_proof', 'vkey');
  await verdictIs('fork');
  await picture('fork');
  assert.equal(await headline(), 'This log has forked.');
});

test('a tile is asked for its path', async () => {
  const name = Object.keys(made).filter((path) => path.startsWith('tile/0/')).at(-1);
  await drop(name, 'checkpoint', 'vkey');
  await page.getByLabel(/^Path of the tile/).fill(name);
  await page.keyboard.press('Tab');
  await page.waitForFunction((path) => document.querySelector('#report').textContent.includes(path), name);
  assert.equal(await page.locator('#report li.fails').count(), 0);
  await picture('tile');
});

test('what a file says is shown as text and never becomes a part of the page', async () => {
  const name = '<img src=x onerror=alert(1)>';
  const note = text('checkpoint').replace('example.com/page', name.replaceAll(' ', ''));
  await page.setInputFiles('#files', [{ name, mimeType: 'text/plain', buffer: Buffer.from(note) }]);
  await verdictIs('open');
  assert.equal(await page.locator('main img').count(), 0);
  assert.ok((await shown()).includes('<imgsrc=xonerror=alert(1)>'));
});

test('nothing is requested but the page itself, and nothing can be', async (t) => {
  await drop('record', 'receipt', 'cosigned_proof', 'policy');
  await verdictIs('proven');
  assert.deepEqual(requests, [address]);
  // Chromium readies a socket for a frame before the policy stops it, and sends nothing: so bytes are counted.
  let received = 0;
  const server = createServer((socket) => socket.on('error', () => {}).on('data', (bytes) => (received += bytes.length)));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const violated = await page.evaluate(async (host) => {
    const directives = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => directives.push(effectiveDirective));
    const added = (name, attributes) => document.body.append(Object.assign(document.createElement(name), attributes));
    const attempts = [
      () => fetch(`http://${host}/`),
      () => new WebSocket(`ws://${host}/`),
      () => navigator.sendBeacon(`http://${host}/`),
      () => added('img', { src: `http://${host}/` }),
      () => added('link', { rel: 'stylesheet', href: `http://${host}/` }),
      () => added('iframe', { src: `http://${host}/` }),
      () => added('video', { src: `http://${host}/` }),
    ];
    for (const attempt of attempts) {
      try {
        await attempt();
      } catch {
        // a refused attempt; what refused it is compared below
      }
    }
    const expected = 7;
    for (let i = 0; i < 50 && directives.length < expected; ++i) await new Promise((done) => setTimeout(done, 100));
    return directives.sort();
  }, `127.0.0.1:${server.address().port}`);
  assert.deepEqual(violated, ['connect-src', 'connect-src', 'connect-src', 'frame-src', 'img-src', 'media-src',
                              'style-src-elem']);
  assert.equal(received, 0);
  await assert.rejects(page.evaluate(() => { document.body.innerHTML = '<p>'; }), /TrustedHTML/);
});

test('a browser without Ed25519 claims nothing', async () => {
  await context.addInitScript(() => {
    const importKey = SubtleCrypto.prototype.importKey;
    SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {
      if (algorithm.name === 'Ed25519') throw new DOMException('unrecognized name', 'NotSupportedError');
      return importKey.call(this, format, key, algorithm, ...rest);
    };
  });
  await page.reload();
  await page.waitForSelector('.verdict.fails');
  assert.equal(await headline(), 'This browser cannot check signatures.');
  assert.ok(await page.locator('#files').isDisabled());
  await picture('unable');
});

test('every control has a name, and all can be reached by keyboard', async () => {
  await drop('record', 'proof', 'vkey');
  await verdictIs('alone');
  const nameless = await page.evaluate(() => [...document.querySelectorAll('input, textarea, select, button')]
    .filter((control) => !(control.labels?.length || control.getAttribute('aria-label') || control.textContent.trim()))
    .map(({ outerHTML }) => outerHTML));
  assert.deepEqual(nameless, []);
  const reached = new Set();
  await page.locator('body').focus();
  for (let i = 0; i < 20; ++i) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute('aria-label') ||
                                          document.activeElement.textContent));
  }
  for (const control of ['files', 'text', 'Add', 'Take away record', 'record is a', 'clear']) {
    assert.ok(reached.has(control), `${control}: ${[...reached]}`);
  }
});

// WCAG 2.1, 1.4.3: text against what lies behind it.
for (const colorScheme of ['light', 'dark']) {
  test(`text has enough contrast when ${colorScheme}`, async () => {
    await context.close();
    await open({ colorScheme });
    await drop('record', 'receipt', 'half_cosigned_proof', 'policy', 'other_checkpoint');
    await verdictIs('fork');
    await picture(`many-${colorScheme}`);
    const faint = await page.evaluate(() => {
      const channels = (color) => color.match(/[\d.]+/g).map(Number);
      const luminance = (color) => {
        const [r, g, b] = channels(color).slice(0, 3).map((c) => c / 255)
          .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const behind = (node) => {
        for (let at = node; at; at = at.parentElement) {
          const color = getComputedStyle(at).backgroundColor;
          if ((channels(color)[3] ?? 1) === 1) return color;
        }
        throw new Error('nothing lies behind');
      };
      const found = [];
      for (const node of document.querySelectorAll('body, body *')) {
        if (![...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim())) continue;
        if (node.closest('noscript, script, style')) continue;
        const [a, b] = [luminance(getComputedStyle(node).color), luminance(behind(node))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.push(`${node.tagName} ${node.className} ${ratio.toFixed(2)}`);
      }
      return found;
    });
    assert.deepEqual(faint, []);
  });
}

test('it fits a narrow screen', async () => {
  await context.close();
  await open({ viewport: { width: 360, height: 740 } });
  await drop('record', 'receipt', 'cosigned_proof', 'policy');
  await verdictIs('proven');
  await picture('narrow');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  assert.deepEqual(faults, []);
});
