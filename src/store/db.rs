//! The file, its settings and its layout.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{layout, lie};

/// Each turns the layout before it into the next; none is ever changed once released.
/// The layout's number is how many were applied, kept as `user_version`
/// (<https://sqlite.org/pragma.html#pragma_user_version>).
pub(super) const MIGRATIONS: [&str; 3] = [
    include_str!("../../assets/migrations/001_herd.sql"),
    include_str!("../../assets/migrations/002_queue.sql"),
    include_str!("../../assets/migrations/003_agents.sql"),
];

/// How long a write waits for somebody who reads at that moment (`doctor`, or a person
/// with the `sqlite3` program).
const PATIENCE: Duration = Duration::from_secs(5);

/// Why something can't be done with a database.
#[derive(Debug)]
pub(super) enum Refusal {
    /// What it holds can't be trusted or read: it is to be set aside.
    Damaged(String),
    /// There is no room, or somebody else is at it: it is all right itself.
    Busy(String),
    /// What was to be written or read makes no sense: the rest is all right.
    Row(String),
    /// A later program wrote it: it is to be left as it is.
    Newer(String),
    /// It can't be reached: it is to be left as it is.
    Unusable(String),
}

impl Refusal {
    pub(super) fn of(error: &rusqlite::Error) -> Self {
        use ErrorCode::{
            ConstraintViolation, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull,
            NotADatabase, TooBig, TypeMismatch, Unknown,
        };
        // it lacks a table or a column that this program asks for
        if let rusqlite::Error::SqlInputError { msg, .. } = error {
            return Self::Damaged(msg.clone());
        }
        let why = error.to_string();
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase | Unknown) => Self::Damaged(why),
            Some(DiskFull | DatabaseBusy | DatabaseLocked) => Self::Busy(why),
            Some(ConstraintViolation | TypeMismatch | TooBig) | None => Self::Row(why),
            Some(_) => Self::Unusable(why),
        }
    }

    pub(super) fn why(self) -> String {
        match self {
            Self::Damaged(why)
            | Self::Busy(why)
            | Self::Row(why)
            | Self::Newer(why)
            | Self::Unusable(why) => why,
        }
    }

    /// The same, with what was being done before it.
    pub(super) fn during(self, what: &str) -> Self {
        let line = |why| format!("{what}: {why}");
        match self {
            Self::Damaged(why) => Self::Damaged(line(why)),
            Self::Busy(why) => Self::Busy(line(why)),
            Self::Row(why) => Self::Row(line(why)),
            Self::Newer(why) => Self::Newer(line(why)),
            Self::Unusable(why) => Self::Unusable(line(why)),
        }
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::of(&error)
    }
}

/// The number of the layout that this program writes.
pub const fn newest() -> u32 {
    MIGRATIONS.len() as u32
}

/// Opens the database for writing, made where it is missing, and brings it to the newest
/// layout.
pub(super) fn open(path: &Path) -> Result<Connection, Refusal> {
    // looked at before anything of it is changed: the journal's mode is part of the file
    look(path)?;
    let mut db = connect(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    migrate(&mut db)?;
    Ok(db)
}

/// The number of a database's layout, 0 where the file is empty, as far as it is one that
/// this program can use.
fn look(path: &Path) -> Result<u32, Refusal> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(PATIENCE)?;
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > newest().into() {
        return Err(Refusal::Newer(format!(
            "its layout {version} is newer than this program's {}; run the wrangle that wrote it, or a later one",
            newest()
        )));
    }
    let Ok(version) = u32::try_from(version) else {
        return Err(Refusal::Damaged(format!(
            "its layout is {version}, which means nothing here"
        )));
    };
    match layout::fault(&db, version)? {
        Some(why) => Err(Refusal::Damaged(why)),
        None => Ok(version),
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(PATIENCE)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    // of an environment nothing is left once no task needs it
    db.pragma_update(None, "secure_delete", true)?;
    db.set_prepared_statement_cache_capacity(32);
    Ok(db)
}

/// Applies what is missing, all of it or nothing.
fn migrate(db: &mut Connection) -> Result<(), Refusal> {
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == newest() {
        return Ok(());
    }
    for migration in &MIGRATIONS[version as usize..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", newest())?;
    transaction.commit()?;
    Ok(())
}

/// Opens a file for this user alone, made where it is missing: `SQLite` gives the files
/// beside it the same mode.
pub(super) fn private(path: &Path) -> std::io::Result<std::fs::File> {
    let file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    lie::keep_private(&file);
    Ok(file)
}

/// What is wrong with a database, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A later program wrote it.
    #[error("{0}")]
    Newer(String),
    /// It can't be read as things stand.
    #[error("{0}")]
    Unreadable(String),
    /// What it holds can't be trusted.
    #[error("{0}")]
    Damaged(String),
}

/// Looks a database over without changing it: its layout's number.
///
/// # Errors
/// What is wrong with it.
pub fn check(path: &Path) -> Result<u32, Flaw> {
    if let Some(obstacle) = lie::obstacle(path) {
        return Err(Flaw::Unreadable(obstacle));
    }
    let problems = || -> Result<Vec<String>, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(PATIENCE)?;
        let mut problems = Vec::new();
        db.pragma_query(None, "integrity_check", |row| {
            problems.push(row.get(0)?);
            Ok(())
        })?;
        db.pragma_query(None, "foreign_key_check", |row| {
            problems.push(format!(
                "a row of {} belongs to nothing",
                row.get::<_, String>(0)?
            ));
            Ok(())
        })?;
        Ok(problems)
    };
    let looked = look(path).and_then(|version| Ok((version, problems()?)));
    let (version, problems) = looked.map_err(|refusal| match refusal {
        Refusal::Damaged(why) => Flaw::Damaged(why),
        Refusal::Newer(why) => Flaw::Newer(why),
        other => Flaw::Unreadable(other.why()),
    })?;
    if problems == ["ok"] {
        return Ok(version);
    }
    // one is enough for a line, and where it is beyond counting there are a hundred
    let more = match problems.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let first = problems.first().map_or("", String::as_str);
    Err(Flaw::Damaged(format!("{}{more}", first.replace('\n', " "))))
}
