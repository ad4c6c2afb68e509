// SPDX-License-Identifier: Apache-2.0

// Calls to the server that this page came from: the Connect protocol with JSON, over fetch. Types alone come from the
// .proto files (docs/adr/041-page-speaks-json.md), so nothing of protobuf is in the bundle.
import { server } from './server';
import type * as Admin from './gen/mltrainer/admin/v1/admin_pb';
import type * as Diagram from './gen/mltrainer/diagram/v1/diagram_pb';
import type * as Dataset from './gen/mltrainer/execution/v1/dataset_pb';
import type * as Jobs from './gen/mltrainer/execution/v1/job_pb';
import type * as Models from './gen/mltrainer/execution/v1/model_pb';
import type * as Runs from './gen/mltrainer/execution/v1/run_pb';
import type * as Registry from './gen/mltrainer/registry/v1/registry_pb';

/** Method of a call with one answer: [request, answer]. */
export interface Unary {
  'admin.v1.AdminService/GetServerInfo': [Admin.GetServerInfoRequestJson, Admin.GetServerInfoResponseJson];
  'diagram.v1.DiagramService/ListViews': [Diagram.ListViewsRequestJson, Diagram.ListViewsResponseJson];
  'execution.v1.ExecutionService/CancelJob': [Jobs.CancelJobRequestJson, Jobs.CancelJobResponseJson];
  'execution.v1.ExecutionService/CompareRuns': [Runs.CompareRunsRequestJson, Runs.CompareRunsResponseJson];
  'execution.v1.ExecutionService/GetDataset': [Dataset.GetDatasetRequestJson, Dataset.GetDatasetResponseJson];
  'execution.v1.ExecutionService/GetEngine': [Jobs.GetEngineRequestJson, Jobs.GetEngineResponseJson];
  'execution.v1.ExecutionService/GetJob': [Jobs.GetJobRequestJson, Jobs.GetJobResponseJson];
  'execution.v1.ExecutionService/GetModel': [Models.GetModelRequestJson, Models.GetModelResponseJson];
  'execution.v1.ExecutionService/ListDatasets': [Dataset.ListDatasetsRequestJson, Dataset.ListDatasetsResponseJson];
  'execution.v1.ExecutionService/ListJobs': [Jobs.ListJobsRequestJson, Jobs.ListJobsResponseJson];
  'execution.v1.ExecutionService/ListModels': [Models.ListModelsRequestJson, Models.ListModelsResponseJson];
  'execution.v1.ExecutionService/ListRuns': [Runs.ListRunsRequestJson, Runs.ListRunsResponseJson];
  'execution.v1.ExecutionService/PreviewDataset': [Dataset.PreviewDatasetRequestJson, Dataset.PreviewDatasetResponseJson];
  'execution.v1.ExecutionService/SubmitJob': [Jobs.SubmitJobRequestJson, Jobs.SubmitJobResponseJson];
  'registry.v1.RegistryService/GetInstance': [Registry.GetInstanceRequestJson, Registry.GetInstanceResponseJson];
  'registry.v1.RegistryService/GetRegistryInfo': [Registry.GetRegistryInfoRequestJson, Registry.GetRegistryInfoResponseJson];
  'registry.v1.RegistryService/ListServices': [Registry.ListServicesRequestJson, Registry.ListServicesResponseJson];
  'registry.v1.RegistryService/ListTransitions': [Registry.ListTransitionsRequestJson, Registry.ListTransitionsResponseJson];
}

/** Method of a call with a stream of answers: [request, one answer]. */
export interface Streams {
  'diagram.v1.DiagramService/Watch': [Diagram.WatchRequestJson, Diagram.WatchResponseJson];
  'execution.v1.ExecutionService/WatchJob': [Jobs.WatchJobRequestJson, Jobs.WatchJobResponseJson];
  'registry.v1.RegistryService/Watch': [Registry.WatchRequestJson, Registry.WatchResponseJson];
}

/** A status other than OK. `code` is Connect's name of it ("not_found"); "lost" when the server gave no answer at all. */
export class RpcError extends Error {
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

interface ErrorJson {
  code?: string;
  message?: string;
}

const UNARY_TIMEOUT_MS = 15_000;
const END_OF_STREAM = 2; // the flag of a stream's last envelope

async function post(method: string, contentType: string, body: BodyInit, signal?: AbortSignal, timeoutMs?: number) {
  const headers: Record<string, string> = { 'content-type': contentType, 'connect-protocol-version': '1' };
  const token = server.token;
  if (token) headers.authorization = `Bearer ${token}`;
  if (timeoutMs) headers['connect-timeout-ms'] = String(timeoutMs);
  let response;
  try {
    response = await fetch(`/mltrainer.${method}`, { method: 'POST', headers, body, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    server.lost();
    throw new RpcError('lost', 'the server does not answer');
  }
  server.answered();
  if (response.ok) return { response, token };
  throw failure(await response.json().catch(() => ({ code: 'unknown', message: `HTTP ${response.status}` })), token);
}

function failure(error: ErrorJson, token: string): RpcError {
  const code = error.code ?? 'unknown';
  if (code === 'unauthenticated') server.askForToken(token);
  return new RpcError(code, error.message || code);
}

/** One request, one answer. */
export async function call<M extends keyof Unary>(method: M, request: Unary[M][0], signal?: AbortSignal): Promise<Unary[M][1]> {
  const { response } = await post(method, 'application/json', JSON.stringify(request), signal, UNARY_TIMEOUT_MS);
  return response.json();
}

function envelope(message: unknown): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify(message));
  const bytes = new Uint8Array(5 + json.length);
  new DataView(bytes.buffer).setUint32(1, json.length);
  bytes.set(json, 5);
  return bytes;
}

/** Envelopes as they come: a byte of flags, four of length, and JSON. */
async function* envelopes(body: ReadableStream<Uint8Array>): AsyncGenerator<[number, unknown]> {
  const reader = body.getReader();
  const text = new TextDecoder();
  let held = new Uint8Array(0);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const joined = new Uint8Array(held.length + value.length);
      joined.set(held);
      joined.set(value, held.length);
      held = joined;
      for (let length; held.length >= 5 && held.length >= 5 + (length = new DataView(held.buffer, held.byteOffset).getUint32(1)); ) {
        yield [held[0], JSON.parse(text.decode(held.subarray(5, 5 + length)))];
        held = held.subarray(5 + length);
      }
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** One request, its answers as they come. Ends when the server ends it; throws RpcError for a status other than OK. */
export async function* follow<M extends keyof Streams>(method: M, request: Streams[M][0], signal: AbortSignal): AsyncGenerator<Streams[M][1]> {
  const { response, token } = await post(method, 'application/connect+json', envelope(request), signal);
  try {
    for await (const [flags, message] of envelopes(response.body!)) {
      if (!(flags & END_OF_STREAM)) {
        yield message as Streams[M][1];
        continue;
      }
      const error = (message as { error?: ErrorJson }).error;
      if (error) throw failure(error, token);
      return;
    }
  } catch (error) {
    if (error instanceof RpcError || signal.aborted) throw error;
  }
  server.lost(); // a body that ends without its last envelope: the connection broke
  throw new RpcError('lost', 'the connection broke');
}
