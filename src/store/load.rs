//! Reading all of it at start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;

use super::db::Refusal;
use super::{keep, rows, salvage};
use crate::core::id::TaskId;
use crate::core::record::Record;
use crate::core::task::Run;

/// Entries of the activity log beyond this many are forgotten at start, oldest first.
const MOST_EVENTS: i64 = 200_000;

/// Everything that was stored.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every task that could be read, oldest first.
    pub records: Vec<Record>,
    /// The highest number that was ever given out to a task, readable or not.
    pub highest: u32,
    /// The last entry of the activity log.
    pub seq: u64,
    /// What clients want remembered.
    pub settings: BTreeMap<String, String>,
    /// Removed tasks of which something may still lie on disk.
    pub deletions: Vec<TaskId>,
    /// What could not be read, or had to be mended, in one line each.
    pub problems: Vec<String>,
}

/// Opens and reads, and lists anew what the log directories know and the database doesn't.
pub(super) fn open(path: &Path, tasks: &Path, stamp: &str) -> Result<(Connection, Loaded), String> {
    let (mut db, mut loaded) = keep::open_and_read(path, stamp, read)
        .map_err(|refusal| format!("cannot use {}: {}", path.display(), refusal.why()))?;
    let known: BTreeSet<TaskId> = loaded
        .records
        .iter()
        .map(|record| record.task.id)
        .chain(loaded.deletions.iter().copied())
        .chain(unreadable(&db))
        .collect();
    let found = salvage::list(tasks, &known)
        .map_err(|error| format!("cannot read {}: {error}", tasks.display()))?;
    loaded.highest = loaded.highest.max(found.highest);
    loaded.problems.extend(found.problems);
    if !found.records.is_empty() {
        let put = |db: &mut Connection| {
            let transaction = db.transaction()?;
            for record in &found.records {
                rows::put(&transaction, record)?;
            }
            transaction.commit()
        };
        if let Err(error) = put(&mut db) {
            loaded
                .problems
                .push(format!("tasks listed anew can't be stored: {error}"));
        }
        loaded.records.extend(found.records);
        loaded.records.sort_by_key(|record| record.task.id);
    }
    Ok((db, loaded))
}

/// Reads every row. One that makes no sense is named and left as it is.
fn read(db: &Connection) -> Result<Loaded, rusqlite::Error> {
    let mut loaded = Loaded {
        highest: db.query_row(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'task'",
            [],
            |row| row.get(0),
        )?,
        seq: db
            .query_row("SELECT coalesce(max(seq), 0) FROM event", [], |row| {
                row.get::<_, i64>(0)
            })?
            .cast_unsigned(),
        ..Loaded::default()
    };
    forget(db, &mut loaded)?;
    let mut runs = read_runs(db, &mut loaded.problems)?;
    let mut query = db.prepare("SELECT * FROM task ORDER BY id")?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let id: u32 = row.get("id")?;
        let mut past = runs.remove(&id).unwrap_or_default();
        let Some((run, boot)) = past.pop() else {
            loaded
                .problems
                .push(format!("task {id} has no readable run"));
            continue;
        };
        match rows::task(row, run) {
            Ok(mut task) => {
                task.past = past.into_iter().map(|(run, _)| run).collect();
                loaded.records.push(Record { boot, task });
            }
            Err(error) => loaded
                .problems
                .push(format!("task {id} can't be read: {error}")),
        }
    }
    let mut query = db.prepare("SELECT task, label FROM label ORDER BY task, label")?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let (id, label) = (TaskId(row.get(0)?), row.get(1)?);
        if let Ok(at) = loaded
            .records
            .binary_search_by_key(&id, |record| record.task.id)
        {
            loaded.records[at].task.spec.labels.push(label);
        }
    }
    let mut query = db.prepare("SELECT key, value FROM setting")?;
    let settings = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    loaded.settings = settings.collect::<Result<_, _>>()?;
    let mut query = db.prepare("SELECT task FROM deletion")?;
    let deletions = query.query_map([], |row| row.get(0).map(TaskId))?;
    loaded.deletions = deletions.collect::<Result<_, _>>()?;
    Ok(loaded)
}

/// Cuts an activity log that is too long. Where that can't be written, as on a full disk,
/// it stays as it is.
fn forget(db: &Connection, loaded: &mut Loaded) -> Result<(), rusqlite::Error> {
    let last = loaded.seq.cast_signed() - MOST_EVENTS;
    match db.execute("DELETE FROM event WHERE seq <= ?", [last]) {
        Err(error) if !matches!(Refusal::of(&error), Refusal::Damaged(_)) => {
            let line = format!("the oldest of the activity log can't be forgotten: {error}");
            loaded.problems.push(line);
            Ok(())
        }
        done => done.map(drop),
    }
}

type Runs = BTreeMap<u32, Vec<(Run, String)>>;

fn read_runs(db: &Connection, problems: &mut Vec<String>) -> Result<Runs, rusqlite::Error> {
    let mut runs = Runs::new();
    let mut query = db.prepare("SELECT * FROM run ORDER BY task, number")?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        match rows::run(row) {
            Ok((id, run, boot)) => runs.entry(id.task.0).or_default().push((run, boot)),
            Err(error) => {
                let (task, number): (u32, u32) = (row.get("task")?, row.get("number")?);
                problems.push(format!("run {task}.{number} can't be read: {error}"));
            }
        }
    }
    Ok(runs)
}

/// Tasks that have a row, whether or not it makes sense.
fn unreadable(db: &Connection) -> Vec<TaskId> {
    let all = || -> rusqlite::Result<Vec<TaskId>> {
        let mut query = db.prepare("SELECT id FROM task")?;
        let ids = query.query_map([], |row| row.get(0).map(TaskId))?;
        ids.collect()
    };
    all().unwrap_or_default()
}
