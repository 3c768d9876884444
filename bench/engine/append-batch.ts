import { randomUUID } from 'node:crypto';
import { planBatch } from '#server/engine/log/append-plan.ts';
import { appendBatch } from '#server/storage/append-rows.ts';
import { type Database, openDatabase } from '#server/storage/database.ts';
import { type Measurement } from '../measurement.ts';
import { type BenchCluster } from './bench-cluster.ts';
import { startCpuMeter } from './cpu.ts';
import { RAW_PARTITIONS, rawAppend, rawPayload } from './raw-appends.ts';

const ROWS = [1, 50, 200, 500] as const;
const RUNS = 3;
const CALLS_AT_MOST = 600;
const ROWS_PER_RUN = 20_000;
const TYPES = ['json', 'jsonb', 'bytea'] as const;
const FIELDS = [
  'id',
  'source',
  'type',
  'subject',
  'time',
  'correlation',
  'causation',
  'data',
] as const;

const NO_HEADS = { tail: () => -1, next: () => null };

type PayloadType = (typeof TYPES)[number];
type Call = (rows: number) => Promise<unknown>;

/** One call of append_batch after the other on one connection, for the types its payload could have; and ways to hand over the rows. */
export async function benchAppendBatch(cluster: BenchCluster): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const type of TYPES) {
    const database = openDatabase({ url: await cluster.createDatabase() });
    const topicId = await prepare(database, type);
    const call: Call = (rows) =>
      appendBatch(database.pool, planBatch([rawAppend(topicId, rows)], NO_HEADS).arrays);
    measured.push(...(await measure(database, { work: 'append_batch', way: type }, call)));
    await database.close();
  }
  const database = openDatabase({ url: await cluster.createDatabase() });
  await database.pool.query(
    `CREATE TABLE handed_over (${FIELDS.map((name) => `${name} text`).join(', ')})`,
  );
  for (const way of ['arrays', 'json'] as const) {
    const call: Call = (rows) => handOver(database, way, rows);
    measured.push(...(await measure(database, { work: 'rows handed over', way }, call)));
  }
  await database.close();
  return measured;
}

async function measure(
  database: Database,
  { work, way }: { readonly work: string; readonly way: string },
  call: Call,
): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const rows of ROWS) {
    const calls = Math.min(CALLS_AT_MOST, Math.ceil(ROWS_PER_RUN / rows));
    const values: number[] = [];
    const readCpu = await startCpuMeter(database);
    for (let run = 0; run < RUNS; run += 1) {
      const startedMs = performance.now();
      for (let done = 0; done < calls; done += 1) await call(rows);
      values.push(((performance.now() - startedMs) * 1_000) / (calls * rows));
    }
    const cpu = readCpu();
    const perRow = 1_000 / (calls * rows * RUNS);
    measured.push({
      name: `${work}: ${way}`,
      system: 'weir',
      parameters: { rows },
      unit: 'µs/row',
      higherIsBetter: false,
      values,
      extra: { nodeCpuUs: cpu.node * perRow, postgresCpuUs: cpu.postgres * perRow },
    });
  }
  return measured;
}

async function prepare({ pool }: Database, type: PayloadType): Promise<number> {
  if (type !== 'json') {
    const stored = type === 'jsonb' ? 'e.data::jsonb' : `convert_to(e.data, 'UTF8')`;
    const using = type === 'jsonb' ? 'data::jsonb' : `convert_to(data::text, 'UTF8')`;
    await pool.query(`ALTER TABLE events ALTER COLUMN data TYPE ${type} USING ${using}`);
    await pool.query(
      `DO $$ BEGIN EXECUTE replace(pg_get_functiondef('append_batch'::regproc), 'e.data::json', '${stored.replaceAll("'", "''")}'); END $$`,
    );
  }
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO topics (name, partitions) VALUES ('bench', $1) RETURNING id`,
    [RAW_PARTITIONS],
  );
  return rows[0]?.id ?? 0;
}

function handOver({ pool }: Database, way: 'arrays' | 'json', rows: number): Promise<unknown> {
  const events = Array.from({ length: rows }, () => ({
    id: randomUUID(),
    source: '/bench',
    type: 'order.placed',
    subject: `order-${rows}`,
    time: '2025-01-10T00:00:00.000Z',
    correlation: null,
    causation: null,
    data: rawPayload(),
  }));
  const columns = FIELDS.join(', ');
  if (way === 'json') {
    const record = FIELDS.map((name) => `${name} text`).join(', ');
    return pool.query({
      name: 'over_json',
      text: `INSERT INTO handed_over (${columns}) SELECT ${columns} FROM json_to_recordset($1) AS r(${record})`,
      values: [JSON.stringify(events)],
    });
  }
  const arrays = FIELDS.map((_, index) => `$${index + 1}::text[]`).join(', ');
  return pool.query({
    name: 'over_arrays',
    text: `INSERT INTO handed_over (${columns}) SELECT * FROM unnest(${arrays})`,
    values: FIELDS.map((name) => events.map((event) => event[name])),
  });
}
