// SPDX-License-Identifier: Apache-2.0

// A live picture: the whole SVG on a change of shape, patches of dots and detail lines between. It stands in a shadow
// root, its style sheet adopted, since the page's policy allows no inline style.
import { useEffect, useRef, useState } from 'preact/hooks';
import { useFollow } from './live';
import { Failed } from './parts';
import type { PatchJson, PictureJson } from './gen/mltrainer/diagram/v1/diagram_pb';

const PAGE_RULES = `:host{display:block} :host([data-size=actual]) svg{max-width:none!important} svg{display:block;max-width:100%;height:auto;margin:0 auto} .page{fill:none!important}
  [data-id]{outline:none} [data-pick]{cursor:pointer} [data-pick]:hover .card{stroke:#2563eb} [data-pick]:focus-visible .card,
  [data-pick]:focus-visible .frame{stroke:#2563eb;stroke-width:2.5;stroke-opacity:1} .dot{transition:fill .2s}`;

function decode(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
}

const dotOf = (item: Element) => item.querySelector(':scope > .dot');

/** The health that a dot shows, in words for who does not see it. */
function describe(dot: Element | null) {
  dot?.setAttribute('role', 'img');
  dot?.setAttribute('aria-label', dot.classList.value.replace(/dot|\s/g, ''));
}

function draw(root: ShadowRoot, picture: PictureJson, canPick: (item: Element) => boolean) {
  let rules = '';
  const text = decode(picture.content ?? '').replace(/<style>([^]*?)<\/style>/g, (_, css: string) => ((rules += css), ''));
  const svg = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules + PAGE_RULES);
  const drawn = Number(svg.getAttribute('width'));
  svg.style.minWidth = `${Math.min(drawn, Math.max(560, drawn / 2))}px`; // large enough to read, never larger than drawn
  svg.setAttribute('role', 'group');
  for (const item of svg.querySelectorAll('[data-id]')) {
    if (!canPick(item)) continue;
    item.setAttribute('data-pick', '');
    item.setAttribute('tabindex', '0');
    item.setAttribute('role', 'link');
    describe(dotOf(item));
  }
  const focused = root.activeElement?.getAttribute('data-id');
  root.adoptedStyleSheets = [sheet];
  root.replaceChildren(svg);
  if (focused) root.querySelector<SVGElement>(`[data-id="${CSS.escape(focused)}"]`)?.focus();
}

/** Is there less room than the picture was drawn for? */
function isShrunk(host: HTMLElement): boolean {
  return Number(host.shadowRoot?.querySelector('svg')?.getAttribute('width') ?? 0) > (host.parentElement?.clientWidth ?? 0);
}

function patch(root: ShadowRoot, changes: PatchJson) {
  for (const change of changes.items ?? []) {
    const item = root.querySelector(`[data-id="${CSS.escape(change.id ?? '')}"]`);
    if (!item) continue;
    dotOf(item)?.setAttribute('class', `dot ${(change.health ?? '').replace('HEALTH_', '').toLowerCase()}`);
    const detail = item.querySelector('.detail');
    if (detail) detail.textContent = change.detail ?? '';
    describe(dotOf(item));
  }
}

/** The view `view`. `pick` says where an item leads, if anywhere; the item is a group of the SVG with data-id. */
export function Diagram({ view, dark, pick }: { view: string; dark: boolean; pick: (item: Element) => string | undefined }) {
  const host = useRef<HTMLDivElement>(null);
  const [empty, setEmpty] = useState(true);
  const [whole, setWhole] = useState(true); // else as large as it was drawn
  const [shrunk, setShrunk] = useState(false);
  const theme = dark ? 'THEME_DARK' : 'THEME_LIGHT';
  const error = useFollow('diagram.v1.DiagramService/Watch', view + theme, () => ({ view, theme, minInterval: '0.05s' }), (message) => {
    const element = host.current;
    if (!element) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
    if (message.picture) draw(root, message.picture, (item) => pick(item) !== undefined);
    if (message.patch) patch(root, message.patch);
    setEmpty(false);
    setShrunk(isShrunk(element));
  });
  useEffect(() => {
    const resized = () => host.current && setShrunk(isShrunk(host.current));
    addEventListener('resize', resized);
    return () => removeEventListener('resize', resized);
  }, []);
  useEffect(() => {
    const go = (event: Event) => {
      const item = (event.composedPath()[0] as Element).closest?.('[data-pick]');
      const target = item && pick(item);
      if (target && (event.type === 'click' || (event as KeyboardEvent).key === 'Enter')) location.hash = target;
    };
    host.current?.addEventListener('click', go);
    host.current?.addEventListener('keydown', go);
    return () => (host.current?.removeEventListener('click', go), host.current?.removeEventListener('keydown', go));
  }, [pick]);
  return (
    <div class="diagram">
      <Failed error={error} />
      {shrunk && <button class="size" aria-pressed={!whole} onClick={() => setWhole(!whole)}>{whole ? 'Actual size' : 'Whole picture'}</button>}
      <div class="scroller"><div ref={host} data-view={view} data-size={whole ? undefined : 'actual'} /></div>
      {empty && !error && <p class="empty">…</p>}
    </div>
  );
}
