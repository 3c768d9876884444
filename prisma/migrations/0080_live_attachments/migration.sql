-- Messages between the live sides of several servers that are too large for NOTIFY (8,000 bytes); the notification carries the id. The columns
-- are those @socket.io/postgres-adapter asks for, and it deletes what is older than half a minute. Nothing here outlives a crash, hence UNLOGGED.
CREATE UNLOGGED TABLE live_attachments (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  payload    bytea NOT NULL
);
