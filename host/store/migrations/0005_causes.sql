-- How many events stand between one and what nobody's handler caused: handlers that publish for one another come to an end.
ALTER TABLE t_event ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;
-- Of what a job publishes that a handler queued.
ALTER TABLE t_job ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;
ALTER TABLE t_early_job ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;

-- Whom an archive names: targets that have something saved under its id. They are told of what comes out of it also when they are
-- not installed at that time (proxy-tool-events.md 1.1).
CREATE TABLE t_archive_target (
  backup TEXT NOT NULL,
  target INTEGER NOT NULL REFERENCES t_target (id),
  PRIMARY KEY (backup, target)
) WITHOUT ROWID;
