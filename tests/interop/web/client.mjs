// SPDX-License-Identifier: Apache-2.0
// The gRPC-Web and Connect columns of the matrix: connect's clients, for Node over HTTP/1.1 and HTTP/2 and, by fetch, as in
// a browser; Google's own client, in text.
// Services come from the descriptors that protoc makes of proto/.   node client.mjs COLUMN ADDRESS SERVER_PID
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import * as node from '@connectrpc/connect-node';
import * as web from '@connectrpc/connect-web';
import { createGoogleTransport } from './google.mjs';

const [column, address, serverPid] = process.argv.slice(2);
const baseUrl = `http://${address}`;
const gzip = { sendCompression: node.compressionGzip, acceptCompression: [node.compressionGzip], compressMinBytes: 0 };
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(new URL('api.binpb', import.meta.url))));
const transports = {
  'web-http1': () => node.createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
  'web-http2': () => node.createGrpcWebTransport({ baseUrl, httpVersion: '2' }),
  'web-gzip': () => node.createGrpcWebTransport({ baseUrl, httpVersion: '1.1', ...gzip }),
  'web-fetch': () => web.createGrpcWebTransport({ baseUrl }),
  'web-google': () => createGoogleTransport({ baseUrl, registry }),
  'connect-http1': () => node.createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
  'connect-http2': () => node.createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: true }),
  'connect-gzip': () => node.createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: false, ...gzip }),
  'connect-get': () => node.createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false, useHttpGet: true }),
  'connect-fetch': () => web.createConnectTransport({ baseUrl }),
};
const transport = transports[column]();
const Format = Object.fromEntries(registry.getEnum('mltrainer.diagram.v1.Format').values.map((v) => [v.localName, v.number]));
const open = (name) => createClient(registry.getService(name), transport);
const clients = {
  registry: open('mltrainer.registry.v1.RegistryService'),
  execution: open('mltrainer.execution.v1.ExecutionService'),
  diagram: open('mltrainer.diagram.v1.DiagramService'),
  admin: open('mltrainer.admin.v1.AdminService'),
  health: open('grpc.health.v1.Health'),
};

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return ConnectError.from(error);
  }
  return assert.fail('it went well');
}

async function becomes(what, wanted) {
  let seen;
  for (const end = Date.now() + 120_000; Date.now() < end;) {
    seen = await what();
    if (seen === wanted) return;
  }
  assert.fail(`${wanted} never came, at last ${seen}`);
}

const watchers = async () => Number((await clients.registry.getRegistryInfo({})).watcherCount);

const cells = {
  async unary() {
    assert.equal((await clients.health.check({})).status, 1);
    assert.equal((await clients.admin.getServerInfo({})).processId, Number(serverPid));
    assert.equal((await clients.execution.getModel({ id: 'ridge' })).model.id, 'ridge');
  },

  async unary_large() {
    const { info, content } = await clients.diagram.render(
      { drawing: { source: { case: 'view', value: 'system-overview' }, format: Format.SVG } });
    assert.equal(Number(info.sizeBytes), content.length);
    assert.ok(content.length > 4096, String(content.length));
  },

  async server_streaming() {
    let size = 0, messages = 0, announced = 0;
    const drawing = { source: { case: 'view', value: 'system-overview' }, format: Format.PNG, dpi: 300 };
    for await (const message of clients.diagram.renderStream({ drawing })) {
      if (message.info) announced = Number(message.info.sizeBytes);
      size += message.chunk.length;
      messages += 1;
    }
    assert.ok(messages > 1);
    assert.equal(size, announced);
  },

  async metadata() {
    let trailers, headers;
    const calling = { headers: { 'x-custom-bin': 'AAEC' }, onTrailer: (t) => { trailers = t; }, onHeader: (h) => { headers = h; } };
    await clients.health.check({}, calling);
    const connect = column.startsWith('connect');
    if (!connect) assert.equal(trailers.get('grpc-status'), '0');
    const type = connect ? /^application\/(json|proto)$/ : /^application\/grpc-web/;
    if (column !== 'web-google') assert.match(headers.get('content-type'), type); // which it keeps to itself
  },

  async error_details() {
    const error = await failure(clients.registry.register({}));
    assert.equal(error.code, Code.InvalidArgument, error.message);
    const [violated] = error.findDetails(registry.getMessage('google.rpc.BadRequest'));
    assert.ok(violated.fieldViolations.length > 0);
    assert.equal((await failure(clients.health.check({ service: 'no.such.Service' }))).code, Code.NotFound);
  },

  async deadline() {
    const endless = async () => {
      for await (const _ of clients.health.watch({}, { timeoutMs: 300 })) { /* until the deadline */ }
    };
    assert.equal((await failure(endless())).code, Code.DeadlineExceeded);
  },

  /** A reader that goes away is noticed: its watch ends on the server. */
  async cancel() {
    const before = await watchers();
    const stop = new AbortController();
    const watching = (async () => {
      for await (const _ of clients.registry.watch({ service: 'web-cancel' }, { signal: stop.signal })) { /* forever */ }
    })();
    await becomes(watchers, before + 1);
    stop.abort();
    assert.equal((await failure(watching)).code, Code.Canceled);
    await becomes(watchers, before);
  },
};

for (const [name, cell] of Object.entries(cells)) {
  try {
    await cell();
    console.log(`ok ${column}/${name}`);
  } catch (error) {
    console.log(`${error.stack}\nnot ok ${column}/${name}`);
  }
}
process.exit(0);
