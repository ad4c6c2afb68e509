// SPDX-License-Identifier: Apache-2.0

// Datasets, and one of them with its columns and first rows.
import { useCall } from './live';
import { Facts, Failed, Panel, Table, to } from './parts';
import { bytes, number, time, word } from './text';
import type { ColumnSummaryJson } from './gen/mltrainer/execution/v1/dataset_pb';
import type { ColumnJson } from './gen/mltrainer/execution/v1/table_pb';

const LIST_MS = 3000;
const PREVIEW_ROWS = 20;

function List() {
  const { value, error } = useCall('execution.v1.ExecutionService/ListDatasets', { pageSize: 200 }, LIST_MS);
  return (
    <Panel title="Datasets">
      <Failed error={error} />
      <Table label="Datasets" rows={value && (value.datasets ?? [])} id={(d) => d.name ?? ''}
        empty={<>There is no dataset. <code>mltctl datasets upload FILE.csv</code></>}
        columns={[
          { title: 'Dataset', cell: (d) => <a href={to('datasets', d.name ?? '')}>{d.name}</a> },
          { title: 'Version', number: true, cell: (d) => d.version },
          { title: 'Rows', number: true, cell: (d) => Number(d.rowCount ?? 0).toLocaleString('en') },
          { title: 'Columns', number: true, cell: (d) => d.columns?.length ?? 0 },
          { title: 'Size', number: true, cell: (d) => bytes(d.sizeBytes) },
          { title: 'Made', cell: (d) => time(d.createTime) },
          { title: 'Owner', cell: (d) => d.owner },
        ]} />
    </Panel>
  );
}

const date = (days: number) => new Date(days * 86400_000).toISOString().slice(0, 10);

const summary = (column: ColumnSummaryJson, value: ColumnSummaryJson['minimum']) =>
  column.type === 'COLUMN_TYPE_DATE' && value !== undefined ? date(Number(value)) : number(value);

/** Row `row` of a column, "" where it is absent. */
function cell(column: ColumnJson, row: number): string {
  if (column.nullRows?.includes(row)) return '';
  const { doubles, integers, texts, bools, dates } = column;
  if (doubles) return number(doubles.values?.[row]);
  if (dates) return date(dates.days?.[row] ?? 0);
  return String((integers ?? texts ?? bools)?.values?.[row] ?? '');
}

function Dataset({ name }: { name: string }) {
  const { value, error } = useCall('execution.v1.ExecutionService/GetDataset', { dataset: name });
  const preview = useCall('execution.v1.ExecutionService/PreviewDataset', { dataset: name, rowCount: PREVIEW_ROWS });
  const dataset = value?.dataset;
  const columns = preview.value?.table?.columns ?? [];
  const rows = Array.from({ length: Math.min(PREVIEW_ROWS, Number(preview.value?.totalRows ?? 0)) }, (_, i) => i);
  return (
    <>
      <Panel title={name} aside={<a href={to('datasets')}>All datasets</a>}>
        <Failed error={error} />
        <Facts of={[
          ['Version', dataset?.version], ['Rows', dataset && Number(dataset.rowCount ?? 0).toLocaleString('en')], ['Size', dataset && bytes(dataset.sizeBytes)],
          ['Made', time(dataset?.createTime)], ['Owner', dataset?.owner], ['SHA-256', dataset?.sha256 && <code>{dataset.sha256.slice(0, 16)}…</code>],
          ['Description', dataset?.description],
        ]} />
        {dataset && (
          <Table label="Columns" rows={dataset.columns ?? []} id={(c) => c.name ?? ''} empty="It has no column." columns={[
            { title: 'Column', cell: (c) => <code>{c.name}</code> },
            { title: 'Type', cell: (c) => word(c.type, 'COLUMN_TYPE_') },
            { title: 'Absent', number: true, cell: (c) => c.nullCount ?? 0 },
            { title: 'Least', number: true, cell: (c) => summary(c, c.minimum) },
            { title: 'Mean', number: true, cell: (c) => number(c.mean) },
            { title: 'Most', number: true, cell: (c) => summary(c, c.maximum) },
            { title: 'Deviation', number: true, cell: (c) => number(c.standardDeviation) },
          ]} />
        )}
      </Panel>
      <Panel title="First rows">
        <Failed error={preview.error} />
        <Table label="First rows" rows={preview.value && rows} id={String} empty="It has no row."
          columns={columns.map((c) => ({ title: c.name ?? '', number: !c.texts && !c.dates, cell: (row: number) => cell(c, row) }))} />
      </Panel>
    </>
  );
}

export function Datasets({ parts: [name] }: { parts: string[] }) {
  return name ? <Dataset key={name} name={name} /> : <List />;
}
