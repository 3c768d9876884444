-- append_batch looks for duplicates and for the heads of partitions below its tail only: the leaves that wait ahead, empty, are not opened.
-- One probe of a leaf costs each event about 1.2 µs. The function is changed where it differs, so that other migrations may change it
-- elsewhere.
DO $migration$
DECLARE
  source text := pg_get_functiondef('append_batch'::regproc);
  change text[];
BEGIN
  FOREACH change SLICE 1 IN ARRAY ARRAY[
    ARRAY['e.position > v_dedupe_from OFFSET 0', 'e.position > v_dedupe_from AND e.position <= tail OFFSET 0'],
    ARRAY['e.topic_id = t.topic_id AND e."partition" = t.part', 'e.topic_id = t.topic_id AND e."partition" = t.part AND e.position <= tail']
  ] LOOP
    IF position(change[1] IN source) = 0 THEN RAISE EXCEPTION 'append_batch does not hold what this migration changes: %', change[1]; END IF;
    source := replace(source, change[1], change[2]);
  END LOOP;
  EXECUTE source;
END $migration$;
