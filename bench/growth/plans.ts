import { z } from 'zod';
import { appendBatch } from '#server/storage/append-rows.ts';
import { type Database, type Db } from '#server/storage/database.ts';
import { type EventRow } from '#server/storage/event-columns.ts';
import { selectEventsAfter, selectEventsAt, selectPartitions } from '#server/storage/log-rows.ts';
import { selectStream, selectStreamEvents } from '#server/storage/stream-rows.ts';

/** One access to a leaf that a plan really made. */
export type LeafAccess = {
  readonly statement: string;
  readonly node: string;
  readonly relation: string;
  readonly index: string | null;
  readonly loops: number;
  readonly pages: number;
};

type PlanNode = {
  'Node Type': string;
  'Relation Name'?: string | undefined;
  'Index Name'?: string | undefined;
  'Actual Loops'?: number | undefined;
  'Shared Hit Blocks'?: number | undefined;
  'Shared Read Blocks'?: number | undefined;
  Plans?: PlanNode[] | undefined;
};

const nodeSchema: z.ZodType<PlanNode> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Relation Name': z.string().optional(),
    'Index Name': z.string().optional(),
    'Actual Loops': z.number().optional(),
    'Shared Hit Blocks': z.number().optional(),
    'Shared Read Blocks': z.number().optional(),
    Plans: z.array(nodeSchema).optional(),
  }),
);
const noticeSchema = z.object({ 'Query Text': z.string(), Plan: nodeSchema });

/** Executions until Postgres has weighed a generic plan against the custom ones. */
const WARM_UP = 8;
const QUERY_TEXT = 60;
const NEARBY = 500;

/**
 * What the statements of the hot paths touch in the leaves, as executed: Postgres itself tells of each plan, the ones inside
 * append_batch included. Nothing stays written.
 */
export async function explainHotPaths(
  { pool }: Pick<Database, 'pool'>,
  size: number,
): Promise<LeafAccess[]> {
  const middle = Math.ceil(size / 2);
  // A plain event and its place, as a consumer stands at it.
  const nearby = Array.from({ length: NEARBY }, (_, index) => middle + index);
  const places = await selectEventsAt(pool, nearby);
  const place = places.find((row) => row.stream_id === null);
  if (place === undefined) throw new Error(`There is no plain event near ${middle}`);
  const client = await pool.connect();
  const accesses: LeafAccess[] = [];
  let statement = '';
  client.on('notice', ({ message = '' }) => {
    const from = message.indexOf('{');
    if (statement !== '' && from >= 0) accesses.push(...accessesOf(statement, message.slice(from)));
  });
  try {
    await client.query(
      `LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;
       SET auto_explain.log_analyze = on; SET auto_explain.log_buffers = on; SET auto_explain.log_timing = off;
       SET auto_explain.log_format = json; SET auto_explain.log_level = notice`,
    );
    for (const [name, work] of Object.entries(hotPaths(place))) {
      for (let run = 0; run < WARM_UP; run += 1) {
        statement = run === WARM_UP - 1 ? name : '';
        await client.query('BEGIN');
        await work(client);
        // The plan of a statement is told when its portal is closed: before the next one answers.
        await client.query('ROLLBACK');
        statement = '';
      }
    }
  } finally {
    // Its settings must not serve anybody else.
    client.release(true);
  }
  return accesses;
}

const BOUND = { limit: 500, maxBytes: 4_000_000 };

const hotPaths = (place: EventRow): Readonly<Record<string, (db: Db) => Promise<unknown>>> => {
  const { topic_id: topicId, partition, offset, position } = place;
  return {
    'append, heads known': (db) => append(db, place, 'known'),
    'append, heads unknown': (db) => append(db, place, 'unknown'),
    fetch: (db) => selectPartitions(db, [{ topicId, partition, offset, position }], BOUND),
    'read after': (db) => selectEventsAfter(db, position, BOUND),
    'read a stream': readStream,
  };
};

async function readStream(db: Db): Promise<unknown> {
  const head = await selectStream(db, 'account-7');
  return selectStreamEvents(db, 'account-7', {
    asOf: { time: null, position: head?.lastPosition ?? 0 },
    fromVersion: 1,
    direction: 'forward',
    limit: 100,
  });
}

async function append(db: Db, place: EventRow, heads: 'known' | 'unknown'): Promise<unknown> {
  const { topic_id: topicId, partition } = place;
  const { rows } = await db.query<{ tail: number; next: number }>(
    `SELECT (SELECT max(position) FROM events) AS tail,
            (SELECT max("offset") + 1 FROM events WHERE topic_id = $1 AND "partition" = $2) AS next`,
    [topicId, partition],
  );
  const known = heads === 'known' ? rows[0] : undefined;
  return appendBatch(db, {
    shard: 0,
    fast: false,
    knownTail: known?.tail ?? -1,
    slotTopic: [topicId],
    slotPartition: [partition],
    slotNext: [known?.next ?? null],
    streams: null,
    slot: [1],
    slotRank: [0],
    stream: [null],
    streamRank: [null],
    request: [1],
    expected: null,
    eventId: ['plan-probe'],
    source: ['/bench'],
    type: ['probe'],
    subject: [null],
    key: [null],
    correlation: [null],
    causation: [null],
    time: ['2026-01-01T00:00:00Z'],
    extensions: [null],
    data: ['{}'],
    binary: [null],
  });
}

function accessesOf(statement: string, text: string): LeafAccess[] {
  const { Plan, 'Query Text': query } = noticeSchema.parse(JSON.parse(text));
  if (query.includes('max(position)')) return [];
  const found: LeafAccess[] = [];
  const visit = (node: PlanNode) => {
    const relation = node['Relation Name'] ?? leafOf(node['Index Name']);
    const loops = node['Actual Loops'] ?? 0;
    if (relation?.startsWith('events_') && loops > 0) {
      found.push({
        statement: `${statement}: ${query.replaceAll(/\s+/g, ' ').trim().slice(0, QUERY_TEXT)}`,
        node: node['Node Type'],
        relation,
        index: node['Index Name'] ?? null,
        loops,
        pages: (node['Shared Hit Blocks'] ?? 0) + (node['Shared Read Blocks'] ?? 0),
      });
    }
    for (const child of node.Plans ?? []) visit(child);
  };
  visit(Plan);
  return found;
}

const leafOf = (index: string | undefined): string | undefined =>
  index === undefined ? undefined : /^events_\d+/.exec(index)?.[0];
