-- A leaf that was vacuumed and not analysed yet is thought to be small: the last offset of a partition was then found by reading and sorting
-- the whole partition (measured: 444 ms a batch at 120,000 events, each time another process had written in between).
ALTER FUNCTION append_batch SET enable_bitmapscan = off;
ALTER FUNCTION append_batch SET enable_sort = off;
