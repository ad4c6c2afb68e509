// SPDX-License-Identifier: Apache-2.0
/**
 * The same stubs in TypeScript, where requests and replies have types: services with a healthy instance.
 *
 *     npx tsc && node services.js
 */
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { RegistryService, type ServiceSummary } from 'mltrainer/registry/v1/registry_pb';

const server = process.env.MLTRAINER_SERVER ?? '127.0.0.1:50051';
const registry = createClient(RegistryService, createGrpcTransport({ baseUrl: `http://${server}` }));
const { services } = await registry.listServices({ pageSize: 100 }, { timeoutMs: 5000 });
const healthy = (service: ServiceSummary): boolean => service.healthyCount > 0;
for (const { namespace, service } of services.filter(healthy)) console.log(`${namespace}/${service}`);
