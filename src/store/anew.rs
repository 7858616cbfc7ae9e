//! Making a database anew beside the old one, and putting it in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::db::{self, Refusal};
use super::load::Loaded;
use super::place::{BESIDE, beside, real};
use crate::core::id::TaskId;
use crate::core::record::Change;
use crate::sys::fault;

/// What a new database is called while it is being made.
const UNFINISHED: &str = ".new";

/// What a new database is called once it is whole and has its place to take yet.
const WHOLE: &str = ".whole";

/// What is known without reading it: the small part that no log directory tells.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// The highest number that was ever given out to a task.
    highest: u32,
    settings: BTreeMap<String, String>,
    deletions: BTreeSet<TaskId>,
}

impl Held {
    pub(super) fn of(loaded: &Loaded) -> Self {
        Self {
            highest: loaded.highest,
            settings: loaded.settings.clone(),
            deletions: loaded.deletions.iter().copied().collect(),
        }
    }

    /// A change is stored.
    pub(super) fn note(&mut self, change: &Change) {
        match change {
            Change::Nothing | Change::Tools(..) => {}
            Change::Task(record) => self.highest = self.highest.max(record.task.id.0),
            Change::Remove(ids) => self.deletions.extend(ids),
            Change::Deleted(ids) => self.deletions.retain(|id| !ids.contains(id)),
            Change::Setting { key, value } => {
                self.settings.insert(key.clone(), value.clone());
            }
        }
    }

    fn put(&self, db: &Connection) -> rusqlite::Result<()> {
        for (key, value) in &self.settings {
            db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", [key, value])?;
        }
        for id in &self.deletions {
            db.execute("INSERT OR IGNORE INTO deletion VALUES (?)", [id.0])?;
        }
        number_from(db, self.highest)
    }
}

/// No number up to this is given out again.
fn number_from(db: &Connection, highest: u32) -> rusqlite::Result<()> {
    let known = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'task'";
    if db.execute(known, [highest])? == 0 {
        db.execute("INSERT INTO sqlite_sequence VALUES ('task', ?)", [highest])?;
    }
    Ok(())
}

/// A database that is being made; gone with this unless it takes its place.
#[derive(Debug)]
pub(super) struct Fresh {
    path: PathBuf,
    /// What it is made for.
    target: PathBuf,
    /// Of the calls of tools that the old one holds not all could be read.
    lacks_calls: bool,
}

impl Fresh {
    /// An empty file.
    fn begin(target: &Path) -> Result<Self, Refusal> {
        let target = real(target);
        let fresh = Self {
            path: beside(&target, UNFINISHED),
            target,
            lacks_calls: false,
        };
        fresh.clear();
        db::private(&fresh.path).map_err(|error| fresh.cannot(&error))?;
        Ok(fresh)
    }

    /// All that an open database holds, whatever became of its files.
    pub(super) fn copy(target: &Path, db: &Connection) -> Result<Self, Refusal> {
        let fresh = Self::begin(target)?;
        let name = fresh.path.to_str().ok_or_else(|| {
            let error = io::ErrorKind::InvalidFilename.into();
            fresh.cannot(&error)
        })?;
        db.execute("VACUUM INTO ?", [name])?;
        Ok(fresh)
    }

    /// One with what is held, and with what can still be read of the activity log, of calls
    /// of tools and of the small tables of a damaged one; no task. A call is whose it was,
    /// once its task is listed anew; see [`disown`].
    pub(super) fn rescue(
        target: &Path,
        old: Option<&Connection>,
        held: &Held,
    ) -> Result<Self, Refusal> {
        let mut fresh = Self::begin(target)?;
        let mut new = db::open(&fresh.path)?;
        new.pragma_update(None, "foreign_keys", false)?;
        let transaction = new.transaction()?;
        let opened = old.is_none().then(|| look_at(&fresh.target).ok()).flatten();
        if let Some(old) = old.or(opened.as_ref()) {
            let highest = old.query_row(
                "SELECT seq FROM sqlite_sequence WHERE name = 'task'",
                [],
                |row| row.get(0),
            );
            number_from(&transaction, highest.unwrap_or(0))?;
            for table in ["event", "setting", "deletion"] {
                rescue_table(old, &transaction, table)?;
            }
            fresh.lacks_calls =
                !rescue_table(old, &transaction, "tool_call")? && may_hold_calls(old);
        } else {
            fresh.lacks_calls = true;
        }
        held.put(&transaction)?;
        transaction.commit()?;
        new.close().map_err(|(_, error)| error)?;
        Ok(fresh)
    }

    /// One that was whole when its supervisor died, before it was in its place.
    pub(super) fn left_behind(target: &Path) -> Option<Self> {
        let target = real(target);
        // what was not whole is of no use
        drop(Self {
            path: beside(&target, UNFINISHED),
            target: target.clone(),
            lacks_calls: false,
        });
        let path = beside(&target, WHOLE);
        path.exists().then_some(Self {
            path,
            target,
            lacks_calls: false,
        })
    }

    /// Puts it in its place; what lay there is kept under a name with `stamp`, which is
    /// given back. Whoever dies in between leaves it under a name that says that it is
    /// whole, for the next start.
    pub(super) fn settle(mut self, stamp: &str) -> Result<Option<PathBuf>, Refusal> {
        let whole = beside(&self.target, WHOLE);
        fs::File::open(&self.path)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&self.path, &whole))
            .map_err(|error| self.cannot(&error))?;
        self.path = whole;
        fault::point("before-settled");
        let aside = set_aside(&self.target, stamp).map_err(|error| self.cannot(&error))?;
        fault::point("half-settled");
        fs::rename(&self.path, &self.target).map_err(|error| self.cannot(&error))?;
        Ok(aside)
    }

    /// What a line on the mishap says besides: what is lost.
    pub(super) const fn lost(&self) -> &'static str {
        if self.lacks_calls {
            "; calls of tools in it could not all be read, and those are lost"
        } else {
            ""
        }
    }

    fn cannot(&self, error: &io::Error) -> Refusal {
        Refusal::Unusable(format!(
            "a new one can't be made as {}: {error}",
            self.path.display()
        ))
    }

    fn clear(&self) {
        for end in ["", BESIDE[0], BESIDE[1], "-journal"] {
            fs::remove_file(beside(&self.path, end)).ok();
        }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Closes a database whose place may be another's by now: nothing there is touched.
pub(super) fn abandon(db: Connection) {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .ok();
    drop(db);
}

/// Opens a database to read what is left of it, and leaves it as it is.
fn look_at(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// Copies rows from both ends of a table up to what can't be read; whether that was all.
fn rescue_table(old: &Connection, new: &Connection, table: &str) -> rusqlite::Result<bool> {
    for order in ["ASC", "DESC"] {
        if copy_rows(old, new, table, order)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether there may be calls of tools in a database: in one of a layout without them there
/// are none to be lost.
fn may_hold_calls(db: &Connection) -> bool {
    let table = "SELECT 1 FROM sqlite_schema WHERE name = 'tool_call'";
    let found = db.prepare(table).and_then(|mut query| query.exists([]));
    found.unwrap_or(true)
}

/// Lets go of calls of tools that were rescued and are of no task that was listed since.
/// As fast as there are few tasks with calls, not as there are few calls.
pub(super) fn disown(db: &Connection) -> rusqlite::Result<()> {
    let calls = "WITH RECURSIVE owner (task) AS (SELECT min(task) FROM tool_call UNION ALL \
         SELECT (SELECT min(task) FROM tool_call WHERE task > owner.task) FROM owner \
         WHERE owner.task IS NOT NULL) \
         DELETE FROM tool_call WHERE task IN \
         (SELECT task FROM owner WHERE task IS NOT NULL AND task NOT IN (SELECT id FROM task))";
    db.execute(calls, [])?;
    Ok(())
}

/// Whether all could be read.
fn copy_rows(
    old: &Connection,
    new: &Connection,
    table: &str,
    order: &str,
) -> rusqlite::Result<bool> {
    let Ok(mut query) = old.prepare(&format!("SELECT * FROM {table} ORDER BY 1 {order}")) else {
        return Ok(false);
    };
    let names: Vec<&str> = query.column_names().collect();
    let names = names.join(", ");
    let width = query.column_count();
    let marks = vec!["?"; width].join(", ");
    let put = format!("INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})");
    let (Ok(mut put), Ok(mut rows)) = (new.prepare(&put), query.query([])) else {
        return Ok(false);
    };
    loop {
        let Ok(row) = rows.next() else {
            return Ok(false);
        };
        let Some(row) = row else {
            return Ok(true);
        };
        let values = (0..width).map(|at| row.get::<_, Value>(at));
        let Ok(values) = values.collect::<Result<Vec<_>, _>>() else {
            return Ok(false);
        };
        match put.execute(params_from_iter(values)) {
            // a row that could never have been written
            Err(error) if matches!(Refusal::of(&error), Refusal::Row(_)) => {}
            done => drop(done?),
        }
    }
}

/// Moves what lies in a database's place out of the way, whole, under a name that tells
/// when; where it went. Without a database what lies beside belongs to nothing.
fn set_aside(path: &Path, stamp: &str) -> io::Result<Option<PathBuf>> {
    let aside = beside(path, &format!(".damaged-{stamp}"));
    let there = match fs::rename(path, &aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        done => done.map(|()| true)?,
    };
    for end in BESIDE {
        let part = beside(path, end);
        let done = if there {
            fs::rename(&part, beside(&aside, end))
        } else {
            fs::remove_file(&part)
        };
        match done {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(there.then_some(aside))
}
