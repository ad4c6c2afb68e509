// SPDX-License-Identifier: Apache-2.0

// gRPC's interop server on stock grpc-js. Prints "ready ADDRESS:PORT" and serves until it is killed.
//
//   interop_server.mjs [--tls_cert_file=FILE --tls_key_file=FILE]
//
// A grpc-js server neither compresses nor tells whether a request came compressed.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import grpc from '@grpc/grpc-js';

import { HEADER, TestService, TRAILER, flags, zeros } from './testing.mjs';

const { tls_cert_file: certificate, tls_key_file: key } = flags({ tls_cert_file: '', tls_key_file: '' });

function echoed(call) {
  const trailers = new grpc.Metadata();
  const [header] = call.metadata.get(HEADER);
  const [trailer] = call.metadata.get(TRAILER);
  if (header !== undefined) {
    const headers = new grpc.Metadata();
    headers.set(HEADER, header);
    call.sendMetadata(headers);
  }
  if (trailer !== undefined) trailers.set(TRAILER, trailer);
  return trailers;
}

const asksToFail = (request) => request.responseStatus && request.responseStatus.code !== 0;
const failure = (request, metadata) => ({ code: request.responseStatus.code, details: request.responseStatus.message, metadata });

function unaryCall(call, done) {
  const trailers = echoed(call);
  if (asksToFail(call.request)) done(failure(call.request, trailers));
  else done(null, { payload: zeros(call.request.responseSize) }, trailers);
}

async function answer(call, request) {
  for (const { size, intervalUs } of request.responseParameters) {
    if (intervalUs > 0) await sleep(intervalUs / 1000);
    call.write({ payload: zeros(size) });
  }
}

async function streamingOutputCall(call) {
  const trailers = echoed(call);
  if (asksToFail(call.request)) return call.emit('error', failure(call.request, trailers));
  await answer(call, call.request);
  return call.end(trailers);
}

function streamingInputCall(call, done) {
  let sum = 0;
  call.on('data', (request) => { sum += request.payload?.body.length ?? 0; });
  call.on('end', () => done(null, { aggregatedPayloadSize: sum }));
}

// Not by for await, which destroys the call, and what is to be written on it, with its last request.
function fullDuplexCall(call) {
  const trailers = echoed(call);
  let answered = Promise.resolve();
  call.on('data', (request) => {
    if (asksToFail(request)) call.emit('error', failure(request, trailers));
    else answered = answered.then(() => answer(call, request));
  });
  call.on('end', () => answered.then(() => call.end(trailers)));
}

const server = new grpc.Server();
server.addService(TestService.service, {
  emptyCall: (call, done) => done(null, {}),
  unaryCall,
  streamingOutputCall,
  streamingInputCall,
  fullDuplexCall,
});
const credentials = certificate
  ? grpc.ServerCredentials.createSsl(null, [{ cert_chain: readFileSync(certificate), private_key: readFileSync(key) }])
  : grpc.ServerCredentials.createInsecure();
server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
  if (error) throw error;
  console.log(`ready 127.0.0.1:${port}`);
});
process.on('SIGTERM', () => server.forceShutdown());
