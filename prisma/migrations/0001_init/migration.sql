-- Everything lives in one schema, set by the search_path of the connection (default: weir).

-- ── The log ────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE topics (
  id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name           text COLLATE "C" NOT NULL UNIQUE,
  partitions     integer NOT NULL,
  max_age_ms     bigint,
  max_bytes      bigint,
  durability     text NOT NULL DEFAULT 'durable',
  on_invalid     text NOT NULL DEFAULT 'reject',
  max_buffered   integer NOT NULL DEFAULT 10000,
  created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE log_shards (
  shard          smallint PRIMARY KEY,
  base_position  bigint NOT NULL DEFAULT 0,
  dedupe_from    bigint NOT NULL DEFAULT 0
);
INSERT INTO log_shards (shard) VALUES (0);

-- Positions are dense and in commit order; append_batch is the only writer.
CREATE TABLE events (
  position       bigint NOT NULL,
  shard          smallint NOT NULL,
  topic_id       integer NOT NULL,
  "partition"    integer NOT NULL,
  "offset"       bigint NOT NULL,
  stream_version bigint,
  recorded_at    timestamptz NOT NULL,
  time           timestamptz NOT NULL,
  event_id       text COLLATE "C" NOT NULL,
  source         text COLLATE "C" NOT NULL,
  type           text COLLATE "C" NOT NULL,
  subject        text COLLATE "C",
  key            text COLLATE "C",
  stream_id      text COLLATE "C",
  correlation_id text COLLATE "C",
  causation_id   text COLLATE "C",
  extensions     json,
  data           json,
  data_binary    bytea,
  PRIMARY KEY (shard, position)
) PARTITION BY RANGE (position);

-- A leaf holds positions lo (included) to hi (excluded). Uniqueness that needs no partition column is kept per leaf.
CREATE FUNCTION add_leaf(lo bigint, hi bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE leaf text := format('events_%s', lpad(lo::text, 15, '0'));
BEGIN
  IF to_regclass(quote_ident(leaf)) IS NOT NULL THEN RETURN leaf; END IF;
  EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%s) TO (%s)', leaf, lo, hi);
  EXECUTE format('CREATE UNIQUE INDEX %I ON %I (topic_id, "partition", "offset")', leaf || '_offset', leaf);
  EXECUTE format('CREATE UNIQUE INDEX %I ON %I (event_id, source)', leaf || '_id', leaf);
  EXECUTE format('CREATE UNIQUE INDEX %I ON %I (stream_id, stream_version) WHERE stream_id IS NOT NULL', leaf || '_stream', leaf);
  EXECUTE format('CREATE INDEX %I ON %I (correlation_id, position) WHERE correlation_id IS NOT NULL', leaf || '_correlation', leaf);
  EXECUTE format('CREATE INDEX %I ON %I USING brin (recorded_at, time) WITH (pages_per_range = 32, autosummarize = on)', leaf || '_time', leaf);
  RETURN leaf;
END $$;
SELECT add_leaf(1, 5000001), add_leaf(5000001, 10000001), add_leaf(10000001, 15000001);

CREATE TABLE stream_heads (
  stream_id      text COLLATE "C" PRIMARY KEY,
  version        bigint NOT NULL,
  position       bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

-- Rows written in a transaction that is not ours to hold a position in; the relay moves them to the log and deletes them.
CREATE TABLE outbox (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic          text COLLATE "C" NOT NULL,
  stream_id      text COLLATE "C",
  event          json NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now()
);

-- ── Delivery ───────────────────────────────────────────────────────────────────────────────────
CREATE TABLE nodes (
  node_id        text COLLATE "C" PRIMARY KEY,
  incarnation    uuid NOT NULL,
  heartbeat_at   timestamptz NOT NULL DEFAULT now(),
  started_at     timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20);

CREATE TABLE subscriptions (
  id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name           text COLLATE "C" NOT NULL UNIQUE,
  settings       jsonb NOT NULL,
  state          text NOT NULL DEFAULT 'running',
  scenario       text,
  handler_version text,
  breaker        jsonb NOT NULL DEFAULT '{}',
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now()
);

-- committed is the next offset to be handled; everything below it is handled, retrying, parked or a dead letter.
CREATE TABLE subscription_partitions (
  subscription_id integer NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
  topic_id       integer NOT NULL REFERENCES topics ON DELETE CASCADE,
  "partition"    integer NOT NULL,
  committed      bigint NOT NULL DEFAULT 0,
  committed_position bigint NOT NULL DEFAULT 0,
  owner          text,
  owner_incarnation uuid,
  epoch          bigint NOT NULL DEFAULT 0,
  -- Offsets below this were perhaps handed out by an owner that died: they are tried one at a time, each attempt recorded first.
  suspect_until  bigint NOT NULL DEFAULT 0,
  updated_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subscription_id, topic_id, "partition")
) WITH (fillfactor = 20);

-- One row per event that is not done at its first attempt. state: waiting (due_at) | running (claimed) | parked (behind its key).
CREATE TABLE retries (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subscription_id integer NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
  topic_id       integer NOT NULL,
  "partition"    integer NOT NULL,
  "offset"       bigint NOT NULL,
  position       bigint NOT NULL,
  key            text COLLATE "C",
  state          text NOT NULL,
  attempt        integer NOT NULL DEFAULT 0,
  due_at         timestamptz,
  claimed_by     uuid,
  -- 'delivery' | 'replay' | 'redrive'; the operation and letter it belongs to, and the payload that replaces the event's own.
  kind           text NOT NULL DEFAULT 'delivery',
  operation_id   uuid,
  dead_letter_id uuid,
  data           json,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX retries_once ON retries (subscription_id, topic_id, "partition", "offset", kind, coalesce(operation_id, '00000000-0000-0000-0000-000000000000'::uuid));
CREATE INDEX retries_due ON retries (subscription_id, due_at) WHERE state = 'waiting';
CREATE INDEX retries_key ON retries (subscription_id, topic_id, "partition", key, "offset");
CREATE INDEX retries_position ON retries (position);
CREATE INDEX retries_operation ON retries (operation_id) WHERE operation_id IS NOT NULL;

-- Every attempt that failed. Never updated.
CREATE TABLE attempts (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subscription_id integer NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
  position       bigint NOT NULL,
  attempt        integer NOT NULL,
  at             timestamptz NOT NULL DEFAULT now(),
  duration_ms    real NOT NULL,
  error_class    text NOT NULL,
  error_message  text NOT NULL,
  stack          text,
  handler_version text,
  retryable      boolean NOT NULL,
  operation_id   uuid
);
CREATE INDEX attempts_event ON attempts (position, subscription_id, id);
CREATE INDEX attempts_time ON attempts (subscription_id, at);

-- The payload is copied: retention may drop the leaf that held the event.
CREATE TABLE dead_letters (
  id             uuid PRIMARY KEY,
  subscription_id integer NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
  topic_id       integer NOT NULL,
  "partition"    integer NOT NULL,
  "offset"       bigint NOT NULL,
  position       bigint NOT NULL,
  key            text COLLATE "C",
  type           text COLLATE "C" NOT NULL,
  event          json NOT NULL,
  edited_data    json,
  fingerprint    text COLLATE "C" NOT NULL,
  error_class    text NOT NULL,
  error_message  text NOT NULL,
  attempt_count  integer NOT NULL,
  status         text NOT NULL DEFAULT 'open',
  reason         text,
  operation_id   uuid,
  dead_at        timestamptz NOT NULL DEFAULT now(),
  resolved_at    timestamptz,
  updated_at     timestamptz NOT NULL DEFAULT now(),
  UNIQUE (subscription_id, topic_id, "partition", "offset")
);
CREATE INDEX dead_letters_position ON dead_letters (position);
CREATE INDEX dead_letters_recent ON dead_letters (dead_at DESC, id);
CREATE INDEX dead_letters_group ON dead_letters (fingerprint, dead_at DESC, id);
CREATE INDEX dead_letters_open ON dead_letters (subscription_id, status);
CREATE INDEX dead_letters_operation ON dead_letters (operation_id) WHERE operation_id IS NOT NULL;

CREATE TABLE dead_letter_groups (
  fingerprint    text COLLATE "C" PRIMARY KEY,
  subscription_id integer NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
  error_class    text NOT NULL,
  message        text NOT NULL,
  top_frame      text,
  status         text NOT NULL DEFAULT 'open',
  note           text,
  first_at       timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now()
);

-- Effectively-once: the mark is written in the handler's own transaction. Swept once the offset is committed and 24 h have passed.
CREATE TABLE processed (
  subscription_id integer NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
  position       bigint NOT NULL,
  processed_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subscription_id, position)
);
CREATE INDEX processed_time ON processed (processed_at);

-- ── Operations ─────────────────────────────────────────────────────────────────────────────────
CREATE TABLE operations (
  id             uuid PRIMARY KEY,
  kind           text NOT NULL,
  state          text NOT NULL,
  title          text NOT NULL,
  detail         text,
  target         text,
  actor          text NOT NULL,
  reason         text,
  params         jsonb NOT NULL,
  total          bigint NOT NULL DEFAULT 0,
  done           bigint NOT NULL DEFAULT 0,
  failed         bigint NOT NULL DEFAULT 0,
  position       bigint,
  rate_per_second double precision,
  -- The process that runs it, and until when it may be thought alive; another takes over after that.
  claimed_by     uuid,
  lease_until    timestamptz,
  created_at     timestamptz NOT NULL DEFAULT now(),
  started_at     timestamptz,
  finished_at    timestamptz,
  updated_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX operations_recent ON operations (created_at DESC, id);
CREATE INDEX operations_active ON operations (state) WHERE state IN ('planned', 'running', 'paused');

-- The letters a redrive took up, oldest first, and how each ended. state: waiting | running | done | failed | skipped (settled by somebody else).
CREATE TABLE operation_letters (
  operation_id   uuid NOT NULL REFERENCES operations ON DELETE CASCADE,
  ordinal        integer NOT NULL,
  letter_id      uuid NOT NULL REFERENCES dead_letters ON DELETE CASCADE,
  state          text NOT NULL DEFAULT 'waiting',
  PRIMARY KEY (operation_id, ordinal)
) WITH (fillfactor = 80);
CREATE INDEX operation_letters_letter ON operation_letters (letter_id);
CREATE INDEX operation_letters_open ON operation_letters (operation_id, state, ordinal) WHERE state IN ('waiting', 'running');

-- ── Measurements: append-only, rolled up from 1 s to 1 min to 1 h ─────────────────────────────────
CREATE TABLE consumer_samples (
  resolution     integer NOT NULL,           -- seconds: 1, 60 or 3600
  subscription_id integer NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
  at             timestamptz NOT NULL,
  handled        integer NOT NULL,
  failed         integer NOT NULL,
  dead           integer NOT NULL,
  p50_ms         real,
  p95_ms         real,
  p99_ms         real,
  lag            bigint,
  committed      bigint,
  PRIMARY KEY (resolution, subscription_id, at)
);

-- Traffic as it was measured. kind: publish (producer → topic) | deliver (topic → subscription) | emit (subscription → topic).
CREATE TABLE traffic_samples (
  resolution     integer NOT NULL,
  at             timestamptz NOT NULL,
  kind           text COLLATE "C" NOT NULL,
  source         text COLLATE "C" NOT NULL,
  target         text COLLATE "C" NOT NULL,
  count          bigint NOT NULL,
  errors         bigint NOT NULL DEFAULT 0,
  p95_ms         real,
  PRIMARY KEY (resolution, at, kind, source, target)
);

-- How many events were recorded, per topic and type and second / minute / hour; follows the log in one transaction with its cursor.
CREATE TABLE event_counts (
  resolution     integer NOT NULL,
  at             timestamptz NOT NULL,
  topic_id       integer NOT NULL,
  type           text COLLATE "C" NOT NULL,
  count          bigint NOT NULL,
  PRIMARY KEY (resolution, at, topic_id, type)
);
CREATE TABLE cursors (
  name           text COLLATE "C" PRIMARY KEY,
  position       bigint NOT NULL,
  updated_at     timestamptz NOT NULL DEFAULT now()
);

-- ── Scenarios ──────────────────────────────────────────────────────────────────────────────────
CREATE TABLE scenarios (
  name           text COLLATE "C" PRIMARY KEY,
  state          text NOT NULL,
  rate_per_second double precision NOT NULL,
  faults         jsonb NOT NULL DEFAULT '{}',
  published      bigint NOT NULL DEFAULT 0,
  started_at     timestamptz,
  updated_at     timestamptz NOT NULL DEFAULT now()
);
