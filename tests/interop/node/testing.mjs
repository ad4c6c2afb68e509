// SPDX-License-Identifier: Apache-2.0

// grpc.testing, from Debian's grpc-proto, as grpc-js sees it; and flags.
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const definition = loadSync('grpc/testing/test.proto', {
  includeDirs: ['/usr/share/grpc-proto'], defaults: true, oneofs: true,
});

export const { TestService, UnimplementedService } = grpc.loadPackageDefinition(definition).grpc.testing;

export const HEADER = 'x-grpc-test-echo-initial';
export const TRAILER = 'x-grpc-test-echo-trailing-bin';

/** --name=value and --name of the command line, over the defaults. */
export function flags(defaults) {
  const values = { ...defaults };
  for (const argument of process.argv.slice(2)) {
    const [, name, value] = /^--([a-z_0-9]+)(?:=(.*))?$/.exec(argument) ?? [];
    if (!(name in defaults)) throw new Error(`there is no flag ${argument}`);
    values[name] = typeof defaults[name] === 'number' ? Number(value) : value ?? true;
  }
  return values;
}

export const zeros = (size) => ({ body: Buffer.alloc(size) });
