// SPDX-License-Identifier: Apache-2.0

// Curves of metrics over their steps.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

const COLORS = ['#2563eb', '#f59e0b', '#16a34a', '#db2777', '#7c3aed', '#0891b2'];
const HEIGHT = 240;

export type Series = Map<string, Map<number, number>>; // metric -> step -> value

function align(series: Series): uPlot.AlignedData {
  const steps = [...new Set([...series.values()].flatMap((points) => [...points.keys()]))].sort((a, b) => a - b);
  return [steps, ...[...series.values()].map((points) => steps.map((step) => points.get(step) ?? null))] as uPlot.AlignedData;
}

export function Chart({ series, dark }: { series: Series; dark: boolean }) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const names = [...series.keys()].join();
  useEffect(() => {
    const element = host.current!;
    const ink = dark ? '#94a3b8' : '#64748b';
    const grid = { stroke: dark ? '#26324a' : '#e2e8f0', width: 1 };
    plot.current = new uPlot({
      width: element.clientWidth, height: HEIGHT,
      scales: { x: { time: false } },
      axes: [{ stroke: ink, grid, label: 'step' }, { stroke: ink, grid, size: 64 }],
      series: [{ label: 'step' }, ...[...series.keys()].map((label, i) => ({ label, stroke: COLORS[i % COLORS.length], width: 2, spanGaps: true }))],
    }, align(series), element);
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => (resized.disconnect(), plot.current?.destroy());
  }, [names, dark]);
  useEffect(() => plot.current?.setData(align(series)), [series]);
  return <div class="chart" ref={host} role="img" aria-label={`Curves of ${names.replaceAll(',', ', ')} over the steps; the table below has their last values`} />;
}
