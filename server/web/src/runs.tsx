// SPDX-License-Identifier: Apache-2.0

// Runs: list them, sort them, tick some, and see in what they differ.
import { useState } from 'preact/hooks';
import { useCall } from './live';
import { Failed, Panel, Table, to } from './parts';
import { number, time } from './text';
import type { RunJson } from './gen/mltrainer/execution/v1/run_pb';

const LIST_MS = 3000;
const MOST_COMPARED = 8;

const main = (run: RunJson) => run.result?.testMetrics?.[0] ?? run.result?.trainMetrics?.[0];
/** Baselines are called "mean.rmse", "last.rmse": the first of them. */
const baseline = (run: RunJson) => run.result?.baselineMetrics?.find((m) => m.name?.endsWith(`.${main(run)?.name}`))?.value;

function Compared({ ids }: { ids: string[] }) {
  const { value, error } = useCall('execution.v1.ExecutionService/CompareRuns', { ids });
  return (
    <Panel title={<>Compared <small>{ids.length} runs</small></>}>
      <Failed error={error} />
      <Table label="Differences" rows={value && [...(value.differences ?? [])].sort((a, b) => Number(b.differs ?? 0) - Number(a.differs ?? 0))} id={(d) => d.name ?? ''} empty="They do not differ." columns={[
        { title: 'What', cell: (d) => <code class={d.differs ? 'differs' : ''}>{d.name}</code> },
        ...ids.map((id, i) => ({ title: id.slice(-8), cell: (d: { values?: string[]; differs?: boolean }) => {
          const text = d.values?.[i] ?? '';
          return <span class={d.differs ? 'differs' : 'same'}>{text.length > 40 ? text.slice(0, 38) + '…' : text}</span>;
        } })),
      ]} />
    </Panel>
  );
}

export function Runs() {
  const [chosen, setChosen] = useState<string[]>([]);
  const { value, error } = useCall('execution.v1.ExecutionService/ListRuns', { pageSize: 200 }, LIST_MS);
  const choose = (id: string) => setChosen((old) => (old.includes(id) ? old.filter((x) => x !== id) : [...old, id].slice(-MOST_COMPARED)));
  return (
    <>
      <Panel title="Runs" aside={<span class="note">Tick two or more to compare them.</span>}>
        <Failed error={error} />
        <Table label="Runs" rows={value && (value.runs ?? [])} id={(r) => r.id ?? ''} empty="Nothing was trained or evaluated." columns={[
          { title: '', cell: (r) => <input type="checkbox" aria-label={`Compare run ${r.id}`} checked={chosen.includes(r.id ?? '')} onChange={() => choose(r.id ?? '')} /> },
          { title: 'Run', cell: (r) => <a href={to('jobs', r.id ?? '')}><code>{r.id}</code></a> },
          { title: 'Model', cell: (r) => <a href={to('models', r.model ?? '')}>{r.model}</a> },
          { title: 'Dataset', cell: (r) => r.dataset },
          { title: 'Metric', cell: (r) => <code>{main(r)?.name}</code> },
          { title: 'Value', number: true, cell: (r) => number(main(r)?.value) },
          { title: 'Baseline', number: true, cell: (r) => number(baseline(r)) },
          { title: 'When', cell: (r) => time(r.createTime) },
        ]} />
      </Panel>
      {chosen.length > 1 && <Compared key={chosen.join()} ids={chosen} />}
    </>
  );
}
