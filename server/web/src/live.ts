// SPDX-License-Identifier: Apache-2.0

// Hooks that keep a component supplied: an answer asked for again and again, or a stream followed. Both rest while the
// tab is hidden, and begin anew when the server has come back.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { call, follow, RpcError, type Streams, type Unary } from './rpc';
import { useServer } from './server';

const RETRY_MS = 1000;
/** Statuses that pass by themselves; the others are shown, and not tried again. */
const PASSING = new Set(['lost', 'unavailable', 'resource_exhausted', 'aborted', 'deadline_exceeded']);

function useVisible(): boolean {
  const [visible, set] = useState(!document.hidden);
  useEffect(() => {
    const changed = () => set(!document.hidden);
    document.addEventListener('visibilitychange', changed);
    return () => document.removeEventListener('visibilitychange', changed);
  }, []);
  return visible;
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

export interface Answer<T> {
  value?: T;
  error?: RpcError;
  refresh: () => void;
}

/** The answer to a request, again every `everyMs` (0: once). The last value stays while a newer one is waited for. */
export function useCall<M extends keyof Unary>(method: M, request: Unary[M][0], everyMs = 0): Answer<Unary[M][1]> {
  const [state, set] = useState<{ value?: Unary[M][1]; error?: RpcError }>({});
  const [round, setRound] = useState(0);
  const { generation, reachable } = useServer();
  const visible = useVisible();
  const key = method + JSON.stringify(request);
  const asked = useRef(key);
  useEffect(() => {
    if (asked.current !== key) set({}); // another question: the old answer is none
    asked.current = key;
    if (!visible || !reachable) return;
    const stop = new AbortController();
    (async () => {
      while (!stop.signal.aborted) {
        try {
          const value = await call(method, request, stop.signal);
          if (!stop.signal.aborted) set({ value });
        } catch (error) {
          if (stop.signal.aborted || !(error instanceof RpcError)) return;
          if (error.code !== 'lost') set((old) => ({ value: old.value, error }));
        }
        if (!everyMs) return;
        await wait(everyMs, stop.signal);
      }
    })();
    return () => stop.abort();
  }, [key, everyMs, generation, reachable, visible, round]);
  return { ...state, refresh: useCallback(() => setRound((n) => n + 1), []) };
}

/** Follow a stream: `next()` makes the request, also of the attempts after a break, so it can say where to go on; null
 *  follows nothing. Returns what ended it for good. */
export function useFollow<M extends keyof Streams>(
  method: M, key: string, next: () => Streams[M][0] | null, on: (message: Streams[M][1]) => void,
): RpcError | undefined {
  const [error, setError] = useState<RpcError>();
  const { generation, reachable } = useServer();
  const visible = useVisible();
  const latest = useRef({ next, on });
  latest.current = { next, on };
  useEffect(() => {
    setError(undefined);
    if (!visible || !reachable) return;
    const stop = new AbortController();
    (async () => {
      while (!stop.signal.aborted) {
        try {
          const request = latest.current.next();
          if (!request) return;
          for await (const message of follow(method, request, stop.signal)) if (!stop.signal.aborted) latest.current.on(message);
          return;
        } catch (reason) {
          if (stop.signal.aborted || !(reason instanceof RpcError)) return;
          if (!PASSING.has(reason.code)) return setError(reason);
        }
        await wait(RETRY_MS, stop.signal);
      }
    })();
    return () => stop.abort();
  }, [method, key, generation, reachable, visible]);
  return error;
}
