// SPDX-License-Identifier: Apache-2.0

// gRPC's interop client on stock grpc-js: one case; exit 0 when all that it asserts is so.
//
//   interop_client.mjs --server_host=HOST --server_port=PORT --test_case=CASE [--use_tls --ca_file=FILE
//                      --server_host_override=NAME]
//
// grpc-js does not tell a client whether a response came compressed: the cases with compressed responses assert the rest.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import grpc from '@grpc/grpc-js';

import { HEADER, TestService, TRAILER, UnimplementedService, flags, zeros } from './testing.mjs';

const arguments_ = flags({
  server_host: 'localhost', server_port: 10000, server_host_override: '', test_case: 'large_unary', use_tls: false, ca_file: '',
  soak_iterations: 10, soak_max_failures: 0, soak_per_iteration_max_acceptable_latency_ms: 1000, soak_overall_timeout_seconds: 10,
});

const LARGE_REQUEST = 271828;
const LARGE_RESPONSE = 314159;
const REQUEST_SIZES = [27182, 8, 1828, 45904];
const RESPONSE_SIZES = [31415, 9, 2653, 58979];
const GZIP = { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip };
const NO_COMPRESS = 2; // grpc's write flag

function open(Client = TestService, options = {}) {
  const credentials = arguments_.use_tls
    ? grpc.credentials.createSsl(readFileSync(arguments_.ca_file)) : grpc.credentials.createInsecure();
  const override = arguments_.server_host_override;
  // Without a name of its own each client would share the connection of the others.
  return new Client(`${arguments_.server_host}:${arguments_.server_port}`, credentials, {
    ...(override && { 'grpc.ssl_target_name_override': override, 'grpc.default_authority': override }), ...options,
    'grpc.use_local_subchannel_pool': 1,
  });
}

const deadline = (seconds = 60) => ({ deadline: Date.now() + seconds * 1000 });
const large = (more = {}) => ({ responseSize: LARGE_RESPONSE, payload: zeros(LARGE_REQUEST), ...more });

function requireZeros(payload, size) {
  assert.ok(payload.body.equals(Buffer.alloc(size)), `${payload.body.length} bytes instead of ${size}, or not all zero`);
}

/** {response, headers, status} of a unary call, or of a stream of requests when that is an array. */
function unary(client, method, request, options = {}) {
  return new Promise((resolve, reject) => {
    const result = {};
    const done = (error, response) => (error ? reject(error) : Object.assign(result, { response }));
    const streams = Array.isArray(request);
    const metadata = options.metadata ?? new grpc.Metadata();
    const call = streams ? client[method](metadata, { ...deadline(), ...options }, done)
      : client[method](request, metadata, { ...deadline(), ...options }, done);
    call.on('metadata', (headers) => { result.headers = headers; });
    call.on('status', (status) => { if (status.code === 0) resolve(Object.assign(result, { status })); });
    for (const message of streams ? request : []) call.write(message);
    if (streams) call.end();
  });
}

/** A stream of responses, read one at a time. */
class Responses {
  constructor(call) {
    this.call = call;
    this.iterator = call[Symbol.asyncIterator]();
    call.on('metadata', (headers) => { this.headers = headers; });
    this.status = new Promise((resolve) => { call.on('status', resolve); });
    this.status.catch(() => {});
  }

  async next(size) {
    const { value, done } = await this.iterator.next();
    assert.ok(!done, 'there is no response');
    requireZeros(value.payload, size);
  }

  async end() {
    assert.ok((await this.iterator.next()).done, 'there is one more response');
    assert.equal((await this.status).code, grpc.status.OK);
  }
}

async function fails(code, promise) {
  const error = await promise.then(() => assert.fail('it succeeded'), (reason) => reason);
  assert.equal(error.code, code, String(error));
  return error;
}

const duplex = (client, options = {}) => new Responses(
  client.fullDuplexCall(options.metadata ?? new grpc.Metadata(), { ...deadline(), ...options }));
const ask = (size, payloadSize) => ({ responseParameters: [{ size }], payload: zeros(payloadSize) });

/** An interceptor that compresses, or not, each message as @wanted says in order. */
function compressing(wanted) {
  return (options, nextCall) => {
    let sent = 0;
    class Marking extends grpc.InterceptingCall {
      sendMessageWithContext(context, message) {
        const flagged = { ...context, flags: wanted[sent] ? 0 : NO_COMPRESS };
        sent += 1;
        super.sendMessageWithContext(flagged, message);
      }
    }
    return new Marking(nextCall(options));
  };
}

async function checkEchoed(headers, trailers) {
  assert.deepEqual(headers.get(HEADER), ['test_initial_metadata_value']);
  assert.deepEqual(trailers.get(TRAILER), [Buffer.from([0xab, 0xab, 0xab])]);
}

async function soak(fresh) {
  const flagged = arguments_;
  const ends = Date.now() + flagged.soak_overall_timeout_seconds * 1000;
  let failed = 0;
  let client = open();
  for (let i = 0; i < flagged.soak_iterations; i += 1) {
    assert.ok(Date.now() < ends, `${i} of ${flagged.soak_iterations} iterations were done in time`);
    const began = Date.now();
    try {
      await cases.large_unary(client);
      if (Date.now() - began > flagged.soak_per_iteration_max_acceptable_latency_ms) failed += 1;
    } catch (error) {
      console.error(error);
      failed += 1;
    }
    if (fresh) {
      client.close();
      client = open();
    }
  }
  client.close();
  assert.ok(failed <= flagged.soak_max_failures, `${failed} iterations failed or were slow`);
}

const cases = {
  async empty_unary(client) {
    assert.deepEqual((await unary(client, 'emptyCall', {})).response, {});
  },

  async large_unary(client) {
    requireZeros((await unary(client, 'unaryCall', large())).response.payload, LARGE_RESPONSE);
  },

  async client_streaming(client) {
    const requests = REQUEST_SIZES.map((size) => ({ payload: zeros(size) }));
    assert.equal((await unary(client, 'streamingInputCall', requests)).response.aggregatedPayloadSize, 74922);
  },

  async server_streaming(client) {
    const request = { responseParameters: RESPONSE_SIZES.map((size) => ({ size })) };
    const responses = new Responses(client.streamingOutputCall(request, deadline()));
    for (const size of RESPONSE_SIZES) await responses.next(size);
    await responses.end();
  },

  async ping_pong(client) {
    const responses = duplex(client);
    for (const [i, size] of RESPONSE_SIZES.entries()) {
      responses.call.write(ask(size, REQUEST_SIZES[i]));
      await responses.next(size);
    }
    responses.call.end();
    await responses.end();
  },

  async empty_stream(client) {
    const responses = duplex(client);
    responses.call.end();
    await responses.end();
  },

  async custom_metadata(client) {
    const metadata = new grpc.Metadata();
    metadata.set(HEADER, 'test_initial_metadata_value');
    metadata.set(TRAILER, Buffer.from([0xab, 0xab, 0xab]));
    const { response, headers, status } = await unary(client, 'unaryCall', large(), { metadata });
    requireZeros(response.payload, LARGE_RESPONSE);
    await checkEchoed(headers, status.metadata);
    const responses = duplex(client, { metadata });
    responses.call.write(ask(LARGE_RESPONSE, LARGE_REQUEST));
    responses.call.end();
    await responses.next(LARGE_RESPONSE);
    await responses.end();
    await checkEchoed(responses.headers, (await responses.status).metadata);
  },

  async status_code_and_message(client) {
    const responseStatus = { code: 2, message: 'test status message' };
    const error = await fails(grpc.status.UNKNOWN, unary(client, 'unaryCall', { responseStatus }));
    assert.equal(error.details, responseStatus.message);
    const responses = duplex(client);
    responses.call.write({ responseStatus });
    responses.call.end();
    assert.equal((await fails(grpc.status.UNKNOWN, responses.iterator.next())).details, responseStatus.message);
  },

  async special_status_message(client) {
    const message = '\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \u{1f608}\t\n';
    const error = await fails(grpc.status.UNKNOWN, unary(client, 'unaryCall', { responseStatus: { code: 2, message } }));
    assert.equal(error.details, message);
  },

  async unimplemented_method(client) {
    await fails(grpc.status.UNIMPLEMENTED, unary(client, 'unimplementedCall', {}));
  },

  async unimplemented_service() {
    const client = open(UnimplementedService);
    await fails(grpc.status.UNIMPLEMENTED, unary(client, 'unimplementedCall', {}));
    client.close();
  },

  async cancel_after_begin(client) {
    await fails(grpc.status.CANCELLED, new Promise((resolve, reject) => {
      client.streamingInputCall(deadline(), (error) => (error ? reject(error) : resolve())).cancel();
    }));
  },

  async cancel_after_first_response(client) {
    const responses = duplex(client);
    responses.call.write(ask(RESPONSE_SIZES[0], REQUEST_SIZES[0]));
    await responses.next(RESPONSE_SIZES[0]);
    responses.call.cancel();
    await fails(grpc.status.CANCELLED, responses.iterator.next());
  },

  async timeout_on_sleeping_server(client) {
    const responses = duplex(client, deadline(0.001));
    responses.call.write({ payload: zeros(27182) });
    await fails(grpc.status.DEADLINE_EXCEEDED, responses.iterator.next());
  },

  async client_compressed_unary(plain) {
    const gzip = open(TestService, GZIP);
    await fails(grpc.status.INVALID_ARGUMENT, unary(plain, 'unaryCall', large({ expectCompressed: { value: true } })));
    for (const [client, value] of [[gzip, true], [plain, false]]) {
      const { response } = await unary(client, 'unaryCall', large({ expectCompressed: { value } }));
      requireZeros(response.payload, LARGE_RESPONSE);
    }
    gzip.close();
  },

  async client_compressed_streaming(plain) {
    const gzip = open(TestService, GZIP);
    const message = (size, value) => ({ payload: zeros(size), expectCompressed: { value } });
    await fails(grpc.status.INVALID_ARGUMENT, unary(plain, 'streamingInputCall', [message(27182, true)]));
    const { response } = await unary(gzip, 'streamingInputCall', [message(27182, true), message(45904, false)],
      { interceptors: [compressing([true, false])] });
    assert.equal(response.aggregatedPayloadSize, 73086);
    gzip.close();
  },

  async server_compressed_unary(client) {
    for (const value of [true, false]) {
      const { response } = await unary(client, 'unaryCall', large({ responseCompressed: { value } }));
      requireZeros(response.payload, LARGE_RESPONSE);
    }
  },

  async server_compressed_streaming(client) {
    const responseParameters = [{ size: 31415, compressed: { value: true } }, { size: 92653, compressed: { value: false } }];
    const responses = new Responses(client.streamingOutputCall({ responseParameters }, deadline()));
    for (const { size } of responseParameters) await responses.next(size);
    await responses.end();
  },

  rpc_soak: () => soak(false),
  channel_soak: () => soak(true),
};

const client = open();
await cases[arguments_.test_case](client);
client.close();
