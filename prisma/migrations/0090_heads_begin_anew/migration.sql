-- The head of a stream becomes a new row every 256 versions. While anybody holds a snapshot open, no version of a row can be cleaned away,
-- and whoever looks a row up walks all of them (measured: 17 µs for each 1,000): a stream that is written to 1,000 times a second for ten
-- minutes would cost each append 10 ms more. Found newest first, a row has at most 256 versions to walk.
-- There is one row for each stream as before: with the first row of a generation the one before goes.
ALTER TABLE stream_heads ADD COLUMN generation bigint GENERATED ALWAYS AS (version / 256) STORED;
ALTER TABLE stream_heads DROP CONSTRAINT stream_heads_pkey, ADD PRIMARY KEY (stream_id, generation);

-- append_batch is changed where it differs, so that other migrations may change it elsewhere.
DO $migration$
DECLARE
  source text := pg_get_functiondef('append_batch'::regproc);
  change text[];
BEGIN
  FOREACH change SLICE 1 IN ARRAY ARRAY[
    ARRAY[$from$  v_duplicates boolean; v_conflicts boolean := false;
$from$,
$to$  v_duplicates boolean; v_conflicts boolean := false;
  v_generation_ends boolean;       -- that of some stream of the batch, perhaps
$to$],
    ARRAY[$from$    SELECT array_agg(coalesce(h.version, 0) ORDER BY s.ord)
      INTO stream_versions FROM unnest(p_streams) WITH ORDINALITY AS s(stream_id, ord) LEFT JOIN stream_heads h USING (stream_id);
$from$,
$to$    -- (SELECT …) hides from the planner how long the array is: it would plan these two anew in each call, for 80 µs.
    SELECT array_agg(coalesce(h.version, 0) ORDER BY s.ord), bool_or(h.version % 256 + n >= 256)
      INTO stream_versions, v_generation_ends
      FROM unnest((SELECT p_streams)) WITH ORDINALITY AS s(stream_id, ord)
      LEFT JOIN LATERAL (SELECT o.version FROM stream_heads o WHERE o.stream_id = s.stream_id ORDER BY o.generation DESC LIMIT 1) h ON true;
$to$],
    ARRAY[$from$      INSERT INTO stream_heads AS h (stream_id, version, position)
      SELECT p_streams[x.stream], stream_versions[x.stream] + count(*), tail + max(x.ord)
        FROM unnest(p_stream) WITH ORDINALITY AS x(stream, ord) WHERE x.stream IS NOT NULL GROUP BY x.stream
      ON CONFLICT (stream_id) DO$from$,
$to$      IF v_generation_ends THEN
        -- By ctid: a join could be planned as a walk over all heads while they are few, and stay so.
        DELETE FROM stream_heads h WHERE h.ctid = ANY (ARRAY(
          SELECT (SELECT o.ctid FROM stream_heads o WHERE o.stream_id = p_streams[x.stream] AND o.generation = stream_versions[x.stream] / 256)
            FROM unnest(p_stream) AS x(stream) WHERE x.stream IS NOT NULL GROUP BY x.stream
          HAVING (stream_versions[x.stream] + count(*)) / 256 > stream_versions[x.stream] / 256));
      END IF;
      INSERT INTO stream_heads AS h (stream_id, version, position)
      SELECT p_streams[x.stream], stream_versions[x.stream] + count(*), tail + max(x.ord)
        FROM unnest((SELECT p_stream)) WITH ORDINALITY AS x(stream, ord) WHERE x.stream IS NOT NULL GROUP BY x.stream
      ON CONFLICT (stream_id, generation) DO$to$],
    ARRAY[$from$    INSERT INTO stream_heads AS h (stream_id, version, position)
    SELECT p_streams[x.stream], max(x.version), max(x.position)
      FROM unnest(verdicts, p_stream, versions, positions) AS x(verdict, stream, version, position)
     WHERE x.verdict = 'ok' AND x.stream IS NOT NULL GROUP BY x.stream
    ON CONFLICT (stream_id) DO$from$,
$to$    IF v_generation_ends THEN
      DELETE FROM stream_heads h WHERE h.ctid = ANY (ARRAY(
        SELECT (SELECT o.ctid FROM stream_heads o WHERE o.stream_id = p_streams[x.stream] AND o.generation = stream_versions[x.stream] / 256)
          FROM unnest(verdicts, p_stream, versions) AS x(verdict, stream, version)
         WHERE x.verdict = 'ok' AND x.stream IS NOT NULL GROUP BY x.stream
        HAVING max(x.version) / 256 > stream_versions[x.stream] / 256));
    END IF;
    INSERT INTO stream_heads AS h (stream_id, version, position)
    SELECT p_streams[x.stream], max(x.version), max(x.position)
      FROM unnest(verdicts, p_stream, versions, positions) AS x(verdict, stream, version, position)
     WHERE x.verdict = 'ok' AND x.stream IS NOT NULL GROUP BY x.stream
    ON CONFLICT (stream_id, generation) DO$to$]
  ] LOOP
    IF position(change[1] IN source) = 0 THEN RAISE EXCEPTION 'append_batch does not hold what this migration changes: %', change[1]; END IF;
    source := replace(source, change[1], change[2]);
  END LOOP;
  EXECUTE source;
END $migration$;
