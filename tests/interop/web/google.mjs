// SPDX-License-Identifier: Apache-2.0
// Google's own gRPC-Web client (npm grpc-web), as a transport of connect's, so that the cells of client.mjs run over it. It
// speaks through XMLHttpRequest, in text: what browsers let it read as it comes.
import { createRequire } from 'node:module';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ConnectError } from '@connectrpc/connect';

const require = createRequire(import.meta.url);
globalThis.XMLHttpRequest = require('xmlhttprequest').XMLHttpRequest;
const { GrpcWebClientBase, MethodDescriptor } = require('grpc-web');

function metadataOf(header, timeoutMs) {
  const metadata = Object.fromEntries(new Headers(header ?? {}));
  if (timeoutMs) metadata.deadline = String(Date.now() + timeoutMs);
  return metadata;
}

/** grpc-status-details-bin is a google.rpc.Status. */
function failureOf(error, registry) {
  const failure = new ConnectError(error.message, error.code, error.metadata);
  const details = error.metadata?.['grpc-status-details-bin'];
  if (details) {
    const status = fromBinary(registry.getMessage('google.rpc.Status'), Buffer.from(details, 'base64'));
    failure.details = status.details.map((any) => ({ type: any.typeUrl.split('/').pop(), value: any.value }));
  }
  return failure;
}

/** Events of a stream as something to iterate over. */
class Queue {
  waiting = [];
  wake = () => {};

  push(entry) {
    this.waiting.push(entry);
    this.wake();
  }

  async* [Symbol.asyncIterator]() {
    for (;;) {
      while (this.waiting.length === 0) await new Promise((resolve) => { this.wake = resolve; });
      const entry = this.waiting.shift();
      if (entry.error) throw entry.error;
      if (entry.end) return;
      yield entry.message;
    }
  }
}

export function createGoogleTransport({ baseUrl, registry }) {
  const client = new GrpcWebClientBase({ format: 'text' });
  const describe = (method, kind) => new MethodDescriptor(
    `/${method.parent.typeName}/${method.name}`, kind, Object, Object,
    (message) => toBinary(method.input, message), (bytes) => fromBinary(method.output, bytes));
  const urlOf = (method) => `${baseUrl}/${method.parent.typeName}/${method.name}`;
  const result = (method, stream, header, trailer, message) => (
    { stream, service: method.parent, method, header, trailer, message });

  return {
    unary(method, signal, timeoutMs, header, input) {
      return new Promise((resolve, reject) => {
        const headers = new Headers(), trailers = new Headers();
        let answer;
        const call = client.rpcCall(urlOf(method), create(method.input, input), metadataOf(header, timeoutMs),
          describe(method, 'unary'), (error, message) => {
            if (error) reject(failureOf(error, registry));
            answer = message;
          });
        call.on('metadata', (metadata) => Object.entries(metadata).forEach(([key, value]) => headers.set(key, value)));
        call.on('status', (status) => trailers.set('grpc-status', String(status.code)));
        call.on('end', () => resolve(result(method, false, headers, trailers, answer)));
      });
    },

    async stream(method, signal, timeoutMs, header, input) {
      const queue = new Queue();
      for await (const message of input) {
        const call = client.serverStreaming(urlOf(method), create(method.input, message), metadataOf(header, timeoutMs),
          describe(method, 'server_streaming'));
        call.on('data', (response) => queue.push({ message: response }));
        call.on('error', (error) => queue.push({ error: failureOf(error, registry) }));
        call.on('end', () => queue.push({ end: true }));
        signal?.addEventListener('abort', () => {
          call.cancel();
          queue.push({ error: ConnectError.from(signal.reason) });
        });
      }
      return result(method, true, new Headers(), new Headers(), queue);
    },
  };
}
