// SPDX-License-Identifier: Apache-2.0
import { to } from './parts';

/** Where an item of a picture leads: the instances behind it, its job, the models of its family, or a call's trace. */
export function pick(item: Element): string | undefined {
  const id = item.getAttribute('data-id') ?? '';
  const key = item.getAttribute('data-live')?.replace(/^registry\//, '') ?? item.getAttribute('data-key');
  if (key?.startsWith('call:')) return to('overview', key);
  if (key?.includes('/')) return to('registry', ...key.split('/'));
  const job = [key, id].find((text) => /^j\d{12}$/.test(text ?? ''));
  if (job) return to('jobs', job);
  if (id.startsWith('family-')) return `#/models?family=${encodeURIComponent(id.slice(7))}`;
  return ['jobs', 'queue', 'workers'].includes(id) || id.startsWith('worker-') ? to('jobs') : undefined;
}
