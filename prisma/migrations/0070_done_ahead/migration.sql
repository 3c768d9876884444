-- What whoever gave a partition up had done beyond the committed offset: whoever takes it does not deliver that again. Empty while nobody does;
-- commits drop what they pass, a reset drops it all.
ALTER TABLE subscription_partitions ADD COLUMN done_ahead int8multirange NOT NULL DEFAULT '{}';
