const openClaims = (least: string): string =>
  `SELECT min(c.${least}) FROM claims c WHERE c.subscription_id = q.subscription_id AND c.topic_id = q.topic_id
     AND c."partition" = q."partition" AND c.id >= q.open_from`;

/** Of a row `q` of queue_cursors, the first offset that is not done: of its open claims, or the next one to be claimed. */
export const QUEUE_LOW_MARK = `coalesce((${openClaims('from_offset')}), q.next_offset)`;
/** A position at or below that of the event there. */
export const QUEUE_LOW_POSITION = `coalesce((${openClaims('from_position')}), q.next_position)`;
