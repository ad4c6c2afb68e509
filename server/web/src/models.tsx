// SPDX-License-Identifier: Apache-2.0

// The catalog of models, and one of them with its parameters and columns.
import { useEffect, useState } from 'preact/hooks';
import { useCall } from './live';
import { Badge, Facts, Failed, Panel, Search, Table, to, useRoute } from './parts';
import { call, RpcError } from './rpc';
import { useServer } from './server';
import { number, parameter, word } from './text';
import type { ModelJson, ModelParameterJson } from './gen/mltrainer/execution/v1/model_pb';

/** All of them: a few hundred, in pages of the server's size. */
function useModels(): { models?: ModelJson[]; error?: RpcError } {
  const [state, set] = useState<{ models?: ModelJson[]; error?: RpcError }>({});
  const { generation } = useServer();
  useEffect(() => {
    const stop = new AbortController();
    (async () => {
      const models: ModelJson[] = [];
      let pageToken = '';
      do {
        const page = await call('execution.v1.ExecutionService/ListModels', { pageSize: 1000, pageToken }, stop.signal);
        models.push(...(page.models ?? []));
        pageToken = page.nextPageToken ?? '';
      } while (pageToken);
      set({ models });
    })().catch((error) => error instanceof RpcError && set({ error }));
    return () => stop.abort();
  }, [generation]);
  return state;
}

const available = (model: ModelJson) =>
  model.unavailable ? <Badge tone="idle">unavailable</Badge> : <Badge tone="good">ready</Badge>;

function range(p: ModelParameterJson): string {
  if (p.choices?.length) return p.choices.join(', ');
  if (p.minimum === undefined && p.maximum === undefined) return '';
  const low = p.minimum === undefined ? '(−∞' : `${p.exclusiveMinimum ? '(' : '['}${number(p.minimum)}`;
  const high = p.maximum === undefined ? '∞)' : `${number(p.maximum)}${p.exclusiveMaximum ? ')' : ']'}`;
  return `${low}, ${high}`;
}

function List() {
  const { search } = useRoute();
  const [text, setText] = useState('');
  const { models, error } = useModels();
  const family = search.get('family');
  const rows = models?.filter((m) => (!family || m.family === family) && `${m.id} ${m.family} ${m.algorithm} ${m.title}`.toLowerCase().includes(text.toLowerCase()));
  return (
    <Panel title={<>Models {rows && <small>{rows.length}</small>}</>} aside={<>
      {family && <a class="chip" href={to('models')} aria-label={`Show every family, not ${family} alone`}>{family} ×</a>}
      <Search label="Filter models" value={text} onInput={setText} />
    </>}>
      <Failed error={error} />
      <Table label="Models" rows={rows} id={(m) => m.id ?? ''} empty="No model is called so." columns={[
        { title: 'Model', cell: (m) => <a href={to('models', m.id ?? '')}>{m.id}</a> },
        { title: 'Family', cell: (m) => <a href={`#/models?family=${encodeURIComponent(m.family ?? '')}`}>{m.family}</a> },
        { title: 'Task', cell: (m) => word(m.task, 'TASK_') },
        { title: 'What it is', cell: (m) => m.description || m.title },
        { title: 'State', cell: available },
      ]} />
    </Panel>
  );
}

function Model({ id }: { id: string }) {
  const { value, error } = useCall('execution.v1.ExecutionService/GetModel', { id });
  const model = value?.model;
  return (
    <>
      <Panel title={model?.title ?? id} aside={<a href={to('models')}>All models</a>}>
        <Failed error={error} />
        {model && (
          <>
            <p>{model.description}</p>
            {model.unavailable && <p class="failed">{model.unavailableReason}</p>}
            <Facts of={[
              ['Id', <code>{model.id}</code>], ['Family', model.family], ['Task', word(model.task, 'TASK_')], ['Algorithm', model.algorithm],
              ['Engine', model.engine], ['Reference', model.reference], ['Determinism', word(model.determinism, 'DETERMINISM_')],
              ['Does', model.operations?.map((o) => word(o, 'OPERATION_')).join(', ')],
            ]} />
          </>
        )}
      </Panel>
      {!!model?.parameters?.length && (
        <Panel title="Parameters">
          <Table label="Parameters" rows={model.parameters} id={(p) => p.name ?? ''} empty="" columns={[
            { title: 'Name', cell: (p) => <code>{p.name}</code> },
            { title: 'Type', cell: (p) => word(p.type, 'PARAMETER_TYPE_') },
            { title: 'Default', cell: (p) => parameter(p.defaultValue) },
            { title: 'Allowed', cell: range },
            { title: 'What it does', cell: (p) => p.description },
          ]} />
        </Panel>
      )}
      {!!model?.inputs?.length && (
        <Panel title="Columns">
          <Table label="Columns" rows={model.inputs} id={(i) => i.name ?? ''} empty="" columns={[
            { title: 'Name', cell: (i) => <code>{i.name}</code> },
            { title: 'Type', cell: (i) => word(i.type, 'COLUMN_TYPE_') },
            { title: 'Needed', cell: (i) => (i.optional ? 'no' : 'yes') },
            { title: 'What it is', cell: (i) => i.description },
          ]} />
        </Panel>
      )}
    </>
  );
}

export function Models({ parts: [id] }: { parts: string[] }) {
  return id ? <Model key={id} id={id} /> : <List />;
}
