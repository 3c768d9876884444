-- Several server processes on one database.

-- Which subscriptions the process can deliver to now, and whether it is on its way out: it keeps what it still holds and is given nothing.
ALTER TABLE nodes
  ADD COLUMN serves integer[] NOT NULL DEFAULT '{}',
  ADD COLUMN leaving boolean NOT NULL DEFAULT false;

-- Raised by every change, so that the other processes see which rows they must read again. While `held_until` is ahead nobody takes
-- partitions and whoever holds some gives them back: the offsets are about to be moved by hand.
ALTER TABLE subscriptions
  ADD COLUMN revision bigint NOT NULL DEFAULT 0,
  ADD COLUMN held_until timestamptz;

-- The lasting name of the server that runs it: its next start need not wait for the lease to run out.
ALTER TABLE operations ADD COLUMN claimed_node text;
