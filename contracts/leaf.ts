import { z } from 'zod';
import { timeSchema } from './page.ts';

/**
 * hot: written to, or waiting ahead · sealed: full · archived: also in a verified file · dropped: its rows are gone from the log, and in
 * the file when there is one · restored: its rows are back from the file.
 */
export const leafStateSchema = z.enum(['hot', 'sealed', 'archived', 'dropped', 'restored']);

/** A stretch of the log that is kept, archived and dropped as a whole: positions `from` to `to`, both included. */
export const leafSchema = z.object({
  from: z.number().int(),
  to: z.number().int(),
  state: leafStateSchema,
  rows: z.number().int().nullable(),
  bytes: z.number().int().nullable(),
  minRecordedAt: timeSchema.nullable(),
  maxRecordedAt: timeSchema.nullable(),
  archive: z.object({ file: z.string(), sha256: z.string(), bytes: z.number().int() }).nullable(),
});
export type Leaf = z.infer<typeof leafSchema>;

/** With `drop` the leaf leaves the log once its file is verified; only the oldest leaf can. */
export const archiveLeafRequestSchema = z.strictObject({ drop: z.boolean().default(false) });
export type ArchiveLeafRequest = z.infer<typeof archiveLeafRequestSchema>;
