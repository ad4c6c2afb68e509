// SPDX-License-Identifier: Apache-2.0
// A client of xds:/// by @grpc/grpc-js-xds. Reads lines "TARGET COUNT SECONDS" and answers each with a line of JSON: how
// many of COUNT calls each backend answered, and how many ended with which code.   node xds.mjs PROTO_FOLDER
import { createInterface } from 'node:readline';
import * as grpc from '@grpc/grpc-js';
import * as loader from '@grpc/proto-loader';
import { register } from '@grpc/grpc-js-xds';

register();
const { helloworld } = grpc.loadPackageDefinition(loader.loadSync(`${process.argv[2]}/external/helloworld.proto`));
const greeters = new Map();

function sayHello(greeter, seconds) {
  return new Promise((resolve) => {
    greeter.sayHello({ name: 'x' }, { deadline: Date.now() + seconds * 1000 },
      (error, reply) => resolve(error ? grpc.status[error.code] : reply.message));
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const [target, count, seconds] = line.split(' ');
  if (!greeters.has(target)) greeters.set(target, new helloworld.Greeter(target, grpc.credentials.createInsecure()));
  const seen = {};
  for (let i = 0; i < Number(count); i += 1) {
    const answer = await sayHello(greeters.get(target), Number(seconds)); // one after another
    seen[answer] = (seen[answer] ?? 0) + 1;
  }
  console.log(JSON.stringify(seen));
}
process.exit(0);
