import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(async () => {
  await testDatabase.drop();
});

const SCHEMA = join(import.meta.dirname, '../../prisma/schema');

const POSTGRES_TYPES: Readonly<Record<string, string>> = {
  Boolean: 'bool',
  Int: 'int4',
  'Int @db.SmallInt': 'int2',
  BigInt: 'int8',
  Float: 'float8',
  'Float @db.Real': 'float4',
  String: 'text',
  'String @db.Uuid': 'uuid',
  'DateTime @db.Timestamptz(6)': 'timestamptz',
  Json: 'jsonb',
  'Json @db.Json': 'json',
  Bytes: 'bytea',
};

/** `table.column type null?` of every column that the Prisma schema describes. */
function describedColumns(): readonly string[] {
  const schema = readdirSync(SCHEMA)
    .map((name) => readFileSync(join(SCHEMA, name), 'utf8'))
    .join('\n');
  const models = [...schema.matchAll(/^model (\w+) \{\n([^]*?)^\}/gm)];
  const names = new Set(models.map(([, name]) => name));
  return models.flatMap(([, name, body = '']) => {
    const table = /@@map\("(\w+)"\)/.exec(body)?.[1] ?? name;
    const fields = [...body.matchAll(/^ {2}(\w+) +(\w+)(\?|\[\])?(.*)$/gm)];
    return fields
      .filter(([, , type]) => !names.has(type))
      .map(([, field, type, mark, attributes = '']) => {
        const column = /@map\("(\w+)"\)/.exec(attributes)?.[1] ?? field;
        const native = /@db\.\w+(?:\(\d+\))?/.exec(attributes)?.[0];
        const described = native === undefined ? type : `${type} ${native}`;
        const unsupported = /^\("(\w+)"\)/.exec(attributes)?.[1];
        const postgres = unsupported ?? POSTGRES_TYPES[described ?? ''] ?? `unknown (${described})`;
        if (mark === '[]') return `${table}.${column} _${postgres}`;
        return `${table}.${column} ${postgres}${mark === '?' ? ' null' : ''}`;
      });
  });
}

test('the Prisma schema describes every column of the migrated database, and no other', async () => {
  const { rows } = await testDatabase.database.pool.query<{ described: string }>(
    `SELECT format('%s.%s %s%s', c.table_name, c.column_name, c.udt_name,
                   CASE c.is_nullable WHEN 'YES' THEN ' null' END) AS described
     FROM information_schema.columns c
     WHERE c.table_schema = current_schema() AND c.table_name <> '_prisma_migrations'
       AND NOT (SELECT relispartition FROM pg_class WHERE oid = c.table_name::regclass)`,
  );

  const found = rows.map((row) => row.described).toSorted();
  expect(describedColumns().toSorted()).toEqual(found);
});
