import { z } from 'zod';
import { type Page } from '#contracts/page.ts';
import { type Stream, type StreamPage } from '#contracts/stream.ts';
import { toLogRecord } from '#server/storage/event-columns.ts';
import {
  type AsOf,
  selectStream,
  selectStreamEvents,
  selectStreams,
  selectStreamVersion,
} from '#server/storage/stream-rows.ts';
import { type EventReader } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { toStoredEvent } from './event-record.ts';
import { type SearchDependencies, topicName } from './event-search.ts';
import { instant } from './instant.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';

type StreamQuery = Parameters<EventReader['stream']>[1];
type StreamsQuery = Parameters<EventReader['streams']>[0];

/**
 * A stream as it is, or as it was: `atTime` keeps events whose business time is not later, `atPosition` those the log
 * held by then. `version` is the highest one kept; `nextCursor` is the `fromVersion` of the next page.
 */
export async function readStream(
  deps: SearchDependencies,
  streamId: string,
  query: StreamQuery,
): Promise<StreamPage> {
  const db = deps.database.pool;
  const head = streamId.includes('\0') ? null : await selectStream(db, streamId);
  if (head === null)
    throw new EngineError('unknown-stream', `There is no stream ${streamId}.`, { streamId });
  const asOf: AsOf = {
    time: instant('atTime', query.atTime) ?? null,
    position: Math.min(query.atPosition ?? head.lastPosition, head.lastPosition),
  };
  const now = asOf.time === null && query.atPosition === undefined;
  const version = now ? head.version : await selectStreamVersion(db, streamId, asOf);
  const firstVersion = query.direction === 'forward' ? 1 : version;
  const rows = await selectStreamEvents(db, streamId, {
    asOf,
    fromVersion: query.fromVersion ?? firstVersion,
    direction: query.direction,
    limit: query.limit + 1,
  });
  const records = rows.map((row) => toLogRecord(row, topicName(deps, row.topic_id)));
  const following = records[query.limit];
  return {
    streamId,
    version,
    items: records.slice(0, query.limit).map(toStoredEvent),
    nextCursor: following?.version === undefined ? null : String(following.version),
  };
}

/** Streams by id, a page at a time. */
export async function listStreams(
  deps: SearchDependencies,
  query: StreamsQuery,
): Promise<Page<Stream>> {
  const { category, prefix, limit } = query;
  if (`${category ?? ''}${prefix ?? ''}`.includes('\0')) return { items: [], nextCursor: null };
  const question = ['streams', category, prefix];
  const afterId =
    query.cursor === undefined ? undefined : decodeCursor(question, z.string(), query.cursor);
  const rows = await selectStreams(deps.database.pool, {
    category,
    prefix,
    afterId,
    limit: limit + 1,
  });
  const items = rows.slice(0, limit).map((row) => ({ ...row, category: categoryOf(row.streamId) }));
  const last = items.at(-1);
  return {
    items,
    nextCursor:
      rows.length > limit && last !== undefined ? encodeCursor(question, last.streamId) : null,
  };
}

/** What stands before the first `-`. */
const categoryOf = (streamId: string): string => streamId.split('-', 1)[0] ?? streamId;
