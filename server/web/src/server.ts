// SPDX-License-Identifier: Apache-2.0

// What the page knows of its server: is it there, and does it want a token. The token is kept here, in memory, alone.
import { useEffect, useState } from 'preact/hooks';

const PROBE_FIRST_MS = 250;
const PROBE_MOST_MS = 4000;

class Server {
  token = '';
  reachable = true;
  wantsToken = false;
  tokenRefused = false; // what was given last was no good
  generation = 0; // grows whenever everything should be asked anew
  private listeners = new Set<() => void>();

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell() {
    for (const listener of [...this.listeners]) listener();
  }

  /** A request found nobody: say so, and look until somebody is there again. */
  lost() {
    if (!this.reachable) return;
    this.reachable = false;
    this.tell();
    this.probe(PROBE_FIRST_MS);
  }

  private probe(waitMs: number) {
    setTimeout(async () => {
      try {
        await fetch('/healthz', { cache: 'no-store' });
        this.answered();
      } catch {
        this.probe(Math.min(waitMs * 1.6, PROBE_MOST_MS));
      }
    }, waitMs);
  }

  answered() {
    if (this.reachable) return;
    this.reachable = true;
    this.generation++;
    this.tell();
  }

  /** A request with the token @sent was refused. One that was sent before another token was given says nothing. */
  askForToken(sent: string) {
    if (this.wantsToken || sent !== this.token) return;
    this.wantsToken = true;
    this.tokenRefused = sent !== '';
    this.tell();
  }

  useToken(token: string) {
    this.token = token;
    this.wantsToken = false;
    this.generation++;
    this.tell();
  }
}

export const server = new Server();

/** The server's state; the component is drawn again when it changes. */
export function useServer() {
  const state = () => ({ reachable: server.reachable, wantsToken: server.wantsToken, tokenRefused: server.tokenRefused, generation: server.generation });
  const [value, set] = useState(state);
  useEffect(() => server.subscribe(() => set(state())), []);
  return value;
}
