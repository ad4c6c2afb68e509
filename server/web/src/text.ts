// SPDX-License-Identifier: Apache-2.0

// How values are written for people.

/** "JOB_STATE_TIMED_OUT" -> "timed out" */
export function word(value: string | undefined, prefix: string): string {
  return value ? value.replace(prefix, '').toLowerCase().replaceAll('_', ' ') : '';
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** "14:03:22" today, else with its day; "" for no time. */
export function time(text: string | undefined): string {
  if (!text) return '';
  const date = new Date(text);
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : day.format(date);
}

/** "3 s", "2 min", "5 h", "12 d" */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 90) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  if (s < 90 * 60) return `${Math.round(s / 60)} min`;
  return s < 36 * 3600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} d`;
}

/** "4 min ago" */
export function ago(text: string | undefined): string {
  return text ? `${span(Math.max(0, Date.now() - Date.parse(text)))} ago` : '';
}

/** JSON writes a duration as "1.5s". */
export function duration(text: string | undefined): string {
  return text ? span(parseFloat(text) * 1000) : '';
}

/** Five significant digits, and no more than needed. */
export function number(value: number | string | undefined): string {
  if (value === undefined) return '';
  const x = Number(value);
  if (!Number.isFinite(x)) return String(value);
  return Math.abs(x) >= 1e7 || (x !== 0 && Math.abs(x) < 1e-4) ? x.toExponential(3) : String(Number(x.toPrecision(5)));
}

export function bytes(value: number | string | undefined): string {
  let x = Number(value ?? 0);
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (x < 1024) return `${x < 10 && unit !== 'B' ? x.toFixed(1) : Math.round(x)} ${unit}`;
    x /= 1024;
  }
  return `${x.toFixed(1)} TiB`;
}

/** "1 instance", "3 instances" */
export function count(n: number | string | undefined, what: string): string {
  return `${Number(n ?? 0).toLocaleString('en')} ${what}${Number(n ?? 0) === 1 ? '' : 's'}`;
}

/** A ParameterValue, whichever kind it holds. */
export function parameter(value: object | undefined): string {
  const held = value && Object.values(value)[0];
  if (held === undefined) return '';
  return typeof held === 'object' && held ? ((held as { values?: unknown[] }).values ?? []).join(', ') : String(held);
}
