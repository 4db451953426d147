-- The outbox: what happened, whom it is told, and how that went (architecture.md 5; proxy-tool-events.md 3 and 11).
-- Columns *_ms are milliseconds since 1970, other times seconds.

-- Events recorded together. `base` is the place of the first in the order of all events, given when the change is published: an
-- event's place is base + ordinal, so that publishing touches batches and no events.
CREATE TABLE t_event_batch (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  change INTEGER NOT NULL REFERENCES t_change (id),
  base INTEGER,
  count INTEGER NOT NULL,
  -- How many were given to the targets that want them.
  told INTEGER NOT NULL DEFAULT 0,
  -- The job that did it, where one did: told of failures.
  job TEXT,
  recorded_ms INTEGER NOT NULL
);
CREATE INDEX t_event_batch_change ON t_event_batch (change);
CREATE INDEX t_event_batch_untold ON t_event_batch (base) WHERE base IS NOT NULL AND told < count;
-- A course that is deleted leaves what was told of it.
CREATE VIEW event_batch AS SELECT t.* FROM t_event_batch t
  WHERE t.base IS NOT NULL AND EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state IN (1, 2));

CREATE TABLE t_event (
  batch INTEGER NOT NULL REFERENCES t_event_batch (id),
  ordinal INTEGER NOT NULL,
  -- UUIDv7.
  id BLOB NOT NULL UNIQUE,
  -- Empty for this site.
  source TEXT NOT NULL,
  time INTEGER NOT NULL,
  name TEXT NOT NULL,
  -- Whose order it keeps.
  course_a TEXT,
  course_b TEXT,
  -- JSON; empty once purged.
  what TEXT NOT NULL,
  storage_sequence INTEGER NOT NULL,
  PRIMARY KEY (batch, ordinal)
) WITHOUT ROWID;

INSERT INTO t_sequence (name, next) VALUES ('event', 1);

-- Keys of events.publish-once.
CREATE TABLE t_event_key (
  plugin TEXT NOT NULL,
  key TEXT NOT NULL,
  event BLOB NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (plugin, key)
) WITHOUT ROWID;
CREATE INDEX t_event_key_created ON t_event_key (created_ms);

-- Jobs that a handler queued before the change was published.
CREATE TABLE t_early_job (
  change INTEGER NOT NULL REFERENCES t_change (id),
  id TEXT NOT NULL,
  plugin TEXT NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  person INTEGER NOT NULL,
  course INTEGER,
  shared INTEGER NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (change, id)
) WITHOUT ROWID;

-- Who is told. A plugin itself is the target without a name. state: 0 available, 1 inactive, 2 unavailable.
CREATE TABLE t_target (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  plugin TEXT NOT NULL,
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  remote INTEGER NOT NULL,
  timeout INTEGER NOT NULL,
  state INTEGER NOT NULL,
  -- Why it is unavailable: empty, `operator`, `plugin`, `gone`, `failing`.
  reason TEXT NOT NULL DEFAULT '',
  -- Whether its plugin is there, and it was not taken away.
  installed INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,
  -- How its calls went: JSON.
  health TEXT NOT NULL DEFAULT '{}',
  -- Best-effort events dropped at the cap.
  dropped INTEGER NOT NULL DEFAULT 0,
  UNIQUE (plugin, name)
);
CREATE TABLE t_subscription (
  target INTEGER NOT NULL REFERENCES t_target (id),
  event TEXT NOT NULL,
  only_own INTEGER NOT NULL,
  PRIMARY KEY (target, event)
) WITHOUT ROWID;
CREATE INDEX t_subscription_event ON t_subscription (event);

-- One event for one target. state: 0 pending, 1 in flight, 2 done, 3 dropped, 4 dead. An ended one stays for a while: it is the record
-- that says the event was told already.
CREATE TABLE t_delivery (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  target INTEGER NOT NULL REFERENCES t_target (id),
  batch INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,
  -- Whether it is first in all its lanes.
  ready INTEGER NOT NULL DEFAULT 0,
  due_ms INTEGER NOT NULL,
  -- Of an event that is never queued: when it goes, whatever stands before it in its lanes.
  direct_ms INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Results in a row that the same code will give again (8.4), and of which code: its digest.
  poison INTEGER NOT NULL DEFAULT 0,
  digest TEXT NOT NULL DEFAULT '',
  replay INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  message TEXT NOT NULL DEFAULT '',
  -- Whose call it is, and until when.
  worker TEXT NOT NULL DEFAULT '',
  lease_ms INTEGER NOT NULL DEFAULT 0,
  ended_ms INTEGER NOT NULL DEFAULT 0,
  FOREIGN KEY (batch, ordinal) REFERENCES t_event (batch, ordinal)
);
CREATE UNIQUE INDEX t_delivery_event ON t_delivery (batch, ordinal, target);
CREATE INDEX t_delivery_ready ON t_delivery (target, due_ms) WHERE state = 0 AND ready = 1;
CREATE INDEX t_delivery_direct ON t_delivery (direct_ms) WHERE state = 0 AND ready = 0 AND direct_ms > 0;
CREATE INDEX t_delivery_open ON t_delivery (target, sequence) WHERE state < 2;
CREATE INDEX t_delivery_flight ON t_delivery (worker) WHERE state = 1;
CREATE INDEX t_delivery_ended ON t_delivery (state, ended_ms) WHERE state >= 2;

-- Lanes: a delivery stands in one for each course whose order it keeps, and may go when it is first in all of them.
CREATE TABLE t_lane (
  target INTEGER NOT NULL,
  course TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  PRIMARY KEY (target, course, sequence)
) WITHOUT ROWID;

-- The last event that was given up in a lane since one got through.
CREATE TABLE t_gap (
  target INTEGER NOT NULL,
  course TEXT NOT NULL,
  event BLOB NOT NULL,
  PRIMARY KEY (target, course)
) WITHOUT ROWID;

-- What a handler answered before the change was published: taken over by the delivery.
CREATE TABLE t_early (
  batch INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  target INTEGER NOT NULL REFERENCES t_target (id),
  -- As in t_delivery.
  state INTEGER NOT NULL,
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  digest TEXT NOT NULL,
  took_us INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  PRIMARY KEY (batch, ordinal, target)
) WITHOUT ROWID;

-- Attempts that ended in anything but success.
CREATE TABLE t_attempt (
  delivery INTEGER NOT NULL REFERENCES t_delivery (id),
  number INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  took_us INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  message TEXT NOT NULL,
  digest TEXT NOT NULL
);
CREATE INDEX t_attempt_delivery ON t_attempt (delivery);

-- What people are to be told. person: NULL for the operator.
CREATE TABLE t_notice (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  person INTEGER,
  kind TEXT NOT NULL,
  message TEXT NOT NULL,
  created INTEGER NOT NULL,
  seen INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX t_notice_person ON t_notice (person, id);
