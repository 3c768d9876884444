-- The only writer of events. Called autocommit, READ COMMITTED, on its own connection: the advisory lock is then held from the
-- second statement to the end of the commit, so the next holder's snapshot sees this batch, positions are dense and in commit
-- order, and a reader needs only `position > x`. VOLATILE gives each inner statement a fresh snapshot.
--
-- The caller names each distinct partition ("slot") and each distinct stream of the batch once and refers to them by index
-- (from 1), and gives each event its rank within its slot and its stream; so when nothing is a duplicate or a conflict the
-- function only adds. p_slot_next holds the caller's idea of the next offsets, trusted only when nobody has written since
-- (p_known_tail is the tail); the primary key and the unique index on offsets are the fence in any case.
--
-- p_expected per event: NULL any · -1 the stream must exist · n its version must be n. Events with one p_request stand or fall
-- together. A batch holds at most one conditional request per stream, and nothing before it on that stream.
--
-- Answers one row. verdicts is NULL when every event was stored: event i then has position tail + i, offset
-- slot_next[slot] + slot_rank, version stream_versions[stream] + stream_rank + 1. Otherwise there is one element per event in
-- verdicts ('ok' | 'duplicate' | 'partial-duplicate' | 'conflict') and in the arrays beside it.
CREATE FUNCTION append_batch(
  p_shard smallint, p_fast boolean, p_known_tail bigint,
  p_slot_topic integer[], p_slot_partition integer[], p_slot_next bigint[],
  p_streams text[],
  p_slot integer[], p_slot_rank integer[], p_stream integer[], p_stream_rank integer[],
  p_request integer[], p_expected bigint[],
  p_event_id text[], p_source text[], p_type text[], p_subject text[], p_key text[],
  p_correlation text[], p_causation text[], p_time timestamptz[],
  p_extensions text[], p_data text[], p_binary bytea[],
  OUT tail bigint, OUT recorded timestamptz, OUT slot_next bigint[], OUT stream_versions bigint[],
  OUT verdicts text[], OUT positions bigint[], OUT topics integer[], OUT partitions integer[],
  OUT offsets bigint[], OUT versions bigint[]
) LANGUAGE plpgsql VOLATILE
-- A fresh leaf has no statistics; the probes must use its indexes all the same.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
  v_base bigint; v_dedupe_from bigint; v_last timestamptz;
  v_duplicates boolean; v_conflicts boolean := false;
  n integer := cardinality(p_slot);
  v_failed jsonb := '{}';          -- request → verdict
  v_dup_position bigint[]; v_dup_topic integer[]; v_dup_partition integer[]; v_dup_offset bigint[]; v_dup_version bigint[];
  v_slot_used bigint[]; v_stream_used bigint[]; v_stored bigint := 0;
  r record; i integer;
BEGIN
  IF p_fast THEN PERFORM set_config('synchronous_commit', 'off', true); END IF;
  PERFORM pg_advisory_xact_lock(1163087698, p_shard);

  SELECT s.base_position, s.dedupe_from INTO STRICT v_base, v_dedupe_from FROM log_shards s WHERE s.shard = p_shard;
  SELECT e.position, e.recorded_at INTO tail, v_last FROM events e WHERE e.shard = p_shard ORDER BY e.position DESC LIMIT 1;
  tail := coalesce(tail, v_base);
  -- Milliseconds, as the API shows them, and never before the event before: "as of t" is then a prefix of the log.
  recorded := greatest(coalesce(v_last, '-infinity'), date_trunc('milliseconds', clock_timestamp()));

  IF tail = p_known_tail AND array_position(p_slot_next, NULL) IS NULL THEN
    slot_next := p_slot_next;
  ELSE
    SELECT array_agg(coalesce((SELECT e."offset" + 1 FROM events e
                                WHERE e.topic_id = t.topic_id AND e."partition" = t.part
                                ORDER BY e."offset" DESC LIMIT 1), 0) ORDER BY t.ord)
      INTO slot_next FROM unnest(p_slot_topic, p_slot_partition) WITH ORDINALITY AS t(topic_id, part, ord);
  END IF;

  IF p_streams IS NOT NULL THEN
    SELECT array_agg(coalesce(h.version, 0) ORDER BY s.ord)
      INTO stream_versions FROM unnest(p_streams) WITH ORDINALITY AS s(stream_id, ord) LEFT JOIN stream_heads h USING (stream_id);
    IF p_expected IS NOT NULL THEN
      SELECT EXISTS (SELECT FROM unnest(p_expected, p_stream) AS c(expected, stream)
                      WHERE c.expected IS NOT NULL
                        AND NOT (c.expected = stream_versions[c.stream] OR (c.expected = -1 AND stream_versions[c.stream] > 0)))
        INTO v_conflicts;
    END IF;
  END IF;

  -- One index probe per event: OFFSET 0 keeps the probe correlated. As a plain join, the plan that is made while the leaf is
  -- nearly empty walks the whole leaf for each event, and is kept for the life of the connection.
  SELECT EXISTS (SELECT FROM unnest(p_event_id, p_source) AS d(event_id, source)
                  WHERE EXISTS (SELECT FROM events e
                                 WHERE e.event_id = d.event_id AND e.source = d.source AND e.position > v_dedupe_from OFFSET 0))
    INTO v_duplicates;

  IF NOT v_duplicates AND NOT v_conflicts THEN
    INSERT INTO events (position, shard, topic_id, "partition", "offset", stream_version, recorded_at, time, event_id, source,
                        type, subject, key, stream_id, correlation_id, causation_id, extensions, data, data_binary)
    SELECT tail + e.ord, p_shard, p_slot_topic[e.slot], p_slot_partition[e.slot], slot_next[e.slot] + e.slot_rank,
           stream_versions[e.stream] + e.stream_rank + 1, recorded, e.time, e.event_id, e.source,
           e.type, e.subject, e.key, p_streams[e.stream], e.correlation, e.causation, e.extensions::json, e.data::json, e.bytes
      FROM unnest(p_slot, p_slot_rank, p_stream, p_stream_rank, p_event_id, p_source, p_type, p_subject, p_key,
                  p_correlation, p_causation, p_time, p_extensions, p_data, p_binary)
           WITH ORDINALITY AS e(slot, slot_rank, stream, stream_rank, event_id, source, type, subject, key,
                                correlation, causation, time, extensions, data, bytes, ord);
    IF p_streams IS NOT NULL THEN
      INSERT INTO stream_heads AS h (stream_id, version, position)
      SELECT p_streams[x.stream], stream_versions[x.stream] + count(*), tail + max(x.ord)
        FROM unnest(p_stream) WITH ORDINALITY AS x(stream, ord) WHERE x.stream IS NOT NULL GROUP BY x.stream
      ON CONFLICT (stream_id) DO UPDATE SET version = excluded.version, position = excluded.position;
    END IF;
    RETURN;
  END IF;

  -- Something is a duplicate or in conflict: decide per request, then number what is left.
  v_dup_position := array_fill(NULL::bigint, ARRAY[n]); v_dup_topic := array_fill(NULL::integer, ARRAY[n]);
  v_dup_partition := v_dup_topic; v_dup_offset := v_dup_position; v_dup_version := v_dup_position;
  FOR r IN SELECT d.ord::integer AS ord, e.position, e.topic_id, e."partition" AS part, e."offset" AS off, e.stream_version
             FROM unnest(p_event_id, p_source) WITH ORDINALITY AS d(event_id, source, ord)
            CROSS JOIN LATERAL (SELECT e.position, e.topic_id, e."partition", e."offset", e.stream_version FROM events e
                                 WHERE e.event_id = d.event_id AND e.source = d.source AND e.position > v_dedupe_from OFFSET 0) e LOOP
    v_dup_position[r.ord] := r.position; v_dup_topic[r.ord] := r.topic_id; v_dup_partition[r.ord] := r.part;
    v_dup_offset[r.ord] := r.off; v_dup_version[r.ord] := r.stream_version;
  END LOOP;
  FOR r IN SELECT q.request,
                  CASE WHEN bool_and(q.dup IS NOT NULL) THEN 'duplicate'
                       WHEN bool_or(q.dup IS NOT NULL) THEN 'partial-duplicate'
                       WHEN bool_or(q.expected IS NOT NULL AND NOT (q.expected = stream_versions[q.stream]
                                    OR (q.expected = -1 AND stream_versions[q.stream] > 0))) THEN 'conflict' END AS verdict
             FROM unnest(p_request, coalesce(p_expected, array_fill(NULL::bigint, ARRAY[n])), p_stream, v_dup_position)
                  AS q(request, expected, stream, dup)
            GROUP BY q.request LOOP
    IF r.verdict IS NOT NULL THEN v_failed := jsonb_set(v_failed, ARRAY[r.request::text], to_jsonb(r.verdict)); END IF;
  END LOOP;

  verdicts := array_fill('ok'::text, ARRAY[n]);
  positions := v_dup_position; topics := v_dup_topic; partitions := v_dup_partition; offsets := v_dup_offset; versions := v_dup_version;
  v_slot_used := array_fill(0::bigint, ARRAY[cardinality(p_slot_topic)]);
  IF p_streams IS NOT NULL THEN v_stream_used := array_fill(0::bigint, ARRAY[cardinality(p_streams)]); END IF;
  FOR i IN 1..n LOOP
    IF v_failed ? p_request[i]::text THEN
      verdicts[i] := v_failed ->> p_request[i]::text;
      IF verdicts[i] = 'conflict' THEN versions[i] := stream_versions[p_stream[i]]; END IF;
    ELSE
      v_stored := v_stored + 1;
      positions[i] := tail + v_stored;
      topics[i] := p_slot_topic[p_slot[i]]; partitions[i] := p_slot_partition[p_slot[i]];
      offsets[i] := slot_next[p_slot[i]] + v_slot_used[p_slot[i]];
      v_slot_used[p_slot[i]] := v_slot_used[p_slot[i]] + 1;
      IF p_stream[i] IS NOT NULL THEN
        v_stream_used[p_stream[i]] := v_stream_used[p_stream[i]] + 1;
        versions[i] := stream_versions[p_stream[i]] + v_stream_used[p_stream[i]];
      END IF;
    END IF;
  END LOOP;

  INSERT INTO events (position, shard, topic_id, "partition", "offset", stream_version, recorded_at, time, event_id, source,
                      type, subject, key, stream_id, correlation_id, causation_id, extensions, data, data_binary)
  SELECT e.position, p_shard, e.topic_id, e.part, e.off, e.version, recorded, e.time, e.event_id, e.source,
         e.type, e.subject, e.key, p_streams[e.stream], e.correlation, e.causation, e.extensions::json, e.data::json, e.bytes
    FROM unnest(verdicts, positions, topics, partitions, offsets, versions, p_stream, p_event_id, p_source, p_type, p_subject,
                p_key, p_correlation, p_causation, p_time, p_extensions, p_data, p_binary)
         AS e(verdict, position, topic_id, part, off, version, stream, event_id, source, type, subject,
              key, correlation, causation, time, extensions, data, bytes)
   WHERE e.verdict = 'ok';
  IF p_streams IS NOT NULL THEN
    INSERT INTO stream_heads AS h (stream_id, version, position)
    SELECT p_streams[x.stream], max(x.version), max(x.position)
      FROM unnest(verdicts, p_stream, versions, positions) AS x(verdict, stream, version, position)
     WHERE x.verdict = 'ok' AND x.stream IS NOT NULL GROUP BY x.stream
    ON CONFLICT (stream_id) DO UPDATE SET version = excluded.version, position = excluded.position;
  END IF;
END $$;
