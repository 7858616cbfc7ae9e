//! Reading all of it at start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Rows};

use super::db::Refusal;
use super::{anew, keep, rows, salvage, waits};
use crate::core::id::TaskId;
use crate::core::record::{Environment, Record};
use crate::core::task::Run;

/// Entries of the activity log beyond this many are forgotten, oldest first.
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

/// Opens and reads, and lists anew what the log directories know and the database doesn't,
/// or no longer in words that make sense.
pub(super) fn open(path: &Path, tasks: &Path, stamp: &str) -> Result<(Connection, Loaded), String> {
    let (mut db, mut loaded) = keep::open_and_read(path, stamp, read)
        .map_err(|refusal| format!("cannot use {}: {}", path.display(), refusal.why()))?;
    let known: BTreeSet<TaskId> = loaded
        .records
        .iter()
        .map(|record| record.task.id)
        .chain(loaded.deletions.iter().copied())
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
    if let Err(error) = anew::disown(&db) {
        let line = format!("calls of tools of tasks that are no more can't be removed: {error}");
        loaded.problems.push(line);
    }
    Ok((db, loaded))
}

/// Reads every row. One that makes no sense is named, and takes no other along.
fn read(db: &Connection) -> Result<Loaded, rusqlite::Error> {
    let number = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0));
    let highest = number("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'task'")?;
    let seq = number("SELECT coalesce(max(seq), 0) FROM event")?;
    let mut loaded = Loaded {
        highest: highest.clamp(0, i64::from(u32::MAX) - 1) as u32,
        seq: seq.max(0).cast_unsigned(),
        ..Loaded::default()
    };
    let problems = &mut loaded.problems;
    forget(db, problems)?;
    let mut runs = Runs::new();
    // by task, the last that can't be read
    let mut spoiled = BTreeMap::new();
    let all = "SELECT * FROM run ORDER BY task, number";
    let read = readable(db, all, "a run of task", problems, |row| {
        rows::run(row).inspect_err(|_| {
            if let (Ok(task), Ok(number)) = (row.get::<_, u32>("task"), row.get("number")) {
                spoiled.insert(task, number);
            }
        })
    })?;
    for (id, run, boot) in read {
        runs.entry(id.task.0).or_default().push((run, boot));
    }
    let all = "SELECT id, vars FROM environment";
    let envs = readable(db, all, "environment", problems, |row| {
        let env = waits::environment(row)?;
        Ok((env.number, Arc::new(env)))
    })?;
    let envs: BTreeMap<u64, Arc<Environment>> = envs.into_iter().collect();
    let all = "SELECT * FROM task ORDER BY id";
    loaded.records = readable(db, all, "task", problems, |row| {
        let id: u32 = row.get("id")?;
        let mut past = runs.remove(&id).unwrap_or_default();
        let spoiled: u32 = spoiled.get(&id).copied().unwrap_or(0);
        let last = past.pop().filter(|(run, _)| run.number > spoiled);
        let (run, boot) = last.ok_or_else(rows::without_run)?;
        let mut task = rows::task(row, run)?;
        task.past = past.into_iter().map(|(run, _)| run).collect();
        let env = waits::environment_of(row)?;
        let env = env.and_then(|number| envs.get(&number).map(Arc::clone));
        Ok(Record { boot, task, env })
    })?;
    let all = "SELECT task, label FROM label ORDER BY task, label";
    let labels = readable(db, all, "a label of task", problems, |row| {
        Ok((TaskId(row.get(0)?), row.get(1)?))
    })?;
    for (id, label) in labels {
        let records = &mut loaded.records;
        if let Ok(at) = records.binary_search_by_key(&id, |record| record.task.id) {
            records[at].task.spec.labels.push(label);
        }
    }
    let all = "SELECT * FROM after ORDER BY task, first, needs";
    let after = readable(db, all, "what comes before task", problems, waits::after)?;
    for (id, after) in after {
        let records = &mut loaded.records;
        if let Ok(at) = records.binary_search_by_key(&id, |record| record.task.id) {
            records[at].task.after.push(after);
        }
    }
    let all = "SELECT key, value FROM setting";
    let settings = readable(db, all, "setting", problems, |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    loaded.settings = settings.into_iter().collect();
    let all = "SELECT task FROM deletion";
    loaded.deletions = readable(db, all, "the deletion of task", problems, |row| {
        row.get(0).map(TaskId)
    })?;
    Ok(loaded)
}

/// What is made of each row; one of which nothing can be made is named by its first column.
pub(super) fn readable<T>(
    db: &Connection,
    query: &str,
    what: &str,
    problems: &mut Vec<String>,
    make: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut query = db.prepare(query)?;
    sensible(query.query([])?, what, problems, make)
}

/// The same of rows that were asked for.
pub(super) fn sensible<T>(
    mut rows: Rows<'_>,
    what: &str,
    problems: &mut Vec<String>,
    mut make: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut made = Vec::new();
    while let Some(row) = rows.next()? {
        match make(row) {
            Ok(it) => made.push(it),
            Err(error) => {
                let key = match row.get_ref(0)? {
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    _ => "?".into(),
                };
                let why = match error {
                    rusqlite::Error::FromSqlConversionFailure(.., why) => why.to_string(),
                    error => error.to_string(),
                };
                problems.push(format!("{what} {key} can't be read: {why}"));
            }
        }
    }
    Ok(made)
}

/// Forgets what the activity log holds beyond its length.
pub(super) fn cut(db: &Connection) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM event WHERE seq <= (SELECT max(seq) FROM event) - ?")?
        .execute([MOST_EVENTS])
        .map(drop)
}

/// Cuts the activity log. Where that can't be written, as on a full disk, it stays as it is.
fn forget(db: &Connection, problems: &mut Vec<String>) -> Result<(), rusqlite::Error> {
    match cut(db) {
        Err(error) if !matches!(Refusal::of(&error), Refusal::Damaged(_)) => {
            problems.push(format!(
                "the oldest of the activity log can't be forgotten: {error}"
            ));
            Ok(())
        }
        done => done,
    }
}

type Runs = BTreeMap<u32, Vec<(Run, String)>>;
