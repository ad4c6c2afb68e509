// SPDX-License-Identifier: Apache-2.0

// Services, the instances of one, and one instance with its checks and history.
import { useState } from 'preact/hooks';
import { useCall, useFollow } from './live';
import { Badge, Facts, Failed, Panel, Search, Table, to, type Tone } from './parts';
import { ago, duration, time, word } from './text';
import type { InstanceJson, InstanceStatusJson } from './gen/mltrainer/registry/v1/registry_pb';

const SERVICES_MS = 1000;
const INSTANCE_MS = 1000;

const TONES: Record<string, Tone> = { HEALTH_STATE_HEALTHY: 'good', HEALTH_STATE_UNHEALTHY: 'bad', HEALTH_STATE_UNKNOWN: 'idle' };

export function Health({ status }: { status?: InstanceStatusJson }) {
  const operator = word(status?.operatorState, 'OPERATOR_STATE_');
  const asked = operator && operator !== 'active';
  return (
    <>
      <Badge tone={TONES[status?.state ?? ''] ?? 'idle'}>{word(status?.state, 'HEALTH_STATE_') || 'unknown'}</Badge>
      {asked && <> <Badge tone="warn">{operator}</Badge></>}
      {status?.held && <> <Badge tone="warn">protected</Badge></>}
    </>
  );
}

export function endpoint(instance: InstanceJson): string {
  const first = instance.endpoints?.[0];
  const address = first?.address ?? '';
  return first ? `${address.includes(':') ? `[${address}]` : address}:${first.port ?? 0}` : '';
}

function Services() {
  const [text, setText] = useState('');
  const { value, error } = useCall('registry.v1.RegistryService/ListServices', { pageSize: 1000 }, SERVICES_MS);
  const rows = value && (value.services ?? []).filter((s) => `${s.namespace}/${s.service}`.includes(text));
  return (
    <Panel title="Services" aside={<Search label="Filter services" value={text} onInput={setText} />}>
      <Failed error={error} />
      <Table label="Services" rows={rows} id={(s) => `${s.namespace}/${s.service}`}
        empty={<>No service is registered. <code>mltctl registry register web/one 127.0.0.1:8080 --keep</code></>}
        columns={[
          { title: 'Service', cell: (s) => <a href={to('registry', s.namespace ?? '', s.service ?? '')}>{s.service}</a> },
          { title: 'Namespace', cell: (s) => s.namespace },
          {
            title: 'Health', cell: (s) => {
              const healthy = s.healthyCount ?? 0, all = s.instanceCount ?? 0;
              return <Badge tone={healthy === all ? 'good' : healthy ? 'warn' : s.unhealthyCount ? 'bad' : 'idle'}>{healthy} of {all} healthy</Badge>;
            },
          },
          { title: 'Unhealthy', number: true, cell: (s) => s.unhealthyCount ?? 0 },
          { title: 'Revision', number: true, cell: (s) => s.revision ?? 0 },
        ]} />
    </Panel>
  );
}

/** The instances of a service as they are now, kept by a watch. */
function useInstances(namespace: string, service: string) {
  const [instances, set] = useState<Map<string, InstanceJson>>();
  const error = useFollow('registry.v1.RegistryService/Watch', `${namespace}/${service}`, () => ({ namespace, service }), (message) => {
    set((old) => {
      const { snapshot, changes } = message;
      if (!snapshot && !changes) return old;
      const now = snapshot?.first ? new Map<string, InstanceJson>() : new Map(old);
      for (const instance of snapshot?.instances ?? []) now.set(instance.key?.id ?? '', instance);
      for (const { kind, instance } of changes?.changes ?? [])
        if (kind === 'CHANGE_KIND_REMOVED') now.delete(instance?.key?.id ?? '');
        else if (instance) now.set(instance.key?.id ?? '', instance);
      return now;
    });
  });
  return { instances: instances && [...instances.values()].sort((a, b) => (a.key?.id ?? '').localeCompare(b.key?.id ?? '')), error };
}

function Instances({ namespace, service, id }: { namespace: string; service: string; id?: string }) {
  const { instances, error } = useInstances(namespace, service);
  return (
    <>
      <Panel title={<>{service} <small>{namespace}</small></>} aside={<a href={to('registry')}>All services</a>}>
        <Failed error={error} />
        <Table label={`Instances of ${service}`} rows={instances} id={(i) => i.key?.id ?? ''} current={id} empty="No instance is registered."
          columns={[
            { title: 'Instance', cell: (i) => <a href={to('registry', namespace, service, i.key?.id ?? '')}>{i.key?.id}</a> },
            { title: 'Health', cell: (i) => <Health status={i.status} /> },
            { title: 'Why', cell: (i) => i.status?.text ?? word(i.status?.reason, 'TRANSITION_REASON_') },
            { title: 'Since', cell: (i) => time(i.status?.sinceTime) },
            { title: 'Endpoint', cell: (i) => <code>{endpoint(i)}</code> },
            { title: 'Version', cell: (i) => i.version },
            { title: 'Zone', cell: (i) => i.zone },
            { title: 'Weight', number: true, cell: (i) => i.weight },
          ]} />
      </Panel>
      {id && <Instance key={id} namespace={namespace} service={service} id={id} />}
    </>
  );
}

function Instance({ namespace, service, id }: { namespace: string; service: string; id: string }) {
  const key = { namespace, service, id };
  const { value, error } = useCall('registry.v1.RegistryService/GetInstance', { key }, INSTANCE_MS);
  const history = useCall('registry.v1.RegistryService/ListTransitions', { key, pageSize: 100 }, INSTANCE_MS);
  const instance = value?.instance;
  return (
    <>
      <Panel title={id} aside={<Health status={instance?.status} />}>
        <Failed error={error} />
        <Facts of={[
          ['Endpoints', instance?.endpoints?.map((e) => <code>{e.protocol} {e.address}:{e.port}</code>)],
          ['Owner', instance?.owner],
          ['Registered', instance && <>{time(instance.createTime)} ({ago(instance.createTime)})</>],
          ['Lease', instance?.status?.leaseRemaining ? `${duration(instance.status.leaseRemaining)} left of ${duration(instance.leaseTtl)}` : 'none'],
          ['Tags', instance?.tags?.join(', ')],
          ['Revision', instance?.revision],
          ...Object.entries(instance?.metadata ?? {}).map(([name, held]) => [name, String(Object.values(held)[0])] as [string, string]),
        ]} />
        {!!instance?.status?.checks?.length && (
          <Table label="Checks" rows={instance.status.checks} id={(c) => c.name ?? ''} empty="" columns={[
            { title: 'Check', cell: (c) => c.name },
            { title: 'State', cell: (c) => <Badge tone={TONES[c.state ?? ''] ?? 'idle'}>{word(c.state, 'HEALTH_STATE_') || 'unknown'}</Badge> },
            { title: 'Last result', cell: (c) => c.text },
            { title: 'When', cell: (c) => time(c.lastRunTime) },
            { title: 'Took', number: true, cell: (c) => duration(c.lastDuration) },
          ]} />
        )}
      </Panel>
      <Panel title="History">
        <Failed error={history.error} />
        <Table label="History" rows={history.value && (history.value.transitions ?? [])} id={(t) => t.revision ?? ''} empty="Nothing has happened."
          columns={[
            { title: 'When', cell: (t) => time(t.time) },
            { title: 'State', cell: (t) => <Badge tone={TONES[t.state ?? ''] ?? 'idle'}>{word(t.state, 'HEALTH_STATE_') || 'gone'}</Badge> },
            { title: 'What', cell: (t) => word(t.reason, 'TRANSITION_REASON_') },
            { title: 'Who', cell: (t) => t.actor },
            { title: 'Why', cell: (t) => t.text },
          ]} />
      </Panel>
    </>
  );
}

export function Registry({ parts: [namespace, service, id] }: { parts: string[] }) {
  return namespace && service ? <Instances key={`${namespace}/${service}`} namespace={namespace} service={service} id={id} /> : <Services />;
}
