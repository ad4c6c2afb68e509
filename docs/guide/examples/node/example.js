// SPDX-License-Identifier: Apache-2.0
/**
 * mlTrainer from Node.
 *
 *     node example.js keep SERVICE ID ADDRESS PORT   register an instance and keep it registered, until SIGINT or SIGTERM
 *     node example.js train FILE.csv TARGET          upload, train, follow the job, predict the last row
 *     node example.js watch SERVICE                  tell each change of a service's instances
 *
 * The server is MLTRAINER_SERVER (127.0.0.1:50051), over TLS if MLTRAINER_CA names a file of certificates;
 * MLTRAINER_TOKEN is sent.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { ExecutionService } from 'mltrainer/execution/v1/execution_pb';
import { JobState } from 'mltrainer/execution/v1/job_pb';
import { ChangeKind, HealthState, RegistryService } from 'mltrainer/registry/v1/registry_pb';

const { MLTRAINER_SERVER: server = '127.0.0.1:50051', MLTRAINER_CA: authority, MLTRAINER_TOKEN: token } = process.env;
const callTime = { timeoutMs: 10_000 };
const jobTime = { timeoutMs: 300_000 };

const transport = createGrpcTransport({
  baseUrl: `${authority ? 'https' : 'http'}://${server}`,
  nodeOptions: authority ? { ca: readFileSync(authority) } : {},
  interceptors: token ? [(next) => (request) => { request.header.set('authorization', `Bearer ${token}`); return next(request); }] : [],
});
const registry = createClient(RegistryService, transport);
const execution = createClient(ExecutionService, transport);

const leave = new AbortController();
const pause = (ms) => sleep(ms, undefined, { signal: leave.signal }).catch(() => {});

async function keep(service, id, address, port) {
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => leave.abort());
  const key = { service, id };
  const instance = { key, endpoints: [{ address, port: Number(port) }], leaseTtl: { seconds: 10n } };

  async function* heartbeats({ instance: { incarnation }, heartbeatInterval: { seconds, nanos } }) {
    while (!leave.signal.aborted) {
      yield { heartbeat: { key, incarnation }, expireOnDisconnect: true };
      await pause(Number(seconds) * 1000 + nanos / 1e6);
    }
  }
  while (!leave.signal.aborted) { // a restart, an outage, a deregistration by somebody else: register again
    try {
      const registered = await registry.register({ instance }, callTime);
      console.log(`registered ${service}/${id}, incarnation ${registered.instance.incarnation}`);
      for await (const { code, text } of registry.heartbeatStream(heartbeats(registered))) {
        if (code !== 0) throw new ConnectError(text, code);
      }
    } catch (error) {
      console.log(`lost: ${ConnectError.from(error).message}`);
    }
    await pause(100 + 900 * Math.random());
  }
  await registry.deregister({ key }, callTime).catch((error) => { // it may be gone already
    if (error.code !== Code.NotFound) throw error;
  });
  console.log(`deregistered ${service}/${id}`);
}

async function* chunks(path) {
  yield { message: { case: 'header', value: { name: 'example' } } };
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) yield { message: { case: 'chunk', value: chunk } };
}

/** What the job does until it ends; its result. */
async function follow(id) {
  let ended;
  for await (const { event, job } of execution.watchJob({ id }, jobTime)) {
    if (event.event.case === 'progress') console.log(`${Math.round(100 * event.event.value.fraction)}% ${event.event.value.stage}`);
    if (job) console.log(JobState[(ended = job).state].toLowerCase());
  }
  if (ended.state !== JobState.SUCCEEDED) throw new ConnectError(ended.failure.message, ended.failure.code || Code.Aborted);
  return ended.result;
}

async function train(path, target) {
  const { dataset } = await execution.uploadDataset(chunks(path), jobTime);
  console.log(`dataset ${dataset.name}@${dataset.version}, ${dataset.rowCount} rows`);
  const data = { data: { case: 'dataset', value: `${dataset.name}@${dataset.version}` } };
  const columns = { case: 'selection', value: { targetColumn: target } };
  const work = { case: 'train', value: { model: 'ridge', data, columns, artifactName: 'example' } };
  const { job } = await execution.submitJob({ spec: { work }, requestId: randomUUID() }, callTime); // harmless to repeat
  const result = await follow(job.id);
  for (const { name, value } of result.testMetrics) console.log(name, value.toPrecision(6));
  const { table } = await execution.predict({ artifact: result.artifact, data, lastRowOnly: true }, callTime);
  const prediction = table.columns.find(({ name }) => name === 'prediction');
  console.log('prediction', prediction.values.value.values[0].toPrecision(9));
}

async function watch(service) {
  const tell = (what, { key, status }) => console.log(what, key.id, HealthState[status.state].toLowerCase());
  for await (const { body } of registry.watch({ service })) {
    if (body.case === 'snapshot') body.value.instances.forEach((instance) => tell('present', instance));
    if (body.case === 'changes') body.value.changes.forEach(({ kind, instance }) => tell(ChangeKind[kind].toLowerCase(), instance));
  }
}

const [, , command, ...rest] = process.argv;
const run = { keep, train, watch }[command];
if (rest.length !== run?.length) {
  console.error('usage: node example.js keep SERVICE ID ADDRESS PORT | train FILE.csv TARGET | watch SERVICE');
  process.exit(64);
}
await run(...rest);
process.exit(0); // not to wait for an idle connection
