import { z } from 'zod';

/** RFC 9457 problem document; machine fields (`field`, `pointers`, `currentVersion`, …) sit beside the standard ones. */
export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  instance: z.string(),
  code: z.string(),
  field: z.string().optional(),
});
export type Problem = z.infer<typeof problemSchema>;
