// SPDX-License-Identifier: Apache-2.0
// The Node column of the matrix: grpc-js with proto-loader, gRPC's own generator for Node, which makes the stubs when
// the program starts, from proto/ as it is.   node client.mjs ADDRESS SERVER_PID PROTO_FOLDER
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import * as loader from '@grpc/proto-loader';
import protobuf from 'protobufjs';

const EFFECT_MS = 120_000;
const [address, serverPid, protoFolder] = process.argv.slice(2);
const loading = {
  keepCase: false, longs: Number, enums: String, defaults: true, oneofs: true,
  includeDirs: [protoFolder, `${protoFolder}/external`],
};
const files = ['registry/v1/registry', 'execution/v1/execution', 'diagram/v1/diagram', 'admin/v1/admin']
  .map((name) => `mltrainer/${name}.proto`)
  .concat('grpc/health/v1/health.proto', 'grpc/reflection/v1/reflection.proto');
const { mltrainer, grpc: standard } = grpc.loadPackageDefinition(loader.loadSync(files, loading));

function open(Client) {
  return new Client(address, grpc.credentials.createInsecure());
}

const clients = {
  registry: open(mltrainer.registry.v1.RegistryService),
  execution: open(mltrainer.execution.v1.ExecutionService),
  diagram: open(mltrainer.diagram.v1.DiagramService),
  admin: open(mltrainer.admin.v1.AdminService),
  health: open(standard.health.v1.Health),
  reflection: open(standard.reflection.v1.ServerReflection),
};

/** A unary call as a promise. */
function call(client, method, request = {}, seconds = 120) {
  return new Promise((resolve, reject) => {
    client[method](request, { deadline: Date.now() + seconds * 1000 },
      (error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

async function becomes(what, wanted) {
  let seen;
  for (const end = Date.now() + EFFECT_MS; Date.now() < end; await sleep(20)) {
    seen = await what();
    if (seen === wanted) return;
  }
  assert.fail(`${wanted} never came, at last ${seen}`);
}

const watchers = async () => (await call(clients.registry, 'getRegistryInfo')).watcherCount;
const activeCalls = async () => (await call(clients.admin, 'getServerInfo')).activeCalls;

function register(service, id, port = 8080) {
  return call(clients.registry, 'register', {
    instance: { key: { service, id }, endpoints: [{ address: '192.0.2.1', port }], leaseTtl: { seconds: 60 } },
  });
}

/** Everything that a stream says until it ends; the status is given back, whatever it is. */
async function readAll(stream) {
  const messages = [];
  stream.on('data', (message) => messages.push(message));
  stream.on('error', () => {}); // the same as the status
  const status = await new Promise((resolve) => stream.on('status', resolve));
  return { messages, status };
}

async function codeOf(promise) {
  try {
    await promise;
    return grpc.status.OK;
  } catch (error) {
    return error.code;
  }
}

const cells = {
  /** The descriptors that the server tells make a working client, without our .proto. */
  async reflection() {
    const stream = clients.reflection.serverReflectionInfo();
    stream.write({ fileContainingSymbol: 'mltrainer.admin.v1.AdminService' });
    const [reply] = await once(stream, 'data');
    stream.end();
    const set = protobuf.Root.fromJSON({
      nested: { Set: { fields: { file: { id: 1, rule: 'repeated', type: 'bytes' } } } },
    }).lookupType('Set');
    const file = reply.fileDescriptorResponse.fileDescriptorProto;
    const definition = loader.loadFileDescriptorSetFromBuffer(set.encode({ file }).finish(), loading);
    const { AdminService } = grpc.loadPackageDefinition(definition).mltrainer.admin.v1;
    const info = await call(open(AdminService), 'getServerInfo');
    assert.equal(info.process_id, Number(serverPid)); // descriptors keep the names of the .proto
  },

  async unary_registry() {
    const { instance } = await register('node-unary', 'a');
    assert.equal(instance.owner, 'anonymous');
    assert.equal(instance.weight, 100);
    const found = await call(clients.registry, 'discover', { service: 'node-unary' });
    assert.deepEqual(found.instances.map((each) => each.key.id), ['a']);
  },

  async unary_execution() {
    const { model } = await call(clients.execution, 'getModel', { id: 'ridge' });
    assert.equal(model.unavailable, false);
    assert.ok(model.parameters.some((parameter) => parameter.name === 'alpha'));
  },

  async unary_diagram() {
    const { info, content } = await call(clients.diagram, 'render',
      { drawing: { view: 'system-overview', format: 'FORMAT_SVG' } });
    assert.equal(info.sizeBytes, content.length);
    assert.ok(content.toString().trimEnd().endsWith('</svg>'));
  },

  async unary_admin() {
    const info = await call(clients.admin, 'getServerInfo');
    assert.equal(info.processId, Number(serverPid));
    assert.ok(info.activeCalls >= 1);
  },

  async unary_health() {
    assert.equal((await call(clients.health, 'check')).status, 'SERVING');
    assert.equal(await codeOf(call(clients.health, 'check', { service: 'no.such.Service' })), grpc.status.NOT_FOUND);
  },

  /** A picture in chunks, whole. */
  async server_streaming() {
    const drawing = { view: 'system-overview', format: 'FORMAT_PNG', dpi: 300 };
    const { messages, status } = await readAll(clients.diagram.renderStream({ drawing }));
    assert.equal(status.code, grpc.status.OK, status.details);
    const picture = Buffer.concat(messages.map((message) => message.chunk));
    assert.ok(messages.length > 1);
    assert.equal(messages[0].info.sizeBytes, picture.length);
    assert.equal(picture.subarray(1, 4).toString(), 'PNG');
  },

  /** An upload in chunks that cut lines anywhere. */
  async client_streaming() {
    const lines = Array.from({ length: 2000 }, (_, i) => `2024-01-${String(1 + (i % 28)).padStart(2, '0')},${100 + i / 8}\n`);
    const data = Buffer.from('day,close\n' + lines.join(''));
    const sha256 = createHash('sha256').update(data).digest('hex');
    const dataset = await new Promise((resolve, reject) => {
      const stream = clients.execution.uploadDataset((error, reply) => (error ? reject(error) : resolve(reply.dataset)));
      stream.write({ header: { name: 'node-stream', sha256 } });
      for (let at = 0; at < data.length; at += 777) stream.write({ chunk: data.subarray(at, at + 777) });
      stream.end();
    });
    assert.equal(dataset.rowCount, 2000);
    assert.equal(dataset.sha256, sha256);
  },

  /** Ping-pong: each answer comes before the next request is sent. */
  async bidi_streaming() {
    await register('node-bidi', 'here');
    const stream = clients.registry.heartbeatStream();
    const status = once(stream, 'status');
    for (const [id, code] of [['here', 0], ['absent', 5], ['here', 0]]) {
      const reply = once(stream, 'data');
      stream.write({ heartbeat: { key: { service: 'node-bidi', id } } });
      assert.deepEqual((await reply).map((message) => [message.key.id, message.code]), [[id, code]]);
    }
    stream.end();
    assert.equal((await status)[0].code, grpc.status.OK);
  },

  /** The server sees it: the watcher goes, and no call stays open. (That instances go when their stream breaks is for
   *  the other clients to show: Node's http2 ends a stream politely before it resets it, which is a half-close.) */
  async cancel() {
    const [watching, active] = [await watchers(), await activeCalls()];
    const watch = clients.registry.watch({});
    const ended = readAll(watch);
    await becomes(watchers, watching + 1);
    watch.cancel();
    assert.equal((await ended).status.code, grpc.status.CANCELLED);
    await becomes(watchers, watching);

    const { instance } = await register('node-cancel', 'a');
    const beats = clients.registry.heartbeatStream();
    beats.write({ heartbeat: { key: instance.key } });
    assert.equal((await once(beats, 'data'))[0].code, 0);
    const beaten = readAll(beats);
    beats.cancel();
    assert.equal((await beaten).status.code, grpc.status.CANCELLED);
    await becomes(async () => (await activeCalls()) <= active, true); // one that had just ended was among them
  },

  async deadline() {
    const [watching, active] = [await watchers(), await activeCalls()];
    const began = Date.now();
    const { messages, status } = await readAll(clients.registry.watch({}, { deadline: began + 3000 }));
    assert.equal(status.code, grpc.status.DEADLINE_EXCEEDED, status.details);
    assert.ok(messages.length >= 1 && messages[0].snapshot.first);
    assert.ok(Date.now() - began > 2900);
    await becomes(watchers, watching);
    await becomes(async () => (await activeCalls()) <= active, true); // one that had just ended was among them
  },

  async error_details() {
    const error = await register('node-errors', 'a', 70000).then(() => assert.fail('it was accepted'), (failure) => failure);
    assert.equal(error.code, grpc.status.INVALID_ARGUMENT, error.message);
    const root = new protobuf.Root();
    root.resolvePath = (_, target) => (target.startsWith('google/rpc') ? `${protoFolder}/external/${target}` : target);
    await root.load(['google/rpc/status.proto', 'google/rpc/error_details.proto']);
    const status = root.lookupType('google.rpc.Status').decode(error.metadata.get('grpc-status-details-bin')[0]);
    assert.equal(status.code, grpc.status.INVALID_ARGUMENT);
    assert.equal(status.details[0].type_url, 'type.googleapis.com/google.rpc.BadRequest');
    const bad = root.lookupType('google.rpc.BadRequest').decode(status.details[0].value);
    assert.equal(bad.fieldViolations[0].field, 'instance.endpoints[0].port');
  },
};

for (const [name, run] of Object.entries(cells)) {
  try {
    await run();
    console.log(`ok node/${name}`);
  } catch (error) {
    console.log(`${error.stack}\nnot ok node/${name}`);
  }
}
process.exit(0);
