-- Plugins' own data (proxy-tool-events.md 4 to 6). Every write is a version of its own, with a place in one order: the storage sequence
-- `seq`. It counts from `shown` on: its own number, or, of a draft's write, that at which the draft was published (0 until then, or
-- until a sweep fills it in from t_change.storage). What is read of a place are the newest versions above the floor of its newest base,
-- and what they leave open is read from the place that the base is a copy of, as of the copy.

ALTER TABLE t_change ADD COLUMN storage INTEGER NOT NULL DEFAULT 0;
-- Versions that counted when the snapshot was opened, or came later, are kept while it is open.
ALTER TABLE t_snapshot ADD COLUMN storage INTEGER NOT NULL DEFAULT 0;
INSERT INTO t_sequence (name, next) VALUES ('storage', 1);

-- kind: 0 the site, 1 a course, 2 a content, 3 a backup (its id and a name), 4 the external ids of a content, by target. A content's data
-- and its external ids are copied alike, and erased apart.
CREATE TABLE t_data_place (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  plugin TEXT NOT NULL,
  kind INTEGER NOT NULL,
  course TEXT NOT NULL,
  content TEXT NOT NULL,
  -- When something was last written here.
  touched INTEGER NOT NULL,
  UNIQUE (plugin, kind, course, content)
);
CREATE INDEX t_data_place_thing ON t_data_place (kind, course, content);

-- namespace: 0 definition, 1 user data. Neither bytes nor document: taken away.
CREATE TABLE t_data_value (
  place INTEGER NOT NULL REFERENCES t_data_place (id),
  namespace INTEGER NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  shown INTEGER NOT NULL,
  change INTEGER NOT NULL,
  size INTEGER NOT NULL,
  bytes BLOB,
  document BLOB REFERENCES t_document (sha256),
  PRIMARY KEY (place, namespace, key, seq)
) WITHOUT ROWID;
CREATE INDEX t_data_value_unseen ON t_data_value (change) WHERE shown = 0;
CREATE INDEX t_data_value_document ON t_data_value (document) WHERE document IS NOT NULL;

-- From where on a place is a copy of another, or, without a source, empty.
CREATE TABLE t_data_base (
  place INTEGER NOT NULL REFERENCES t_data_place (id),
  seq INTEGER NOT NULL,
  shown INTEGER NOT NULL,
  change INTEGER NOT NULL,
  source INTEGER REFERENCES t_data_place (id),
  -- As of when the source is read: what counts from (at, at_seq) on is left out. at: 0 for this row's own `shown`.
  at INTEGER NOT NULL,
  at_seq INTEGER NOT NULL,
  -- Whether definition alone is read.
  shallow INTEGER NOT NULL,
  -- Whether it is a course's data that came with a single content.
  carried INTEGER NOT NULL,
  -- What the place's own versions have to be above. floor_shown: 0 for this row's own `shown`.
  floor_shown INTEGER NOT NULL,
  floor_seq INTEGER NOT NULL,
  PRIMARY KEY (place, seq)
) WITHOUT ROWID;
CREATE INDEX t_data_base_unseen ON t_data_base (change) WHERE shown = 0;
CREATE INDEX t_data_base_source ON t_data_base (source, at) WHERE source IS NOT NULL;

-- Bytes of keys and values that each plugin keeps.
CREATE TABLE t_data_usage (plugin TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;

-- Whose copy a course (content '') or content is. Stays when they are gone.
CREATE TABLE t_descent (
  course TEXT NOT NULL,
  content TEXT NOT NULL,
  -- The content's number, where it has one.
  number INTEGER NOT NULL,
  from_course TEXT NOT NULL,
  from_content TEXT NOT NULL,
  change INTEGER NOT NULL,
  PRIMARY KEY (course, content)
) WITHOUT ROWID;
CREATE INDEX t_descent_number ON t_descent (course, number) WHERE number > 0;
CREATE INDEX t_descent_change ON t_descent (change) WHERE change > 1;
CREATE VIEW descent AS SELECT t.* FROM t_descent t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state IN (1, 2));
