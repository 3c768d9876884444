-- Leaves of the log: a catalogue of them, and how far retention has come in each partition of a topic.

-- Positions the next leaves are made for; leaves that exist keep their bounds.
ALTER TABLE log_shards ADD COLUMN leaf_positions bigint NOT NULL DEFAULT 5000000;

-- Positions from_position (included) to to_position (excluded). state: hot (written to, or ahead) | sealed (full, frozen) |
-- archived (also in a verified file) | dropped (no rows; in the file when there is one) | restored (rows are back from the file).
-- drop_began_at: its rows are not the log's any more and their table is on its way out, also after a crash.
CREATE TABLE leaves (
  from_position  bigint PRIMARY KEY,
  to_position    bigint NOT NULL,
  state          text NOT NULL DEFAULT 'hot',
  rows           bigint,
  bytes          bigint,
  min_recorded_at timestamptz,
  max_recorded_at timestamptz,
  archive_file   text,
  archive_sha256 text,
  archive_bytes  bigint,
  drop_began_at  timestamptz,
  updated_at     timestamptz NOT NULL DEFAULT now()
);
INSERT INTO leaves (from_position, to_position)
SELECT m[1]::bigint, m[2]::bigint
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''?(\d+)''?\) TO \(''?(\d+)''?\)') AS m
 WHERE i.inhparent = 'events'::regclass;

-- Offsets below low_offset are gone for every reader, whether their rows are still there or not. What is gone lies before low_position
-- and was recorded before low_at; what is left, there or after. No row: nothing is gone.
CREATE TABLE low_marks (
  topic_id       integer NOT NULL,
  "partition"    integer NOT NULL,
  low_offset     bigint NOT NULL,
  low_position   bigint NOT NULL,
  low_at         timestamptz NOT NULL,
  PRIMARY KEY (topic_id, "partition")
);
CREATE INDEX low_marks_position ON low_marks (low_position);

-- Bytes of a topic with a size limit, summed up from where counting began to each of these positions.
CREATE TABLE topic_bytes (
  topic_id       integer NOT NULL,
  to_position    bigint NOT NULL,
  total          bigint NOT NULL,
  PRIMARY KEY (topic_id, to_position)
);

-- Why a partition is not delivered although nobody paused it: offset-out-of-range (the next event was dropped by retention).
ALTER TABLE subscription_partitions ADD COLUMN problem text;
ALTER TABLE queue_cursors ADD COLUMN problem text;

CREATE FUNCTION leaf_name(lo bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'events_' || lpad(lo::text, 15, '0') $$;

-- Uniqueness that needs no partition column is kept per leaf.
CREATE FUNCTION index_leaf(leaf text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (shard, position)', leaf);
  EXECUTE format('CREATE UNIQUE INDEX %I ON %I (topic_id, "partition", "offset")', leaf || '_offset', leaf);
  EXECUTE format('CREATE UNIQUE INDEX %I ON %I (event_id, source)', leaf || '_id', leaf);
  EXECUTE format('CREATE UNIQUE INDEX %I ON %I (stream_id, stream_version) WHERE stream_id IS NOT NULL', leaf || '_stream', leaf);
  EXECUTE format('CREATE INDEX %I ON %I (correlation_id, position) WHERE correlation_id IS NOT NULL', leaf || '_correlation', leaf);
  EXECUTE format('CREATE INDEX %I ON %I USING brin (recorded_at, time) WITH (pages_per_range = 32, autosummarize = on)', leaf || '_time', leaf);
END $$;

-- Made beside the log and then attached: that takes a lock which appends and reads do not wait for, unlike CREATE … PARTITION OF.
CREATE OR REPLACE FUNCTION add_leaf(lo bigint, hi bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE leaf text := leaf_name(lo);
BEGIN
  PERFORM pg_advisory_xact_lock(1163087698, -1);
  IF to_regclass(quote_ident(leaf)) IS NOT NULL THEN RETURN leaf; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION)', leaf);
  PERFORM index_leaf(leaf);
  EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', leaf, lo, hi);
  INSERT INTO leaves (from_position, to_position) VALUES (lo, hi)
    ON CONFLICT (from_position) DO UPDATE SET to_position = excluded.to_position, state = 'hot', updated_at = now();
  RETURN leaf;
END $$;

-- Offsets go on where they were when all events of a partition are gone.
DO $$
DECLARE
  source text := pg_get_functiondef('append_batch'::regproc);
  probe text := 'ORDER BY e."offset" DESC LIMIT 1), 0) ORDER BY t.ord)';
BEGIN
  IF position(probe IN source) = 0 THEN RAISE EXCEPTION 'append_batch does not probe offsets as this migration expects'; END IF;
  EXECUTE replace(source, probe, 'ORDER BY e."offset" DESC LIMIT 1), (SELECT m.low_offset FROM low_marks m
                                WHERE m.topic_id = t.topic_id AND m."partition" = t.part), 0) ORDER BY t.ord)');
END $$;

-- The first position recorded at or after a time, or the one after the tail. Times of recording never go back along positions.
CREATE FUNCTION first_position_from(wanted timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE
SET enable_seqscan = off AS $$
DECLARE lo bigint; hi bigint; middle bigint; found bigint; at timestamptz;
BEGIN
  SELECT e.position INTO lo FROM events e WHERE e.shard = 0 ORDER BY e.position LIMIT 1;
  SELECT e.position + 1 INTO hi FROM events e WHERE e.shard = 0 ORDER BY e.position DESC LIMIT 1;
  IF lo IS NULL THEN RETURN (SELECT s.base_position + 1 FROM log_shards s WHERE s.shard = 0); END IF;
  WHILE lo < hi LOOP
    middle := (lo + hi) / 2;
    SELECT e.position, e.recorded_at INTO found, at FROM events e WHERE e.shard = 0 AND e.position >= middle ORDER BY e.position LIMIT 1;
    IF found IS NOT NULL AND at < wanted THEN lo := found + 1; ELSE hi := middle; END IF;
  END LOOP;
  RETURN lo;
END $$;

-- The first offset of a partition that lies at or after a position, or the one after its newest event.
CREATE FUNCTION first_offset_from(of_topic integer, of_partition integer, wanted bigint) RETURNS bigint LANGUAGE plpgsql STABLE
SET enable_seqscan = off AS $$
DECLARE lo bigint; hi bigint; middle bigint; found bigint; at bigint;
BEGIN
  SELECT m.low_offset INTO lo FROM low_marks m WHERE m.topic_id = of_topic AND m."partition" = of_partition;
  lo := coalesce(lo, 0);
  SELECT e."offset" + 1 INTO hi FROM events e WHERE e.topic_id = of_topic AND e."partition" = of_partition
   ORDER BY e."offset" DESC LIMIT 1;
  WHILE lo < hi LOOP
    middle := (lo + hi) / 2;
    SELECT e."offset", e.position INTO found, at FROM events e
     WHERE e.topic_id = of_topic AND e."partition" = of_partition AND e."offset" >= middle ORDER BY e."offset" LIMIT 1;
    IF found IS NOT NULL AND at < wanted THEN lo := found + 1; ELSE hi := middle; END IF;
  END LOOP;
  RETURN lo;
END $$;
