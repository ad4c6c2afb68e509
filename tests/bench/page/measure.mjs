// SPDX-License-Identifier: Apache-2.0

// What a reader of the page waits for, and what open pages cost the server. Prints one JSON object. From build/interop/page:
//   MLT_BUILD=… node measure.mjs LOADS CHANGES PAGES BARE_RESPONDER
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect } from 'node:http2';
import { createServer } from 'node:net';
import { chromium } from 'playwright-core';
import { Daemon } from './daemon.mjs';

const [loads, changes, pages] = process.argv.slice(2, 5).map(Number);
const bare = process.argv[5];
const key = { service: 'web', id: 'w1' };
const daemon = new Daemon();

const rssKib = (pid) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4;
const report = (passing) => daemon.call('registry.v1.RegistryService/Heartbeat', { key, reports: [{ name: 'self', passing }] });

const firstPaint = (page) => page.evaluate(() => new Promise((done) => {
  const take = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
  const poll = () => (take() === undefined ? requestAnimationFrame(poll) : done(take()));
  poll();
}));

/** What the browser itself needs for a page of one word, from a server that does nothing else. */
async function emptyPaint(browser, port) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  const painted = await firstPaint(page);
  await context.close();
  return painted;
}

/** Ours and the empty one in turns, so that both meet the same machine. */
async function paints(browser) {
  const first = [], shown = [], empty = [];
  const nothing = createHttpServer((_, answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>x</title>word'));
  await new Promise((listening) => nothing.listen(0, '127.0.0.1', listening));
  for (let i = 0; i < loads; i++) {
    empty.push(await emptyPaint(browser, nothing.address().port));
    const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
    const page = await context.newPage();
    await page.goto(`http://${daemon.address}/`);
    await page.locator('[data-key="default/web/w1"]').waitFor();
    shown.push(await page.evaluate(() => performance.now()));
    first.push(await firstPaint(page));
    await context.close();
  }
  nothing.close();
  return { empty_paint_ms: empty, first_paint_ms: first, picture_ms: shown };
}

async function onScreen(browser) {
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`http://${daemon.address}/`);
  await page.locator('[data-key="default/web/w1"]').waitFor();
  await page.evaluate(() => {
    const dot = document.querySelector('[data-view]').shadowRoot.querySelector('[data-key="default/web/w1"] > .dot');
    window.seen = 0; // the frame after the change is when it is on the screen
    new MutationObserver(() => requestAnimationFrame(() => { window.seen = Date.now(); })).observe(dot, { attributes: true, attributeFilter: ['class'] });
  });
  const took = [];
  for (let i = 0; i < changes; i++) {
    await page.evaluate(() => { window.seen = 0; });
    const began = Date.now();
    await report(i % 2 === 1);
    took.push(await page.evaluate((t) => new Promise((done) => {
      const poll = () => (window.seen ? done(window.seen - t) : setTimeout(poll, 1));
      poll();
    }), began));
  }
  await context.close();
  return { change_ms: took };
}

/** A request on a session of HTTP/2; resolves when the first bytes of its answer are there. The stream stays. */
function ask(session, path, type, body) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': type, 'connect-protocol-version': '1', te: 'trailers' });
    stream.on('error', reject);
    stream.on('data', resolve);
    stream.end(body);
  });
}

function envelope(message) {
  const json = Buffer.from(JSON.stringify(message)), head = Buffer.alloc(5);
  head.writeUInt32BE(json.length, 1);
  return Buffer.concat([head, json]);
}

/** What one of `pages` connections costs: RSS before and after `open` on each. */
async function each(address, pid, open) {
  const sessions = [];
  const add = async () => {
    const session = connect(`http://${address}`);
    sessions.push(session);
    await open(session);
  };
  for (let i = 0; i < 10; i++) await add();
  const before = rssKib(pid);
  for (let i = 0; i < pages; i++) await add();
  const kib = (rssKib(pid) - before) / pages;
  for (const session of sessions) session.destroy();
  return kib;
}

/** The two streams that a page holds: a picture, and the registry's changes. */
async function openPage(session) {
  await ask(session, '/mltrainer.diagram.v1.DiagramService/Watch', 'application/connect+json', envelope({ view: 'registry', theme: 'THEME_LIGHT' }));
  await ask(session, '/mltrainer.registry.v1.RegistryService/Watch', 'application/connect+json', envelope({}));
}

async function bareConnection() {
  const port = await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => resolve(port)); });
  });
  const server = spawn(bare, [`127.0.0.1:${port}`], { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  try {
    return await each(`127.0.0.1:${port}`, server.pid, (session) => ask(session, '/helloworld.Greeter/SayHello', 'application/grpc', Buffer.from([0, 0, 0, 0, 0])));
  } finally {
    server.kill();
  }
}

let browser;
try {
  await daemon.start();
  await daemon.call('registry.v1.RegistryService/Register', { instance: { key, endpoints: [{ address: '127.0.0.1', port: 9 }], leaseTtl: '3600s',
    checks: [{ name: 'self', ttl: {}, interval: '3600s', rise: 1, fall: 1 }] } });
  await report(true);
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const figures = { ...await paints(browser), ...await onScreen(browser) };
  await browser.close();
  browser = undefined;
  figures.bare_kib = await bareConnection();
  figures.page_kib = await each(daemon.address, daemon.process.pid, openPage);
  console.log(JSON.stringify(figures));
} finally {
  await browser?.close();
  await daemon.remove();
}
