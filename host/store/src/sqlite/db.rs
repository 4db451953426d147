//! The database itself: opening, connections, the one writer, the process's heartbeat, and small conversions.

use crate::api::{Facets, Lease, Result, StoreError};
use crate::blobs::{BlobIndex, BlobRow};
use async_trait::async_trait;
use futures::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Rows that one write transaction handles at most, when there are many: far less than 50 ms of work.
pub const SLICE: usize = 1000;
/// Seconds between heartbeats of a process.
const BEAT: u64 = 15;
/// Seconds without a heartbeat after which a process counts as dead.
pub const DEAD_AFTER: i64 = 90;
/// How often a transaction is begun anew when the database stays locked longer than the busy timeout.
const BUSY_RETRIES: u32 = 4;

/// A write transaction; dropped without commit, it is rolled back.
pub type Write = sqlx::Transaction<'static, Sqlite>;

/// An open database.
pub struct Db {
    writer: SqlitePool,
    readers: SqlitePool,
    snapshots: SqlitePool,
    /// Random name of this opening of the store: owner of drafts and snapshots.
    pub process: String,
    /// Facet sets by id. A set never changes once it has an id, so this never goes stale.
    facets: RwLock<FacetSets>,
    /// Drafts of this process that were dropped, whose names are not free yet.
    dropped: Mutex<Vec<i64>>,
    /// Snapshots of this process that were dropped, whose leases are still there.
    closed: Mutex<Vec<i64>>,
    /// Woken when this process has published events.
    pub published: tokio::sync::Notify,
    /// Locked for as long as this process has the store open, by which others know that it lives.
    _alive: std::fs::File,
    processes: PathBuf,
    runtime: tokio::runtime::Handle,
    this: Weak<Db>,
}

#[derive(Default)]
struct FacetSets {
    by_id: HashMap<i64, Facets>,
    ids: HashMap<Facets, i64>,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => StoreError::Busy,
            sqlx::Error::Database(e) if is_busy(e.code().as_deref()) => StoreError::Busy,
            sqlx::Error::Database(e) if is_full(e.code().as_deref()) => {
                StoreError::NoSpace { what: "database".into(), reason: e.message().to_owned() }
            }
            _ => StoreError::Database(Box::new(error)),
        }
    }
}

/// Whether an extended result code is one of SQLITE_BUSY or SQLITE_LOCKED.
fn is_busy(code: Option<&str>) -> bool {
    code.and_then(|c| c.parse::<u32>().ok()).is_some_and(|c| matches!(c & 0xff, 5 | 6))
}

/// Whether an extended result code is one of SQLITE_FULL.
fn is_full(code: Option<&str>) -> bool {
    code.and_then(|c| c.parse::<u32>().ok()).is_some_and(|c| c & 0xff == 13)
}

/// Whether a unique or primary key was violated.
pub fn is_unique(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|e| e.is_unique_violation())
}

/// Whether a foreign key was violated.
pub fn is_foreign_key(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|e| e.is_foreign_key_violation())
}

/// A number of the model as SQLite keeps it: the same 64 bits.
pub fn db_int(value: u64) -> i64 {
    value.cast_signed()
}

/// The way back from [`db_int`].
pub fn model_int(value: i64) -> u64 {
    value.cast_unsigned()
}

/// Unix time in seconds.
pub fn now() -> i64 {
    now_ms() / 1000
}

/// Unix time in milliseconds.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// 128 random bits as 32 lowercase hexadecimal digits.
pub fn random_hex() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}

/// At most 1000 rows a page, as the contract says (`types.wit`).
pub fn page(limit: u32) -> i64 {
    i64::from(limit.min(1000))
}

/// An error for a file operation.
pub fn io_error(what: &str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::io(format!("{what} {}", path.display()), source)
}

/// Creates a directory for its owner only.
fn private_dir(dir: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|e| io_error("create", dir, e))
}

/// The lock that says that this process lives.
fn alive(processes: &Path, process: &str) -> Result<std::fs::File> {
    let path = processes.join(process);
    let file = std::fs::File::create_new(&path).map_err(|e| io_error("create", &path, e))?;
    file.try_lock().map_err(|e| io_error("lock", &path, e.into()))?;
    Ok(file)
}

impl Drop for Db {
    fn drop(&mut self) {
        // Left behind, it is removed by who finds it unlocked.
        let _ = std::fs::remove_file(self.processes.join(&self.process));
    }
}

impl Db {
    /// Opens or creates the database in `dir`.
    pub async fn open(dir: &Path) -> Result<Arc<Self>> {
        for d in [dir.to_path_buf(), dir.join("blobs"), dir.join("tmp")] {
            private_dir(&d)?;
        }
        // Migrations of SQLite are not locked by sqlx: two processes must not run them at the same time.
        let lock_path = dir.join("provost.lock");
        let lock = tokio::task::spawn_blocking(move || {
            let file = std::fs::OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&lock_path)
                .map_err(|e| io_error("open", &lock_path, e))?;
            file.lock().map_err(|e| io_error("lock", &lock_path, e))?;
            Ok::<_, StoreError>(file)
        })
        .await
        .map_err(|e| StoreError::Invalid(format!("lock: {e}")))??;

        let options = SqliteConnectOptions::new()
            .filename(dir.join("provost.db"))
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(200)
            .pragma("cache_size", "-16000")
            .pragma("temp_store", "memory");
        let pool = |max| {
            SqlitePoolOptions::new()
                .max_connections(max)
                .test_before_acquire(false)
                .acquire_timeout(Duration::from_secs(60))
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        sqlx::migrate!("./migrations").run(&writer).await.map_err(|e| StoreError::Database(Box::new(e)))?;
        let reading = options.pragma("query_only", "on");
        let runtime = tokio::runtime::Handle::current();
        let process = random_hex();
        let processes = dir.join("processes");
        private_dir(&processes)?;
        let alive = alive(&processes, &process)?;
        let db = Arc::new_cyclic(|this| Self {
            writer,
            readers: pool(8).connect_lazy_with(reading.clone()),
            snapshots: pool(64).connect_lazy_with(reading),
            process,
            facets: RwLock::default(),
            dropped: Mutex::default(),
            closed: Mutex::default(),
            published: tokio::sync::Notify::new(),
            _alive: alive,
            processes,
            runtime,
            this: this.clone(),
        });
        db.first_rows().await?;
        drop(lock);
        db.start_heartbeat();
        Ok(db)
    }

    /// What every store has from the beginning.
    async fn first_rows(&self) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now();
        sqlx::query("INSERT INTO t_process (id, beat) VALUES (?, ?)")
            .bind(&self.process)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        let known: i64 =
            sqlx::query_scalar("SELECT count(*) FROM t_setting WHERE name = 'site.hash'").fetch_one(&mut *tx).await?;
        if known == 0 {
            let system = new_context(&mut tx, 10, 0, 1).await?;
            sqlx::query("INSERT INTO t_category (name, change) VALUES ('Courses', 1)").execute(&mut *tx).await?;
            new_context(&mut tx, 40, 1, 1).await?;
            for (name, value) in [
                ("site.hash", random_hex()),
                ("site.name", "Provost".into()),
                ("site.system_context", system.to_string()),
            ] {
                sqlx::query("INSERT INTO t_setting (name, value) VALUES (?, ?)")
                    .bind(name)
                    .bind(value)
                    .execute(&mut *tx)
                    .await?;
            }
            for (id, username, first, admin) in [(1, "guest", "Guest user", false), (2, "admin", "Admin", true)] {
                sqlx::query(
                    "INSERT INTO t_person (id, change, username, email, firstname, lastname, idnumber, first_access, deleted, \
                     suspended, site_admin, created) VALUES (?, 1, ?, '', ?, '', '', 0, 0, 0, ?, ?)",
                )
                .bind(id)
                .bind(username)
                .bind(first)
                .bind(admin)
                .bind(now)
                .execute(&mut *tx)
                .await?;
                sqlx::query("INSERT INTO t_name (kind, name, change) VALUES ('username', ?, 1)")
                    .bind(username)
                    .execute(&mut *tx)
                    .await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Says every few seconds that this process lives, for as long as the database is open.
    fn start_heartbeat(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(BEAT)).await;
                let Some(db) = weak.upgrade() else { return };
                if let Err(error) = db.beat().await {
                    tracing::warn!(%error, "heartbeat of the store");
                }
            }
        });
    }

    async fn beat(&self) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query("INSERT INTO t_process (id, beat) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET beat = ?2")
            .bind(&self.process)
            .bind(now())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Begins a write transaction. There is one at a time in this process; other processes are waited for.
    pub async fn write(&self) -> Result<Write> {
        let mut tries = 0;
        let mut renewed = false;
        loop {
            match self.writer.begin_with("BEGIN IMMEDIATE").await {
                // A database that is full rolls a transaction back by itself, which the library does not hear of: to it this
                // connection is in a transaction for ever. It is the only one that writes, so it is made anew.
                Err(sqlx::Error::InvalidSavePointStatement) if !renewed => {
                    renewed = true;
                    self.writer.acquire().await?.close().await?;
                }
                other => match other.map_err(StoreError::from) {
                    Err(StoreError::Busy) if tries < BUSY_RETRIES => tries += 1,
                    other => return other,
                },
            }
        }
    }

    /// Connections for reading.
    pub fn read(&self) -> &SqlitePool {
        &self.readers
    }

    /// A read transaction on a connection of its own. What it sees is fixed by its first read.
    pub async fn begin_snapshot(&self) -> Result<Write> {
        Ok(self.snapshots.begin_with("BEGIN DEFERRED").await?)
    }

    /// Whether the process of this name is known to be dead: its lock is gone. A lock that cannot be asked for says nothing.
    pub async fn is_dead(&self, process: &str) -> Result<bool> {
        if process.is_empty() || !process.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(true);
        }
        let path = self.processes.join(process);
        let asked = tokio::task::spawn_blocking(move || match std::fs::File::open(&path) {
            Ok(file) => file.try_lock().is_ok() && std::fs::remove_file(&path).is_ok(),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        });
        asked.await.map_err(|e| StoreError::Invalid(format!("lock of a process: {e}")))
    }

    /// Gives up a draft from a destructor: soon in the background, and in any case before the next name is reserved.
    pub fn drop_draft(&self, change: i64) {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        self.tidy_soon();
    }

    /// Ends a snapshot's lease from a destructor.
    pub fn close_snapshot(&self, lease: i64) {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).push(lease);
        self.tidy_soon();
    }

    fn tidy_soon(&self) {
        let this = self.this.clone();
        self.runtime.spawn(async move {
            let Some(db) = this.upgrade() else { return };
            let tidied = async {
                let mut tx = db.write().await?;
                db.release_dropped(&mut tx).await?;
                tx.commit().await?;
                Ok::<_, StoreError>(())
            };
            if let Err(error) = tidied.await {
                tracing::warn!(%error, "release of a dropped draft or snapshot");
            }
        });
    }

    /// Gives up what destructors have left: called under the write lock, before names are reserved and by sweeps.
    pub async fn release_dropped(&self, conn: &mut SqliteConnection) -> Result<()> {
        let dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for change in &dropped {
            sqlx::query("UPDATE t_change SET state = 3, ended = ? WHERE id = ? AND state = 0")
                .bind(now())
                .bind(change)
                .execute(&mut *conn)
                .await?;
        }
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for lease in &closed {
            sqlx::query("DELETE FROM t_snapshot WHERE id = ?").bind(lease).execute(&mut *conn).await?;
        }
        if !dropped.is_empty() {
            super::names::free_names(conn).await?;
        }
        // A rollback after this leaves drafts to be found dead with their process, and leases to be ended with it.
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner).retain(|d| !dropped.contains(d));
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).retain(|c| !closed.contains(c));
        Ok(())
    }

    /// The id of a facet set, made if need be.
    pub async fn facet_id(&self, conn: &mut SqliteConnection, facets: &Facets) -> Result<i64> {
        if let Some(id) = self.facets.read().unwrap_or_else(PoisonError::into_inner).ids.get(facets) {
            return Ok(*id);
        }
        let names = serde_json::to_string(facets.names()).map_err(|e| StoreError::Invalid(format!("facets: {e}")))?;
        sqlx::query("INSERT OR IGNORE INTO t_facet_set (names) VALUES (?)").bind(&names).execute(&mut *conn).await?;
        // Not remembered here: the transaction may yet be rolled back. The next reading remembers it.
        Ok(sqlx::query_scalar("SELECT id FROM t_facet_set WHERE names = ?").bind(&names).fetch_one(conn).await?)
    }

    /// Remembers sets that a committed transaction made.
    pub fn remember_facets(&self, sets: impl IntoIterator<Item = (Facets, i64)>) {
        let mut known = self.facets.write().unwrap_or_else(PoisonError::into_inner);
        for (facets, id) in sets {
            known.by_id.insert(id, facets.clone());
            known.ids.insert(facets, id);
        }
    }

    /// The facet set with this id.
    pub async fn facets(&self, conn: &mut SqliteConnection, id: i64) -> Result<Facets> {
        if let Some(facets) = self.facets.read().unwrap_or_else(PoisonError::into_inner).by_id.get(&id) {
            return Ok(facets.clone());
        }
        let names: String =
            sqlx::query_scalar("SELECT names FROM t_facet_set WHERE id = ?").bind(id).fetch_one(conn).await?;
        let facets = facet_set(id, &names)?;
        self.remember_facets([(facets.clone(), id)]);
        Ok(facets)
    }
}

/// A facet set as its row has it.
pub fn facet_set(id: i64, names: &str) -> Result<Facets> {
    let names: Vec<String> =
        serde_json::from_str(names).map_err(|e| StoreError::Corrupt(format!("facet set {id}: {e}")))?;
    Ok(Facets::new(names))
}

/// A new context; its id.
pub async fn new_context(conn: &mut SqliteConnection, level: i64, instance: i64, change: i64) -> Result<i64> {
    Ok(sqlx::query_scalar("INSERT INTO t_context (level, instance, change) VALUES (?, ?, ?) RETURNING id")
        .bind(level)
        .bind(instance)
        .bind(change)
        .fetch_one(conn)
        .await?)
}

/// Takes `count` numbers of a sequence; the first of them.
pub async fn take_numbers(conn: &mut SqliteConnection, sequence: &'static str, count: i64) -> Result<i64> {
    let next: i64 = sqlx::query_scalar("UPDATE t_sequence SET next = next + ? WHERE name = ? RETURNING next")
        .bind(count)
        .bind(sequence)
        .fetch_one(conn)
        .await?;
    Ok(next - count)
}

/// Checks that a job's lease still holds. Errors: `LeaseLost`.
pub async fn check_lease(conn: &mut SqliteConnection, lease: &Lease) -> Result<()> {
    let held: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM t_job WHERE id = ? AND epoch = ? AND state = 1 AND stop = 0")
            .bind(&lease.job)
            .bind(db_int(lease.epoch))
            .fetch_optional(conn)
            .await?;
    held.map(|_| ()).ok_or_else(|| StoreError::LeaseLost { job: lease.job.clone() })
}

#[async_trait]
impl BlobIndex for Db {
    async fn find(&self, sha1: &str) -> Result<Option<BlobRow>> {
        let row = sqlx::query("SELECT sha256, size FROM t_blob WHERE sha1 = ?")
            .bind(sha1)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|r| Ok(BlobRow { sha1: sha1.to_owned(), sha256: r.try_get(0)?, size: model_int(r.try_get(1)?) }))
            .transpose()
    }

    async fn record(&self, rows: &[BlobRow], place: BoxFuture<'_, Result<()>>) -> Result<()> {
        let mut tx = self.write().await?;
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO t_blob (sha1, sha256, size, created, touched) ");
        query.push_values(rows, |mut b, row| {
            b.push_bind(row.sha1.as_str()).push_bind(row.sha256.as_slice()).push_bind(db_int(row.size));
            b.push_bind(now()).push_bind(now());
        });
        query.push(" ON CONFLICT (sha1) DO UPDATE SET touched = excluded.touched RETURNING sha1, sha256");
        let kept: Vec<(String, Vec<u8>)> =
            query.build_query_as().persistent(rows.len() == 1).fetch_all(&mut *tx).await?;
        let kept: HashMap<String, Vec<u8>> = kept.into_iter().collect();
        if let Some(row) = rows.iter().find(|row| kept.get(&row.sha1) != Some(&row.sha256)) {
            return Err(StoreError::Corrupt(format!("two contents with the SHA-1 {}", row.sha1)));
        }
        // Under the write lock: a sweep of another process cannot come between the objects and their rows.
        place.await?;
        tx.commit().await?;
        Ok(())
    }
}
