// SPDX-License-Identifier: Apache-2.0

// What every view is made of.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { RpcError } from './rpc';

/** Where the page is: the parts of what follows "#/", and the search behind a "?". */
export function useRoute(): { parts: string[]; search: URLSearchParams } {
  const read = () => {
    const [path, search] = location.hash.replace(/^#\/?/, '').split('?');
    return { parts: path.split('/').filter(Boolean).map(decodeURIComponent), search: new URLSearchParams(search) };
  };
  const [route, set] = useState(read);
  useEffect(() => {
    const changed = () => set(read());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

/** "#/registry/default/web" */
export function to(...parts: string[]): string {
  return '#/' + parts.map(encodeURIComponent).join('/');
}

export type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'idle';

/** A dot and a word: never the colour alone. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}><i aria-hidden="true" />{children}</span>;
}

export function Failed({ error }: { error?: RpcError }) {
  return error ? <p class="failed" role="alert"><b>{error.code.replaceAll('_', ' ')}</b> {error.message}</p> : null;
}

export function Panel({ title, aside, children }: { title: ComponentChildren; aside?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="panel">
      <header><h2>{title}</h2>{aside && <div class="aside">{aside}</div>}</header>
      {children}
    </section>
  );
}

export interface Column<T> {
  title: string;
  cell: (row: T) => ComponentChildren;
  number?: boolean;
}

/** A table that scrolls in its own box; `empty` is said when an answer came and has no rows. */
export function Table<T>({ label, columns, rows, id, empty, current }: {
  label: string; columns: Column<T>[]; rows?: T[]; id: (row: T) => string; empty: ComponentChildren; current?: string;
}) {
  if (rows && !rows.length) return <p class="empty">{empty}</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <caption class="hidden">{label}</caption>
        <thead><tr>{columns.map((c) => <th scope="col" class={c.number ? 'number' : ''}>{c.title}</th>)}</tr></thead>
        <tbody>
          {(rows ?? []).map((row) => (
            <tr key={id(row)} aria-current={current === id(row) ? 'true' : undefined}>
              {columns.map((c) => <td class={c.number ? 'number' : ''}>{c.cell(row)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
      {!rows && <p class="empty">…</p>}
    </div>
  );
}

/** Names and values, side by side; what is empty is left out. */
export function Facts({ of }: { of: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {of.filter(([, value]) => value !== undefined && value !== '' && value !== null)
        .map(([name, value]) => <div><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}

/** Progress from 0 to 1, named for those who do not see it. */
export function Progress({ label, value, tone }: { label: string; value: number; tone: Tone }) {
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div class={`progress ${tone}`} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <i style={{ width: `${percent}%` }} />
    </div>
  );
}

export function Search({ label, value, onInput }: { label: string; value: string; onInput: (text: string) => void }) {
  return <input type="search" placeholder={label} aria-label={label} value={value} onInput={(event) => onInput(event.currentTarget.value)} />;
}
