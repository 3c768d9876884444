-- The cursor of a queue's partition moves with each claim, up to a hundred times a second. While anybody holds a snapshot open, its dead
-- versions cannot be cleaned away, and a claim walked them four times for each partition (see the migration of stream heads before this one).
-- The row is updated in place, but its key now holds a generation too: the entries of one generation are found newest first.
-- The reference of claims to it goes, since each check of it walks them as well: whoever deletes cursors deletes their claims.
ALTER TABLE claims DROP CONSTRAINT claims_subscription_id_topic_id_partition_fkey;
ALTER TABLE queue_cursors ADD COLUMN generation bigint NOT NULL GENERATED ALWAYS AS (next_offset / 256) STORED;
ALTER TABLE queue_cursors DROP CONSTRAINT queue_cursors_pkey, ADD PRIMARY KEY (subscription_id, topic_id, "partition", generation);

-- Rows that exist stay as they are. The key does not keep a partition from having two rows, so whoever adds some waits for the others.
CREATE FUNCTION add_queue_cursors(p_subscription integer, p_topic integer[], p_partition integer[], p_offset bigint[], p_position bigint[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM subscriptions s WHERE s.id = p_subscription FOR NO KEY UPDATE;
  INSERT INTO queue_cursors (subscription_id, topic_id, "partition", next_offset, next_position)
  SELECT DISTINCT ON (v.topic_id, v.part) p_subscription, v.topic_id, v.part, v.off, v.pos
    FROM unnest(p_topic, p_partition, p_offset, p_position) AS v(topic_id, part, off, pos)
   WHERE NOT EXISTS (SELECT FROM queue_cursors q
                      WHERE q.subscription_id = p_subscription AND q.topic_id = v.topic_id AND q."partition" = v.part);
END $$;

-- Claims what is there of each partition, one range each, from the cursor up to p_head and p_limit at most: the cursor moves and one row is
-- written. Whoever claims of the same partition meanwhile waits until this one has committed and then finds the cursor moved: VOLATILE gives
-- each statement a fresh snapshot. The event at or after offset p_known has at least position p_from_position.
CREATE FUNCTION claim_ranges(
  p_subscription integer, p_owner text, p_incarnation uuid,
  p_topic integer[], p_partition integer[], p_head bigint[], p_limit integer[], p_known bigint[], p_from_position bigint[]
) RETURNS SETOF claims LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE w record; v_next bigint; v_position bigint; v_generation bigint; v_high bigint;
BEGIN
  -- In one order, so that no two wait for each other in a circle.
  FOR w IN SELECT * FROM unnest(p_topic, p_partition, p_head, p_limit, p_known, p_from_position)
                         AS u(topic_id, part, head, most, known, position) ORDER BY u.topic_id, u.part LOOP
    SELECT q.next_offset, q.next_position, q.generation INTO v_next, v_position, v_generation FROM queue_cursors q
     WHERE q.subscription_id = p_subscription AND q.topic_id = w.topic_id AND q."partition" = w.part
     ORDER BY q.generation DESC LIMIT 1 FOR UPDATE;
    CONTINUE WHEN NOT FOUND OR v_next >= w.head;
    v_high := least(v_next + w.most, w.head);
    IF w.known <= v_next THEN v_position := greatest(v_position, w.position); END IF;
    UPDATE queue_cursors q SET next_offset = v_high, next_position = v_position
     WHERE q.subscription_id = p_subscription AND q.topic_id = w.topic_id AND q."partition" = w.part AND q.generation = v_generation;
    RETURN QUERY
    INSERT INTO claims (subscription_id, topic_id, "partition", from_offset, to_offset, from_position, owner, owner_incarnation)
    VALUES (p_subscription, w.topic_id, w.part, v_next, v_high, v_position, p_owner, p_incarnation) RETURNING *;
  END LOOP;
END $$;
