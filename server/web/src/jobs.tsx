// SPDX-License-Identifier: Apache-2.0

// Jobs, newest first, and one job as it runs: progress, curves, log, figures; cancel it, or run it again.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Chart, type Series } from './chart';
import { Diagram } from './diagram';
import { useCall, useFollow } from './live';
import { pick } from './pick';
import { Badge, Facts, Failed, Panel, Progress, Table, to, type Tone } from './parts';
import { call, RpcError } from './rpc';
import { duration, number, parameter, time, word } from './text';
import type { JobEventJson, JobJson, JobSpecJson } from './gen/mltrainer/execution/v1/job_pb';

const LIST_MS = 1000;
const MAX_LINES = 500;
const ENDED = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT', 'INTERRUPTED', 'SKIPPED'].map((s) => 'JOB_STATE_' + s));

const TONES: Record<string, Tone> = {
  JOB_STATE_SUCCEEDED: 'good', JOB_STATE_FAILED: 'bad', JOB_STATE_TIMED_OUT: 'bad', JOB_STATE_INTERRUPTED: 'bad',
  JOB_STATE_RUNNING: 'busy', JOB_STATE_CANCELLING: 'warn', JOB_STATE_RETRY_WAIT: 'warn',
};

export function State({ job }: { job?: JobJson }) {
  return <Badge tone={TONES[job?.state ?? ''] ?? 'idle'}>{word(job?.state, 'JOB_STATE_')}</Badge>;
}

/** "train" and what it works on. */
export function work(spec: JobSpecJson | undefined): { kind: string; what: string } {
  for (const kind of ['train', 'evaluate', 'predict', 'compute', 'tune', 'fetch'] as const) {
    const held = spec?.[kind] as { model?: string; artifact?: string; dataset?: string; train?: { model?: string } } | undefined;
    if (held) return { kind, what: held.model ?? held.artifact ?? held.train?.model ?? held.dataset ?? '' };
  }
  return { kind: '', what: '' };
}

function took(job: JobJson): string {
  if (!job.startTime) return '';
  const end = job.endTime ? Date.parse(job.endTime) : Date.now();
  return duration(`${Math.max(0, end - Date.parse(job.startTime)) / 1000}s`);
}

function List() {
  const { value, error } = useCall('execution.v1.ExecutionService/ListJobs', { pageSize: 100 }, LIST_MS);
  const list = value && (value.jobs ?? []);
  return (
    <Panel title={<>Jobs {value?.nextPageToken && <small>the newest {list?.length}</small>}</>}>
      <Failed error={error} />
      <Table label="Jobs" rows={list} id={(j) => j.id ?? ''}
        empty={<>No job was submitted. <code>mltctl jobs train ridge --dataset prices --target close</code></>}
        columns={[
          { title: 'Job', cell: (j) => <a href={to('jobs', j.id ?? '')}><code>{j.id}</code></a> },
          { title: 'Work', cell: (j) => { const { kind, what } = work(j.spec); return <><b>{kind}</b> {what}</>; } },
          { title: 'State', cell: (j) => <State job={j} /> },
          { title: 'Progress', cell: (j) => <Progress label={`Progress of ${j.id}`} value={j.state === 'JOB_STATE_SUCCEEDED' ? 1 : Number(j.progress ?? 0)} tone={TONES[j.state ?? ''] ?? 'idle'} /> },
          { title: 'Submitted', cell: (j) => time(j.createTime) },
          { title: 'Took', number: true, cell: took },
          ...(list?.some((j) => j.owner) ? [{ title: 'Owner', cell: (j: JobJson) => j.owner }] : []),
        ]} />
    </Panel>
  );
}

interface Line {
  sequence: string;
  at: string;
  level: string;
  text: string;
}

/** What an event says in a line; "" for those that are drawn otherwise. */
function lineOf(event: JobEventJson): Line | undefined {
  const line = { sequence: event.sequence ?? '', at: time(event.time) };
  if (event.state)
    return { ...line, level: 'state', text: [word(event.state.to, 'JOB_STATE_'), event.state.reason].filter(Boolean).join(': ') };
  return event.log && { ...line, level: word(event.log.level, 'LOG_LEVEL_'), text: event.log.text ?? '' };
}

/** A job followed from its first event: itself, its lines and its curves. */
function useJob(id: string) {
  const [job, setJob] = useState<JobJson>();
  const [lines, setLines] = useState<Line[]>([]);
  const [series, setSeries] = useState<Series>(new Map());
  const sequence = useRef('0');
  const error = useFollow('execution.v1.ExecutionService/WatchJob', id, () => ({ id, afterSequence: sequence.current }), ({ event, job: whole }) => {
    if (whole) setJob(whole);
    if (!event) return;
    sequence.current = event.sequence ?? sequence.current;
    const line = lineOf(event);
    if (line) setLines((old) => [...old, line].slice(-MAX_LINES));
    const { state, progress, metric } = event;
    if (state?.to) setJob((old) => ({ ...old, state: state.to }));
    if (progress) setJob((old) => ({ ...old, progress: progress.fraction, stage: progress.stage }));
    if (metric) setSeries((old) => new Map(old).set(metric.name ?? '', new Map(old.get(metric.name ?? '')).set(Number(metric.step ?? 0), Number(metric.value))));
  });
  return { job, setJob, lines, series, error };
}

function useActions(id: string, job: JobJson | undefined, changed: (job: JobJson) => void) {
  const [error, setError] = useState<RpcError>();
  const attempt = (run: () => Promise<void>) => () => (setError(undefined), run().catch((e) => e instanceof RpcError && setError(e)));
  const cancel = attempt(async () => {
    const answer = await call('execution.v1.ExecutionService/CancelJob', { id, reason: 'from the page' });
    if (answer.job) changed(answer.job);
  });
  const again = attempt(async () => {
    const answer = await call('execution.v1.ExecutionService/SubmitJob', { spec: job?.spec, requestId: crypto.randomUUID() });
    location.hash = to('jobs', answer.job?.id ?? '');
  });
  return { cancel, again, error };
}

function Metrics({ job }: { job: JobJson }) {
  const { testMetrics, trainMetrics, baselineMetrics, modelMetrics } = job.result ?? {};
  const names = [...new Set([testMetrics, trainMetrics, modelMetrics].flatMap((list) => list ?? []).map((m) => m.name ?? ''))];
  const baselines = [...new Set((baselineMetrics ?? []).map((m) => m.name?.split('.')[0] ?? ''))]; // "mean.rmse", "last.rmse"
  const of = (list: typeof testMetrics, prefix = '') => (name: string) => number(list?.find((m) => m.name === prefix + name)?.value);
  return names.length ? (
    <Panel title="Figures">
      <Table label="Figures" rows={names} id={String} empty="" columns={[
        { title: 'Metric', cell: (n) => <code>{n}</code> },
        { title: 'Test', number: true, cell: of(testMetrics) },
        { title: 'Training', number: true, cell: of(trainMetrics) },
        ...baselines.map((b) => ({ title: `Baseline: ${b}`, number: true, cell: of(baselineMetrics, `${b}.`) })),
        { title: 'Model', number: true, cell: of(modelMetrics) },
      ]} />
    </Panel>
  ) : null;
}

function Log({ lines }: { lines: Line[] }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => { end.current?.scrollTo({ top: end.current.scrollHeight }); }, [lines]);
  return (
    <div class="log" ref={end} role="log" aria-label="Events of the job" tabIndex={0}>
      {lines.map((line) => <div key={line.sequence} class={line.level}><time>{line.at}</time> <b>{line.level}</b> {line.text}</div>)}
    </div>
  );
}

function Job({ id, dark }: { id: string; dark: boolean }) {
  const { job, setJob, lines, series, error } = useJob(id);
  const whole = useCall('execution.v1.ExecutionService/GetJob', { id }, ENDED.has(job?.state ?? '') ? 0 : LIST_MS);
  const shown = { ...whole.value?.job, ...job } as JobJson;
  // The answer to a cancel may come behind the event that says how it ended.
  const actions = useActions(id, shown, (answered) => setJob((now) => (ENDED.has(now?.state ?? '') ? now : answered)));
  const ended = ENDED.has(shown.state ?? '');
  const drawable = useMemo(() => new Map([...series].filter(([, points]) => points.size > 1)), [series]); // one point is no curve
  const { kind, what } = work(shown.spec);
  return (
    <>
      <Panel title={<>{kind} {what}</>} aside={<>
        <State job={shown} />
        {!ended && shown.id && <button onClick={actions.cancel}>Cancel</button>}
        {ended && <button onClick={actions.again}>Run again</button>}
        <a href={to('jobs')}>All jobs</a>
      </>}>
        <Failed error={error ?? whole.error ?? actions.error} />
        <Progress label="Progress" value={shown.state === 'JOB_STATE_SUCCEEDED' ? 1 : Number(shown.progress ?? 0)} tone={TONES[shown.state ?? ''] ?? 'idle'} />
        {shown.stage && !ended && <p class="note">{shown.stage}</p>}
        {shown.failure && <p class="failed" role="alert"><b>{shown.failure.field}</b> {shown.failure.message} {shown.failure.signal}</p>}
        <Facts of={[
          ['Id', <code>{id}</code>], ['Owner', shown.owner], ['Submitted', time(shown.createTime)], ['Took', took(shown)],
          ['Attempt', shown.attempt], ['Artifact', shown.result?.artifact && <code class="cut" title={shown.result.artifact}>{shown.result.artifact}</code>], ['Dataset', shown.result?.dataset],
          ['Task', shown.pipelineKey], ['Schedule', shown.schedule],
          ...Object.entries(shown.spec?.train?.parameters ?? shown.spec?.compute?.parameters ?? {}).map(([n, v]) => [n, parameter(v)] as [string, string]),
        ]} />
      </Panel>
      {shown.pipeline && <Panel title="Pipeline"><Diagram view={`pipeline:${shown.pipeline}`} dark={dark} pick={pick} /></Panel>}
      {drawable.size > 0 && <Panel title="Curves"><Chart series={drawable} dark={dark} /></Panel>}
      <Metrics job={shown} />
      <Panel title="Events"><Log lines={lines} /></Panel>
    </>
  );
}

export function JobsView({ parts: [id], dark }: { parts: string[]; dark: boolean }) {
  return id ? <Job key={id} id={id} dark={dark} /> : <List />;
}
