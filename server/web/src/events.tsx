// SPDX-License-Identifier: Apache-2.0

// What has happened since the page was opened: changes of instances, told by a watch that goes on from the present, and
// changes of jobs, seen between two looks at the newest.
import { useEffect, useRef, useState } from 'preact/hooks';
import { work } from './jobs';
import { useCall, useFollow } from './live';
import { Badge, Panel, Table, to, type Tone } from './parts';
import { call } from './rpc';
import { time, word } from './text';
import type { ChangeJson } from './gen/mltrainer/registry/v1/registry_pb';
import type { JobJson } from './gen/mltrainer/execution/v1/job_pb';

const MOST_EVENTS = 500;
const JOBS_MS = 1500;
const NEWEST_JOBS = 50;

export interface Happening {
  id: number;
  at: string;
  tone: Tone;
  what: string;
  href: string;
  name: string;
  why: string;
}

const HEALTH: Record<string, Tone> = { HEALTH_STATE_HEALTHY: 'good', HEALTH_STATE_UNHEALTHY: 'bad' };
const JOB: Record<string, Tone> = { JOB_STATE_SUCCEEDED: 'good', JOB_STATE_FAILED: 'bad', JOB_STATE_TIMED_OUT: 'bad', JOB_STATE_RUNNING: 'busy' };

let lastId = 0;

function ofInstance({ kind, instance }: ChangeJson): Happening {
  const { namespace = '', service = '', id = '' } = instance?.key ?? {};
  const gone = kind === 'CHANGE_KIND_REMOVED';
  return {
    id: ++lastId, at: instance?.updateTime ?? new Date().toISOString(), name: `${service}/${id}`, href: to('registry', namespace, service, id),
    tone: gone ? 'idle' : HEALTH[instance?.status?.state ?? ''] ?? 'idle', what: gone ? 'gone' : word(instance?.status?.state, 'HEALTH_STATE_'),
    why: instance?.status?.text || word(instance?.status?.reason, 'TRANSITION_REASON_'),
  };
}

function ofJob(job: JobJson): Happening {
  const { kind, what } = work(job.spec);
  return {
    id: ++lastId, at: job.endTime ?? job.startTime ?? job.createTime ?? '', name: `${kind} ${what}`, href: to('jobs', job.id ?? ''),
    tone: JOB[job.state ?? ''] ?? 'idle', what: word(job.state, 'JOB_STATE_'), why: job.failure?.message ?? job.stage ?? '',
  };
}

/** Collected as long as the page is open, whichever view is shown. */
export function useHappenings(): Happening[] {
  const [all, set] = useState<Happening[]>([]);
  const add = (more: Happening[]) => more.length && set((old) => [...more.reverse(), ...old].slice(0, MOST_EVENTS));
  const [from, setFrom] = useState<{ afterRevision: string; epoch: string }>();
  const states = useRef<Map<string, string>>(undefined);
  useEffect(() => {
    call('registry.v1.RegistryService/GetRegistryInfo', {})
      .then((info) => setFrom({ afterRevision: info.revision ?? '0', epoch: info.epoch ?? '0' })).catch(() => undefined);
  }, []);
  const at = useRef(from);
  at.current ??= from;
  useFollow('registry.v1.RegistryService/Watch', from ? 'on' : 'off', () => at.current ?? null, ({ changes, revision, epoch }) => {
    at.current = { afterRevision: revision ?? '0', epoch: epoch ?? '0' };
    add((changes?.changes ?? []).map(ofInstance));
  });
  const jobs = useCall('execution.v1.ExecutionService/ListJobs', { pageSize: NEWEST_JOBS }, JOBS_MS).value?.jobs;
  useEffect(() => {
    if (!jobs) return;
    const before = states.current;
    if (before) add(jobs.filter((job) => before.get(job.id ?? '') !== job.state).map(ofJob).reverse());
    states.current = new Map(jobs.map((job) => [job.id ?? '', job.state ?? '']));
  }, [jobs]);
  return all;
}

export function Events({ all }: { all: Happening[] }) {
  return (
    <Panel title="Events" aside={<span class="note">Since this page was opened, newest first.</span>}>
      <Table label="Events" rows={all} id={(e) => String(e.id)} empty="Nothing has happened yet." columns={[
        { title: 'When', cell: (e) => time(e.at) },
        { title: 'What', cell: (e) => <Badge tone={e.tone}>{e.what}</Badge> },
        { title: 'Of', cell: (e) => <a href={e.href}>{e.name}</a> },
        { title: 'Why', cell: (e) => e.why },
      ]} />
    </Panel>
  );
}
