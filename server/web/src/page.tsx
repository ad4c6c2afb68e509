// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Datasets } from './datasets';
import { Events, useHappenings } from './events';
import { JobsView } from './jobs';
import { Models } from './models';
import { Overview } from './overview';
import { to, useRoute } from './parts';
import { Registry } from './registry';
import { Runs } from './runs';
import { server, useServer } from './server';
import './page.css';

const VIEWS = ['overview', 'registry', 'models', 'datasets', 'jobs', 'runs', 'events'];

/** Light or dark: the system's, until the reader chooses. The choice is kept; nothing else ever is. */
function useDark(): [boolean, () => void] {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const [dark, set] = useState((localStorage.getItem('theme') ?? (system.matches ? 'dark' : 'light')) === 'dark');
  useEffect(() => { document.documentElement.dataset.theme = dark ? 'dark' : 'light'; }, [dark]);
  useEffect(() => {
    const changed = () => localStorage.getItem('theme') ?? set(system.matches);
    system.addEventListener('change', changed);
    return () => system.removeEventListener('change', changed);
  }, []);
  return [dark, () => (localStorage.setItem('theme', dark ? 'light' : 'dark'), set(!dark))];
}

function AskToken({ refused }: { refused: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <div class="cover">
      <form class="panel ask" onSubmit={(event) => (event.preventDefault(), server.useToken(input.current!.value.trim()))}>
        <h2>This server asks for a token</h2>
        <p>It is kept in this tab's memory alone, and forgotten when the tab is closed.</p>
        {refused && <p class="failed" role="alert">The server does not take that token: it is not one, has ended, or was revoked.</p>}
        <label>Token <input ref={input} type="password" autocomplete="off" spellcheck={false} required aria-invalid={refused} /></label>
        <button type="submit">Go on</button>
      </form>
    </div>
  );
}

function Page() {
  const { parts: [view = 'overview', ...rest] } = useRoute();
  const [dark, toggle] = useDark();
  const { reachable, wantsToken, tokenRefused } = useServer();
  const happenings = useHappenings();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(view);
  useEffect(() => {
    document.title = view === 'overview' ? 'mlTrainer' : `${[view, ...rest].join(' / ')} · mlTrainer`;
    if (shown.current !== view) main.current?.focus({ preventScroll: true });
    shown.current = view;
  });
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>To the content</a>
      <nav aria-label="Views">
        <a class="brand" href={to()}><img src="/page/icon.svg" alt="" width="26" height="26" />mlTrainer</a>
        {VIEWS.map((name) => <a href={name === 'overview' ? to() : to(name)} aria-current={view === name ? 'page' : undefined}>{name}</a>)}
        <button class="theme" onClick={toggle} aria-label={dark ? 'Light colours' : 'Dark colours'}>{dark ? '☀' : '☾'}</button>
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        <h1 class="hidden">{view}</h1>
        <div aria-live="polite">
          {!reachable && <p class="lost" role="status">The server does not answer. What you see is what was known last; the page goes on by itself when it is back.</p>}
        </div>
        {view === 'overview' && <Overview parts={rest} dark={dark} />}
        {view === 'registry' && <Registry parts={rest} />}
        {view === 'models' && <Models parts={rest} />}
        {view === 'datasets' && <Datasets parts={rest} />}
        {view === 'jobs' && <JobsView parts={rest} dark={dark} />}
        {view === 'runs' && <Runs />}
        {view === 'events' && <Events all={happenings} />}
        {!VIEWS.includes(view) && <p class="empty">There is no such view.</p>}
      </main>
      {wantsToken && <AskToken refused={tokenRefused} />}
    </>
  );
}

render(<Page />, document.getElementById('page')!);
