/** What a search of the log asks of each row; topics are resolved to ids by the caller. */
export type EventConditions = {
  /** Only these topics. */
  readonly topicIds?: readonly number[] | undefined;
  /** All topics but these. */
  readonly exceptTopicIds?: readonly number[] | undefined;
  readonly partition?: number | undefined;
  readonly type?: readonly string[] | undefined;
  readonly source?: readonly string[] | undefined;
  readonly subject?: readonly string[] | undefined;
  readonly stream?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly key?: string | undefined;
  /** SQL/JSON path predicate on the payload. */
  readonly where?: string | undefined;
  readonly after?: string | undefined;
  readonly before?: string | undefined;
  readonly timeField?: 'time' | 'recorded' | undefined;
};

/** Collects parameters in the order their placeholders appear. */
export class SqlParameters {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

export type JsonCheck = 'trusted' | 'checked';

/**
 * The conditions on `events e`, each to be joined by AND. `jsonCheck: 'checked'` also survives payloads that are JSON
 * but not jsonb (a NUL character, a number out of range) at twice the cost; such payloads match no predicate.
 */
export function eventConditionsSql(
  conditions: EventConditions,
  parameters: SqlParameters,
  jsonCheck: JsonCheck,
): string[] {
  const sql: string[] = [];
  const equals = (column: string, value: string | number | undefined) => {
    if (value !== undefined) sql.push(`e.${column} = ${parameters.add(value)}`);
  };
  if (conditions.topicIds !== undefined)
    sql.push(`e.topic_id = ANY(${parameters.add(conditions.topicIds)}::int[])`);
  if (conditions.exceptTopicIds !== undefined && conditions.exceptTopicIds.length > 0)
    sql.push(`e.topic_id <> ALL(${parameters.add(conditions.exceptTopicIds)}::int[])`);
  equals('"partition"', conditions.partition);
  sql.push(...globSql('e.type', conditions.type, parameters));
  sql.push(...globSql('e.source', conditions.source, parameters));
  sql.push(...globSql('e.subject', conditions.subject, parameters));
  equals('stream_id', conditions.stream);
  equals('correlation_id', conditions.correlationId);
  equals('causation_id', conditions.causationId);
  equals('key', conditions.key);
  const time = conditions.timeField === 'recorded' ? 'e.recorded_at' : 'e.time';
  if (conditions.after !== undefined)
    sql.push(`${time} >= ${parameters.add(conditions.after)}::timestamptz`);
  if (conditions.before !== undefined)
    sql.push(`${time} < ${parameters.add(conditions.before)}::timestamptz`);
  if (conditions.where !== undefined) {
    const predicate = `e.data::jsonb @@ ${parameters.add(conditions.where)}::jsonpath`;
    sql.push(
      jsonCheck === 'trusted'
        ? predicate
        : `CASE WHEN pg_input_is_valid(e.data::text, 'jsonb') THEN ${predicate} END`,
    );
  }
  return sql;
}

/** Exact texts by equality, those with `*` by LIKE. */
function globSql(
  column: string,
  patterns: readonly string[] | undefined,
  parameters: SqlParameters,
): string[] {
  if (patterns === undefined) return [];
  const exact = patterns.filter((pattern) => !pattern.includes('*'));
  const globs = patterns.filter((pattern) => pattern.includes('*'));
  const sql: string[] = [];
  if (exact.length > 0) sql.push(`${column} = ANY(${parameters.add(exact)}::text[])`);
  if (globs.length > 0)
    sql.push(`${column} LIKE ANY(${parameters.add(globs.map(likePattern))}::text[])`);
  return [`(${sql.length === 0 ? 'false' : sql.join(' OR ')})`];
}

const likePattern = (glob: string) => glob.replaceAll(/[\\%_]/g, '\\$&').replaceAll('*', '%');
