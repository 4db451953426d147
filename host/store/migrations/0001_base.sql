-- Base tables are named t_*; whoever reads uses the views of 0002, which show published changes only
-- (architecture.md 2.3). Content-addressed things (documents, blobs, facet sets) belong to no change: nothing but
-- rows leads to them.

-- state: 0 draft, 1 published, 2 deleted after having been published, 3 dropped unpublished.
CREATE TABLE t_change (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  state INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL,
  job TEXT,
  epoch INTEGER,
  process TEXT,
  -- The course that it makes or extends.
  course INTEGER,
  created INTEGER NOT NULL,
  ended INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX t_change_state ON t_change (state);
CREATE INDEX t_change_job ON t_change (job) WHERE job IS NOT NULL;
CREATE INDEX t_change_course ON t_change (course) WHERE course IS NOT NULL;
-- Change 1 holds whatever was made outside of drafts.
INSERT INTO t_change (id, state, kind, created) VALUES (1, 1, 'base', 0);

-- One row per process that has the store open; a process whose beat is old is dead.
CREATE TABLE t_process (id TEXT PRIMARY KEY, beat INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE t_sequence (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO t_sequence (name, next) VALUES ('item', 1), ('part', 1), ('upload', 1);

CREATE TABLE t_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE t_context (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  level INTEGER NOT NULL,
  instance INTEGER NOT NULL,
  change INTEGER NOT NULL REFERENCES t_change (id),
  UNIQUE (level, instance)
);
CREATE INDEX t_context_change ON t_context (change);

CREATE TABLE t_category (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  parent INTEGER REFERENCES t_category (id),
  name TEXT NOT NULL,
  idnumber TEXT NOT NULL DEFAULT '',
  visible INTEGER NOT NULL DEFAULT 1,
  extra TEXT NOT NULL DEFAULT '{}',
  modified INTEGER NOT NULL DEFAULT 0,
  change INTEGER NOT NULL REFERENCES t_change (id)
);

-- Unique names, reserved from the moment a draft wants them.
CREATE TABLE t_name (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  change INTEGER NOT NULL REFERENCES t_change (id),
  PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE INDEX t_name_change ON t_name (change);

CREATE TABLE t_person (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  change INTEGER NOT NULL REFERENCES t_change (id),
  username TEXT NOT NULL,
  email TEXT NOT NULL,
  firstname TEXT NOT NULL,
  lastname TEXT NOT NULL,
  idnumber TEXT NOT NULL,
  first_access INTEGER NOT NULL,
  last_access INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL,
  suspended INTEGER NOT NULL,
  site_admin INTEGER NOT NULL,
  created INTEGER NOT NULL,
  extra TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX t_person_username ON t_person (username);
CREATE INDEX t_person_idnumber ON t_person (idnumber) WHERE idnumber <> '';
CREATE INDEX t_person_email ON t_person (email COLLATE NOCASE);
CREATE INDEX t_person_change ON t_person (change);

-- Hashes in the PHC form. Who has no row cannot log in.
CREATE TABLE t_password (
  person INTEGER PRIMARY KEY REFERENCES t_person (id),
  hash TEXT NOT NULL,
  changed INTEGER NOT NULL
);

-- Keys with which addresses of files work without a token.
CREATE TABLE t_file_key (
  person INTEGER PRIMARY KEY REFERENCES t_person (id),
  key TEXT NOT NULL UNIQUE
);

CREATE TABLE t_role (
  id INTEGER PRIMARY KEY,
  shortname TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  archetype TEXT NOT NULL
);
INSERT INTO t_role (id, shortname, name, archetype) VALUES
  (1, 'manager', 'Manager', 'manager'),
  (2, 'coursecreator', 'Course creator', 'coursecreator'),
  (3, 'editingteacher', 'Teacher', 'editingteacher'),
  (4, 'teacher', 'Non-editing teacher', 'teacher'),
  (5, 'student', 'Student', 'student'),
  (6, 'guest', 'Guest', 'guest'),
  (7, 'user', 'Authenticated user', 'user'),
  (8, 'frontpage', 'Authenticated user on the front page', 'frontpage');

CREATE TABLE t_capability (name TEXT PRIMARY KEY, label TEXT NOT NULL) WITHOUT ROWID;
-- by_operator rows are never touched by declarations of plugins.
CREATE TABLE t_role_capability (
  capability TEXT NOT NULL,
  role INTEGER NOT NULL REFERENCES t_role (id),
  allowed INTEGER NOT NULL,
  by_operator INTEGER NOT NULL,
  PRIMARY KEY (capability, role)
) WITHOUT ROWID;

-- Roles given on this host. level and instance as in t_context (10 and 0 for the site).
CREATE TABLE t_role_grant (
  person INTEGER NOT NULL REFERENCES t_person (id),
  role INTEGER NOT NULL REFERENCES t_role (id),
  level INTEGER NOT NULL,
  instance INTEGER NOT NULL,
  PRIMARY KEY (person, level, instance, role)
) WITHOUT ROWID;
CREATE INDEX t_role_grant_place ON t_role_grant (level, instance);

-- Enrolments made on this host; those that came with a course are in t_enrolment.
CREATE TABLE t_roster (
  course INTEGER NOT NULL,
  person INTEGER NOT NULL REFERENCES t_person (id),
  suspended INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (course, person)
) WITHOUT ROWID;
CREATE INDEX t_roster_person ON t_roster (person);

CREATE TABLE t_blob (
  sha1 TEXT PRIMARY KEY,
  sha256 BLOB NOT NULL,
  size INTEGER NOT NULL,
  created INTEGER NOT NULL,
  -- When it was last written or found to be there already: sweeps spare what is young.
  touched INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX t_blob_touched ON t_blob (touched);

-- Immutable stretches of text: small ones inside, large ones as blobs.
CREATE TABLE t_document (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  bytes BLOB,
  blob TEXT REFERENCES t_blob (sha1)
);
CREATE INDEX t_document_blob ON t_document (blob) WHERE blob IS NOT NULL;

-- A JSON list of names, sorted.
CREATE TABLE t_facet_set (id INTEGER PRIMARY KEY AUTOINCREMENT, names TEXT NOT NULL UNIQUE);
INSERT INTO t_facet_set (id, names) VALUES (1, '[]');

CREATE TABLE t_course (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  change INTEGER NOT NULL REFERENCES t_change (id),
  context INTEGER NOT NULL REFERENCES t_context (id),
  fullname TEXT NOT NULL,
  shortname TEXT NOT NULL,
  idnumber TEXT NOT NULL,
  format TEXT NOT NULL,
  start_date INTEGER NOT NULL,
  end_date INTEGER NOT NULL,
  visible INTEGER NOT NULL,
  category INTEGER NOT NULL REFERENCES t_category (id),
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  extra TEXT NOT NULL
);
CREATE INDEX t_course_change ON t_course (change);
CREATE INDEX t_course_shortname ON t_course (shortname);
CREATE INDEX t_course_context ON t_course (context);
CREATE INDEX t_course_category ON t_course (category);
-- Ids begin at 2, as in the field, where 1 is the site itself.
INSERT INTO sqlite_sequence (name, seq) VALUES ('t_course', 1);

-- Where local ids count (architecture.md 2.2).
CREATE TABLE t_scope (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  parent INTEGER,
  date_offset INTEGER NOT NULL DEFAULT 0,
  site_hash TEXT NOT NULL,
  site_url TEXT NOT NULL,
  origin_course INTEGER NOT NULL,
  origin_context INTEGER NOT NULL,
  origin_system_context INTEGER NOT NULL,
  origin_category INTEGER NOT NULL
);
CREATE INDEX t_scope_course ON t_scope (course);
CREATE INDEX t_scope_site ON t_scope (site_hash);
CREATE INDEX t_scope_change ON t_scope (change);

-- A number of a scope that means a thing of an older scope of the same course.
CREATE TABLE t_binding (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  kind TEXT NOT NULL,
  local INTEGER NOT NULL,
  target_scope INTEGER NOT NULL,
  target INTEGER NOT NULL,
  UNIQUE (scope, kind, local)
);
CREATE INDEX t_binding_course ON t_binding (course);
CREATE INDEX t_binding_change ON t_binding (change);

CREATE TABLE t_section (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  local INTEGER NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  visible INTEGER NOT NULL,
  delegated_to INTEGER NOT NULL
);
CREATE INDEX t_section_course ON t_section (course, number);
CREATE INDEX t_section_local ON t_section (scope, local);
CREATE INDEX t_section_change ON t_section (change);

CREATE TABLE t_activity (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  local INTEGER NOT NULL,
  section INTEGER NOT NULL,
  -- The section of an older scope that its section is bound to.
  bound_section INTEGER,
  module TEXT NOT NULL,
  instance INTEGER NOT NULL,
  context INTEGER NOT NULL,
  name TEXT NOT NULL,
  visible INTEGER NOT NULL,
  idnumber TEXT NOT NULL
);
CREATE INDEX t_activity_course ON t_activity (course);
CREATE INDEX t_activity_change ON t_activity (change);

CREATE TABLE t_block (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  local INTEGER NOT NULL,
  name TEXT NOT NULL,
  context INTEGER NOT NULL,
  activity INTEGER
);
CREATE INDEX t_block_course ON t_block (course);
CREATE INDEX t_block_change ON t_block (change);

-- owner_kind: 0 course, 1 section, 2 activity, 3 block; owner is 0 for the course.
CREATE TABLE t_part (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  owner_kind INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  name TEXT NOT NULL,
  facets INTEGER NOT NULL REFERENCES t_facet_set (id),
  size INTEGER NOT NULL
);
CREATE INDEX t_part_owner ON t_part (course, owner_kind, owner, id);
CREATE INDEX t_part_change ON t_part (change);

-- kind: 0 text (its document), else the kind of row, with the first and last row number within the part.
CREATE TABLE t_run (
  part INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  change INTEGER NOT NULL REFERENCES t_change (id),
  facets INTEGER NOT NULL REFERENCES t_facet_set (id),
  kind INTEGER NOT NULL,
  size INTEGER NOT NULL,
  document BLOB REFERENCES t_document (sha256),
  first_row INTEGER NOT NULL,
  last_row INTEGER NOT NULL,
  PRIMARY KEY (part, seq)
) WITHOUT ROWID;
CREATE INDEX t_run_document ON t_run (document) WHERE document IS NOT NULL;
CREATE INDEX t_run_change ON t_run (change);

-- Row tables. (part, seq) is a row's place; ids in columns are local, site_* are this host's (filled before publishing).
CREATE TABLE t_enrolment (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  part INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  element BLOB NOT NULL,
  local INTEGER NOT NULL,
  person INTEGER NOT NULL,
  method INTEGER NOT NULL,
  method_kind TEXT NOT NULL,
  suspended INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  site_person INTEGER
);
CREATE UNIQUE INDEX t_enrolment_place ON t_enrolment (part, seq);
CREATE INDEX t_enrolment_person ON t_enrolment (site_person, course) WHERE site_person IS NOT NULL;
CREATE INDEX t_enrolment_course ON t_enrolment (course, site_person) WHERE site_person IS NOT NULL;
CREATE INDEX t_enrolment_change ON t_enrolment (change);

CREATE TABLE t_role_assignment (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  part INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  element BLOB NOT NULL,
  local INTEGER NOT NULL,
  person INTEGER NOT NULL,
  role INTEGER NOT NULL,
  owner_kind INTEGER NOT NULL,
  site_person INTEGER,
  site_role INTEGER
);
CREATE UNIQUE INDEX t_role_assignment_place ON t_role_assignment (part, seq);
CREATE INDEX t_role_assignment_person ON t_role_assignment (site_person, course) WHERE site_person IS NOT NULL;
CREATE INDEX t_role_assignment_change ON t_role_assignment (change);

CREATE TABLE t_course_group (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  part INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  element BLOB NOT NULL,
  local INTEGER NOT NULL,
  name TEXT NOT NULL,
  idnumber TEXT NOT NULL
);
CREATE UNIQUE INDEX t_course_group_place ON t_course_group (part, seq);
CREATE INDEX t_course_group_course ON t_course_group (course);
CREATE INDEX t_course_group_change ON t_course_group (change);

CREATE TABLE t_group_member (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  part INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  element BLOB NOT NULL,
  local INTEGER NOT NULL,
  person INTEGER NOT NULL,
  course_group INTEGER NOT NULL
);
CREATE UNIQUE INDEX t_group_member_place ON t_group_member (part, seq);
CREATE INDEX t_group_member_course ON t_group_member (course);
CREATE INDEX t_group_member_change ON t_group_member (change);

CREATE TABLE t_grade_item (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  part INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  element BLOB NOT NULL,
  local INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  maximum TEXT NOT NULL
);
CREATE UNIQUE INDEX t_grade_item_place ON t_grade_item (part, seq);
CREATE INDEX t_grade_item_change ON t_grade_item (change);

CREATE TABLE t_grade (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  part INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  element BLOB NOT NULL,
  local INTEGER NOT NULL,
  person INTEGER NOT NULL,
  item INTEGER NOT NULL,
  final_grade TEXT NOT NULL,
  modified INTEGER NOT NULL
);
CREATE UNIQUE INDEX t_grade_place ON t_grade (part, seq);
CREATE INDEX t_grade_change ON t_grade (change);

CREATE TABLE t_completion (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  part INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  element BLOB NOT NULL,
  local INTEGER NOT NULL,
  person INTEGER NOT NULL,
  state INTEGER NOT NULL,
  modified INTEGER NOT NULL
);
CREATE UNIQUE INDEX t_completion_place ON t_completion (part, seq);
CREATE INDEX t_completion_course ON t_completion (course, person);
CREATE INDEX t_completion_change ON t_completion (change);

CREATE TABLE t_log (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  part INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  element BLOB NOT NULL,
  local INTEGER NOT NULL,
  person INTEGER NOT NULL,
  time INTEGER NOT NULL,
  context INTEGER NOT NULL,
  component TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  object_table TEXT NOT NULL,
  object INTEGER NOT NULL
);
CREATE UNIQUE INDEX t_log_place ON t_log (part, seq);
CREATE INDEX t_log_change ON t_log (change);

CREATE TABLE t_reference (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  owner_kind INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  kind TEXT NOT NULL,
  local INTEGER NOT NULL,
  facets INTEGER NOT NULL REFERENCES t_facet_set (id)
);
CREATE INDEX t_reference_owner ON t_reference (course, owner_kind, owner);
CREATE INDEX t_reference_change ON t_reference (change);

CREATE TABLE t_entry (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  kind TEXT NOT NULL,
  local INTEGER NOT NULL,
  name TEXT NOT NULL,
  archetype TEXT NOT NULL,
  element BLOB NOT NULL
);
CREATE INDEX t_entry_kind ON t_entry (course, kind, local);
CREATE INDEX t_entry_change ON t_entry (change);

CREATE TABLE t_course_file (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  local INTEGER NOT NULL,
  context INTEGER NOT NULL,
  component TEXT NOT NULL,
  area TEXT NOT NULL,
  item INTEGER NOT NULL,
  path TEXT NOT NULL,
  name TEXT NOT NULL,
  blob TEXT REFERENCES t_blob (sha1),
  size INTEGER NOT NULL,
  mimetype TEXT NOT NULL,
  person INTEGER NOT NULL,
  facets INTEGER NOT NULL REFERENCES t_facet_set (id),
  element BLOB NOT NULL
);
CREATE INDEX t_course_file_course ON t_course_file (course, id);
CREATE INDEX t_course_file_blob ON t_course_file (blob) WHERE blob IS NOT NULL;
CREATE INDEX t_course_file_change ON t_course_file (change);

CREATE TABLE t_person_link (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  change INTEGER NOT NULL REFERENCES t_change (id),
  course INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  local INTEGER NOT NULL,
  person INTEGER NOT NULL,
  username TEXT NOT NULL,
  email TEXT NOT NULL,
  firstname TEXT NOT NULL,
  lastname TEXT NOT NULL,
  idnumber TEXT NOT NULL,
  first_access INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  suspended INTEGER NOT NULL,
  element BLOB NOT NULL,
  UNIQUE (scope, local)
);
CREATE INDEX t_person_link_course ON t_person_link (course, local);
CREATE INDEX t_person_link_local ON t_person_link (local);
CREATE INDEX t_person_link_change ON t_person_link (change);

-- A snapshot keeps the rows of its change, and with them documents and blobs, from being swept.
CREATE TABLE t_snapshot (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  process TEXT NOT NULL,
  course INTEGER NOT NULL,
  change INTEGER NOT NULL,
  opened INTEGER NOT NULL
);

CREATE TABLE t_area_file (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  context INTEGER NOT NULL,
  component TEXT NOT NULL,
  area TEXT NOT NULL,
  item INTEGER NOT NULL,
  path TEXT NOT NULL,
  name TEXT NOT NULL,
  blob TEXT NOT NULL REFERENCES t_blob (sha1),
  size INTEGER NOT NULL,
  mimetype TEXT NOT NULL,
  person INTEGER NOT NULL,
  created INTEGER NOT NULL,
  -- The job that put it; its effects are undone unless it succeeds.
  job TEXT,
  -- The job that removes it, once it succeeds.
  doomed TEXT,
  UNIQUE (context, component, area, item, path, name)
);
CREATE INDEX t_area_file_blob ON t_area_file (blob);
CREATE INDEX t_area_file_job ON t_area_file (job) WHERE job IS NOT NULL;
CREATE INDEX t_area_file_doomed ON t_area_file (doomed) WHERE doomed IS NOT NULL;

-- state: 0 queued, 1 running, 2 succeeded, 3 failed, 4 cancelled. due and lease_until in milliseconds.
CREATE TABLE t_job (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  plugin TEXT NOT NULL,
  kind TEXT NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,
  progress REAL NOT NULL DEFAULT 0,
  payload TEXT NOT NULL,
  outcome TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 0,
  person INTEGER NOT NULL,
  course INTEGER,
  -- Whether other plugins may see it.
  shared INTEGER NOT NULL DEFAULT 0,
  key TEXT NOT NULL,
  created INTEGER NOT NULL,
  started INTEGER NOT NULL DEFAULT 0,
  finished INTEGER NOT NULL DEFAULT 0,
  due INTEGER NOT NULL,
  worker TEXT NOT NULL DEFAULT '',
  epoch INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL DEFAULT 0,
  stop INTEGER NOT NULL DEFAULT 0,
  -- The short name that is reserved for it; a change of kind reservation holds the name while no draft of the job does.
  reserved TEXT NOT NULL DEFAULT '',
  -- The course that it copies.
  copies INTEGER
);
CREATE UNIQUE INDEX t_job_key ON t_job (plugin, key) WHERE key <> '';
CREATE INDEX t_job_open ON t_job (state, seq);
CREATE INDEX t_job_course ON t_job (course, seq);

-- Items that a job has moved away, and removes once it succeeds.
CREATE TABLE t_doomed_item (
  job TEXT NOT NULL REFERENCES t_job (id),
  course INTEGER NOT NULL,
  item INTEGER NOT NULL,
  PRIMARY KEY (job, item)
) WITHOUT ROWID;

CREATE TABLE t_job_warning (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL REFERENCES t_job (id),
  message TEXT NOT NULL
);
CREATE INDEX t_job_warning_job ON t_job_warning (job, id);

CREATE TABLE t_service (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  shortname TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  download_files INTEGER NOT NULL,
  upload_files INTEGER NOT NULL,
  functions TEXT,
  -- What a person needs, on the site, to use it; empty for nothing.
  required_capability TEXT NOT NULL DEFAULT '',
  -- Whether only the people of t_service_person may use it.
  restricted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE t_service_person (
  service INTEGER NOT NULL REFERENCES t_service (id),
  person INTEGER NOT NULL REFERENCES t_person (id),
  valid_until INTEGER NOT NULL,
  addresses TEXT NOT NULL,
  PRIMARY KEY (service, person)
) WITHOUT ROWID;
INSERT INTO t_service (shortname, name, enabled, download_files, upload_files) VALUES ('provost', 'Provost', 1, 1, 1);

CREATE TABLE t_token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash BLOB NOT NULL UNIQUE,
  person INTEGER NOT NULL REFERENCES t_person (id),
  service INTEGER NOT NULL REFERENCES t_service (id),
  name TEXT NOT NULL,
  valid_until INTEGER NOT NULL,
  addresses TEXT NOT NULL,
  created INTEGER NOT NULL,
  last_used INTEGER NOT NULL DEFAULT 0,
  -- Of a token that a login hands out again and again: what its secret is derived from, together with the store's key.
  nonce BLOB
);
CREATE INDEX t_token_person ON t_token (person, service);

-- What was done, by whom, how it ended.
CREATE TABLE t_audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time INTEGER NOT NULL,
  origin TEXT NOT NULL,
  person INTEGER,
  username TEXT NOT NULL,
  address TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL,
  outcome TEXT NOT NULL
);
CREATE INDEX t_audit_time ON t_audit (time);
CREATE INDEX t_audit_person ON t_audit (person, id) WHERE person IS NOT NULL;

-- rank: 0 the active version, 1 the one before.
CREATE TABLE t_plugin (
  id TEXT NOT NULL,
  rank INTEGER NOT NULL,
  version TEXT NOT NULL,
  blob TEXT NOT NULL REFERENCES t_blob (sha1),
  size INTEGER NOT NULL,
  grants TEXT NOT NULL,
  config TEXT NOT NULL,
  installed INTEGER NOT NULL,
  PRIMARY KEY (id, rank)
) WITHOUT ROWID;
CREATE INDEX t_plugin_blob ON t_plugin (blob);
