-- Subscriptions with mode `queue`: competing consumers claim ranges of a partition; a range, not a message, has a row while it is in flight.

-- next_offset is the next one to be claimed. Everything below it is done, in retries, a letter, or in an open claim.
CREATE TABLE queue_cursors (
  subscription_id integer NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
  topic_id       integer NOT NULL REFERENCES topics ON DELETE CASCADE,
  "partition"    integer NOT NULL,
  next_offset    bigint NOT NULL DEFAULT 0,
  next_position  bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (subscription_id, topic_id, "partition")
) WITH (fillfactor = 20);

-- Offsets from_offset (included) to to_offset (excluded) are with `owner`; those in `done` need nothing any more. It lives as long as the
-- incarnation of its owner is heard of (nodes.heartbeat_at); then, or when the owner gave it back (NULL), another takes it with epoch + 1.
-- Complete: the row is deleted by id, owner and epoch.
CREATE TABLE claims (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subscription_id integer NOT NULL,
  topic_id       integer NOT NULL,
  "partition"    integer NOT NULL,
  from_offset    bigint NOT NULL,
  to_offset      bigint NOT NULL,
  from_position  bigint NOT NULL,
  done           int8multirange NOT NULL DEFAULT '{}',
  owner          text,
  owner_incarnation uuid,
  epoch          bigint NOT NULL DEFAULT 1,
  claimed_at     timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (subscription_id, topic_id, "partition") REFERENCES queue_cursors ON DELETE CASCADE
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX claims_partition ON claims (subscription_id, topic_id, "partition");
