// SPDX-License-Identifier: Apache-2.0

// The page in Debian's Chromium against a real server: what a reader sees, does and is told.
//   MLT_BUILD=build/release node scenario.mjs [CELL]...
// Pictures of every view are left in build/interop/logs/page.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { Daemon } from './daemon.mjs';

const PATIENCE_MS = 120_000;
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = join(process.env.MLT_ROOT, 'build/interop/logs/page');
mkdirSync(pictures, { recursive: true });

const daemon = new Daemon();
const instance = (id, port) => ({
  key: { service: 'web', id }, endpoints: [{ address: '127.0.0.1', port }], version: '1.4.2', zone: 'north', leaseTtl: '600s',
  checks: [{ name: 'self', ttl: {}, interval: '600s', rise: 1, fall: 1 }],
});
const report = (id, passing) =>
  daemon.call('registry.v1.RegistryService/Heartbeat', { key: { service: 'web', id }, reports: [{ name: 'self', passing, text: passing ? 'well' : 'disk full' }] });

function csv() {
  const rows = ['date,close,x1,x2,r'];
  for (let i = 0; i < 300; i++) {
    const date = new Date(Date.UTC(2024, 0, 1 + i)).toISOString().slice(0, 10);
    rows.push(`${date},${(100 + 10 * Math.sin(i / 20) + (i % 7)).toFixed(3)},${Math.sin(i / 20).toFixed(4)},${i % 7},${(0.01 * Math.sin(i)).toFixed(5)}`);
  }
  return rows.join('\n') + '\n';
}

const train = (model) => ({ spec: { train: { model, data: { dataset: 'prices' }, selection: { targetColumn: 'close', featureColumns: ['x1', 'x2'] } } } });

async function submit(model) {
  const { job } = await daemon.call('execution.v1.ExecutionService/SubmitJob', train(model));
  return job.id;
}

/** A page of its own; what it prints as an error, and what its policy blocks, fails the cell. */
async function open(browser, path = '', options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && page.faults.push(message.text()));
  await page.goto(`http://${daemon.address}/${path}`);
  return page;
}

async function close(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

const VIEWS = {
  overview: ['', '[data-view] [data-id]'], registry: ['#/registry', 'td >> text=web'], service: ['#/registry/default/web', 'td >> text=w1'],
  instance: ['#/registry/default/web/w1', 'h2 >> text=History'], models: ['#/models', 'td >> text=ridge'], model: ['#/models/ridge', 'td >> text=alpha'],
  datasets: ['#/datasets', 'td >> text=prices'], dataset: ['#/datasets/prices', 'td >> text=2024-01-01'], jobs: ['#/jobs', 'td >> text=ridge'],
  runs: ['#/runs', 'td >> text=ridge'], events: ['#/events', 'text=Nothing has happened yet'],
};

async function seriousFaults(page) {
  // axe itself is put in by the debugger: the page's policy would not let it in otherwise.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`);
}

const cells = {
  /** Every view draws itself without an error, in light and dark, and axe finds nothing serious in it. */
  async views(browser) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(browser, '', { colorScheme });
      for (const [name, [path, seen]] of Object.entries(VIEWS)) {
        await page.goto(`http://${daemon.address}/${path}`);
        await page.locator(seen).first().waitFor();
        assert.deepEqual(await seriousFaults(page), [], `${name}, ${colorScheme}`);
        await page.screenshot({ path: join(pictures, `${name}-${colorScheme}.png`) });
      }
      await close(page);
    }
  },

  /** An instance that fails is red in the picture and in the table, and so it is told among the events. */
  async failing(browser) {
    const page = await open(browser);
    const dot = page.locator('[data-key="default/web/w1"] > .dot');
    await page.locator('[data-key="default/web/w1"] > .dot.healthy').waitFor();
    await report('w1', false);
    await page.locator('[data-key="default/web/w1"] > .dot.down').waitFor();
    assert.equal(await dot.getAttribute('aria-label'), 'down');
    await page.screenshot({ path: join(pictures, 'failing.png') });
    await dot.click();
    await page.locator('tr[aria-current=true] .badge.bad >> text=unhealthy').waitFor();
    await page.getByText('disk full').first().waitFor();
    await page.locator('nav >> text=Events').click();
    await page.locator('tr', { hasText: 'web/w1' }).locator('text=unhealthy').first().waitFor();
    await report('w1', true);
    await page.locator('tr', { hasText: 'web/w1' }).locator('.badge.good').first().waitFor();
    await close(page);
  },

  /** A call that asks for it is followed through the server: found among the traced calls, and drawn as a sequence. */
  async trace(browser) {
    const trace = '5ca1ab1e'.repeat(4);
    const answer = await fetch(`http://${daemon.address}/mltrainer.registry.v1.RegistryService/ListServices`, {
      method: 'POST', body: '{}', headers: { 'content-type': 'application/json', traceparent: `00-${trace}-00f067aa0ba902b7-01` },
    });
    assert.equal(answer.status, 200);
    const page = await open(browser);
    await page.getByRole('tab', { name: 'calls' }).click();
    await page.locator(`[data-key="call:${trace}"]`).click();
    await page.locator('.lifeline').first().waitFor({ state: 'attached' });
    assert.equal(await page.evaluate(() => location.hash), `#/overview/call%3A${trace}`);
    await page.locator('svg text.label', { hasText: 'ListServices' }).first().waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await page.screenshot({ path: join(pictures, 'trace.png') });
    await close(page);
  },

  /** A job is followed to its end, its figures are shown, and it is run again by a button. */
  async job(browser) {
    const id = await submit('lasso');
    const page = await open(browser, `#/jobs/${id}`);
    await page.locator('header .badge >> text=succeeded').waitFor();
    await page.locator('td >> text=rmse').first().waitFor();
    await page.locator('[role=log] >> text=succeeded').waitFor();
    assert.equal(await page.getByRole('progressbar').first().getAttribute('aria-valuenow'), '100');
    await page.screenshot({ path: join(pictures, 'job.png') });
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.waitForFunction((old) => location.hash.startsWith('#/jobs/') && !location.hash.endsWith(old), id);
    await page.locator('header .badge >> text=succeeded').waitFor();
    await close(page);
  },

  /** A job that runs for long shows how far it is, live, and is cancelled by a button. */
  async cancel(browser) {
    const parameters = { n_simulations: { integer: '1000000' }, horizon: { integer: '10000' }, column: { text: 'r' } };
    const { job } = await daemon.call('execution.v1.ExecutionService/SubmitJob',
      { spec: { compute: { model: 'monte_carlo_simulation', parameters, data: { dataset: 'prices' } } } });
    const page = await open(browser, `#/jobs/${job.id}`);
    await page.locator('header .badge >> text=running').waitFor();
    await page.waitForFunction(() => Number(document.querySelector('[role=progressbar]').getAttribute('aria-valuenow')) > 0);
    await page.screenshot({ path: join(pictures, 'running.png') });
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('header .badge >> text=cancelled').waitFor();
    await close(page);
  },

  /** Beside a job of a pipeline stands the whole of it, live; its cards lead to the other jobs. */
  async pipeline(browser) {
    const tasks = [{ key: 'one', spec: train('ridge').spec }, { key: 'two', spec: train('lasso').spec, dependsOn: ['one'] }];
    const { pipeline } = await daemon.call('execution.v1.ExecutionService/SubmitPipeline', { spec: { title: 'Two steps', tasks } });
    const page = await open(browser, `#/jobs/${pipeline.tasks[0].job}`);
    await page.locator('[data-id="two"] >> text=lasso, succeeded').waitFor();
    await page.screenshot({ path: join(pictures, 'pipeline.png') });
    await page.locator('[data-id="two"] > .card').click();
    await page.locator('h2 >> text=train lasso').waitFor();
    await close(page);
  },

  /** Runs that are ticked are compared. */
  async runs(browser) {
    const page = await open(browser, '#/runs');
    await page.getByRole('checkbox').nth(0).check();
    await page.getByRole('checkbox').nth(1).check();
    await page.locator('h2 >> text=Compared').waitFor();
    await page.locator('td >> text=model').first().waitFor();
    await page.screenshot({ path: join(pictures, 'compared.png') });
    await close(page);
  },

  /** When the server is gone the page says so, and goes on by itself when it is back. */
  async lost(browser) {
    const page = await open(browser);
    await page.locator('[data-key="default/web/w1"]').waitFor();
    await daemon.kill();
    await page.getByText('The server does not answer').waitFor();
    await page.screenshot({ path: join(pictures, 'lost.png') });
    await daemon.start();
    await page.getByText('The server does not answer').waitFor({ state: 'detached' });
    await daemon.call('registry.v1.RegistryService/Register', { instance: instance('w9', 9009) });
    await page.locator('[data-key="default/web/w9"]').waitFor();
    page.faults = page.faults.filter((text) => !/ERR_|Failed to load resource/.test(text)); // what the browser says of requests to nobody
    await close(page);
  },

  /** From the keyboard: to an item of the picture, and by Enter to its instances. */
  async keyboard(browser) {
    const page = await open(browser);
    await page.locator('[data-key="default/web/w1"]').waitFor();
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.getAttribute('data-key') === 'default/web/w1')) break;
    }
    await page.keyboard.press('Enter');
    await page.waitForURL(/#\/registry\/default\/web\/w1$/);
    await close(page);
  },

  /** On a telephone nothing makes the page itself scroll sideways. */
  async phone(browser) {
    const page = await open(browser, '', { viewport: { width: 390, height: 780 }, hasTouch: true });
    for (const [name, [path, seen]] of Object.entries(VIEWS)) {
      await page.goto(`http://${daemon.address}/${path}`);
      await page.locator(seen).first().waitFor({ state: 'attached' });
      const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(wide <= room, `${name} is ${wide} wide in ${room}`);
      await page.screenshot({ path: join(pictures, `${name}-phone.png`) });
    }
    await close(page);
  },

  /** A picture that has less room than it was drawn for says so, and is shown as large as it was drawn by a button. */
  async size(browser) {
    const page = await open(browser, '', { viewport: { width: 390, height: 780 } });
    const wide = () => page.evaluate(() => {
      const svg = document.querySelector('[data-view]').shadowRoot.querySelector('svg');
      return [svg.getBoundingClientRect().width, Number(svg.getAttribute('width'))];
    });
    await page.getByRole('button', { name: 'Actual size' }).click();
    await page.getByRole('button', { name: 'Whole picture' }).waitFor();
    const [shown, drawn] = await wide();
    assert.equal(shown, drawn);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await page.getByRole('button', { name: 'Whole picture' }).click();
    await page.getByRole('button', { name: 'Actual size' }).waitFor();
    assert.ok((await wide())[0] < drawn);
    await page.setViewportSize({ width: 1900, height: 900 });
    await page.getByRole('button', { name: 'Actual size' }).waitFor({ state: 'detached' });
    await close(page);
  },

  /** A server that wants a token is given one, a wrong one first, and says so; the token is in memory alone. */
  async token(browser) {
    const guarded = new Daemon('--access-mode', 'token');
    await guarded.start();
    const make = async (identity, role) => (await guarded.call('admin.v1.AdminService/CreateToken', { identity, roles: [role] })).secret;
    guarded.token = readFileSync(join(guarded.data, 'bootstrap-token'), 'utf8').trim();
    guarded.token = await make('root', 'admin');
    await guarded.call('registry.v1.RegistryService/Register', { instance: instance('w1', 9001) });
    const secret = await make('reader', 'viewer');
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`http://${guarded.address}/`);
    assert.equal(await page.locator('.ask').getByRole('alert').count(), 0);
    await page.getByLabel('Token', { exact: true }).fill(`mlt_${'A'.repeat(43)}`);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.locator('.ask').getByRole('alert').getByText('does not take that token').waitFor();
    await page.getByLabel('Token', { exact: true }).fill(secret);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.locator('[data-key="default/web/w1"]').waitFor();
    assert.equal(await page.evaluate((text) => JSON.stringify([localStorage, sessionStorage, document.cookie]).includes(text), secret), false);
    await context.close();
    await guarded.remove();
  },

  /** What is sent is small, packed, asked for again by its ETag, and under a strict policy. */
  async files() {
    const get = (path, headers = {}) => fetch(`http://${daemon.address}${path}`, { headers });
    const sizes = await Promise.all(['/', '/page/page.js', '/page/page.css', '/page/icon.svg'].map(async (path) =>
      gzipSync(Buffer.from(await (await get(path)).arrayBuffer()), { level: 9 }).length));
    assert.ok(sizes.reduce((a, b) => a + b) < 60 * 1024, String(sizes));
    const script = await get('/page/page.js', { 'accept-encoding': 'gzip' });
    assert.equal(script.headers.get('content-encoding'), 'gzip');
    assert.equal((await get('/page/page.js', { 'accept-encoding': 'gzip;q=0' })).headers.get('content-encoding'), null);
    const again = await get('/page/page.js', { 'accept-encoding': 'gzip', 'if-none-match': script.headers.get('etag') });
    assert.equal(again.status, 304);
    const policy = (await get('/')).headers.get('content-security-policy');
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|http|\*/);
    assert.equal((await get('/page/')).status >= 400, true);
  },
};

async function prepare() {
  await daemon.start();
  // What the pool of processes has to tell has happened before anybody looks.
  for (let pools = []; pools.length !== 3 || !pools.every((pool) => pool.healthyCount === 1);)
    pools = (await daemon.call('registry.v1.RegistryService/ListServices', { namespace: 'mltrainer' })).services ?? [];
  for (const [id, port] of [['w1', 9001], ['w2', 9002]]) {
    await daemon.call('registry.v1.RegistryService/Register', { instance: instance(id, port) });
    await report(id, true);
  }
  await daemon.upload('prices', csv());
  await submit('ridge');
  await submit('lasso');
}

let browser;
try {
  await prepare();
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(cells)) {
    try {
      await cells[name](browser);
      console.log(`ok page/${name}`);
    } catch (error) {
      console.log(String(error.stack ?? error));
      console.log(`not ok page/${name}`);
    }
  }
} finally {
  await browser?.close();
  await daemon.remove();
}
