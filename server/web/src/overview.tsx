// SPDX-License-Identifier: Apache-2.0

// How the server is, in figures, and a live picture of it.
import { useState } from 'preact/hooks';
import { Diagram } from './diagram';
import type { ViewJson } from './gen/mltrainer/diagram/v1/diagram_pb';
import { useCall } from './live';
import { Failed, Panel, to } from './parts';
import { pick } from './pick';
import { ago, count, word } from './text';

const FIGURES_MS = 2000;
const RUNNING = new Set(['JOB_STATE_RUNNING', 'JOB_STATE_CANCELLING']);
const WAITING = new Set(['JOB_STATE_WAITING', 'JOB_STATE_QUEUED', 'JOB_STATE_RETRY_WAIT']);

function Figure({ href, value, label, note }: { href: string; value: string; label: string; note: string }) {
  return <a class="figure" href={href}><span>{label}</span><b>{value}</b><small>{note}</small></a>;
}

function Figures() {
  const services = useCall('registry.v1.RegistryService/ListServices', { pageSize: 1000 }, FIGURES_MS);
  const engine = useCall('execution.v1.ExecutionService/GetEngine', {}, FIGURES_MS);
  const info = useCall('admin.v1.AdminService/GetServerInfo', {}, FIGURES_MS);
  const list = services.value?.services ?? [];
  const sum = (key: 'instanceCount' | 'healthyCount' | 'unhealthyCount') => list.reduce((n, s) => n + (s[key] ?? 0), 0);
  const jobs = (states: Set<string>) =>
    (engine.value?.jobs ?? []).reduce((n, c) => n + (states.has(c.state ?? '') ? Number(c.count ?? 0) : 0), 0);
  return (
    <>
      <div class="figures">
        <Figure href={to('registry')} label="Instances" value={`${sum('healthyCount')} / ${sum('instanceCount')}`}
          note={sum('unhealthyCount') ? count(sum('unhealthyCount'), 'instance') + ' down' : `healthy, ${count(list.length, 'service')}`} />
        <Figure href={to('jobs')} label="Jobs running" value={String(jobs(RUNNING))} note={`${jobs(WAITING)} waiting`} />
        <Figure href={to('jobs')} label="Workers busy" value={`${engine.value?.workersBusy ?? 0} / ${engine.value?.workers ?? 0}`}
          note={`${engine.value?.workersLost ?? 0} lost since the start`} />
        <Figure href={to('models')} label="Models" value={String(engine.value?.modelsAvailable ?? 0)}
          note={`of ${engine.value?.models ?? 0} listed`} />
        <Figure href={to('events')} label="Server" value={info.value?.version ?? ''}
          note={info.value?.draining ? 'draining' : `up ${ago(info.value?.startTime).replace(' ago', '')}, ${count(info.value?.connections, 'connection')}`} />
      </div>
      <Failed error={services.error ?? engine.error ?? info.error} />
    </>
  );
}

const FIRST = ['registry', 'system-overview', 'execution', 'calls', 'container'];

/** What moves most comes first; the rest keeps its order. */
function inOrder(views: ViewJson[]): ViewJson[] {
  const place = (v: ViewJson) => (FIRST.indexOf(v.id ?? '') + 1 || FIRST.length + 1);
  return [...views].sort((a, b) => place(a) - place(b));
}

/** One view by its name and argument: a traced call. */
function One({ view, dark }: { view: string; dark: boolean }) {
  return (
    <Panel title="Traced call" aside={<a href={to('overview')}>Overview</a>}>
      <Diagram key={view} view={view} dark={dark} pick={pick} />
    </Panel>
  );
}

export function Overview({ parts: [named], dark }: { parts: string[]; dark: boolean }) {
  return named ? <One view={named} dark={dark} /> : <All dark={dark} />;
}

function All({ dark }: { dark: boolean }) {
  const [view, setView] = useState('registry');
  const views = useCall('diagram.v1.DiagramService/ListViews', {});
  const list = inOrder((views.value?.views ?? []).filter((v) => !v.argument));
  const shown = list.find((v) => v.id === view);
  return (
    <>
      <Figures />
      <Panel title="Live diagram">
        <div class="tabs" role="tablist" aria-label="Views">
          {list.map((v) => (
            <button role="tab" aria-selected={v.id === view} onClick={() => setView(v.id ?? '')}>{word(v.id, '').replaceAll('-', ' ')}</button>
          ))}
        </div>
        <Diagram key={view} view={view} dark={dark} pick={pick} />
        {shown && <p class="note">{shown.description}</p>}
      </Panel>
    </>
  );
}
