//! What has to hold whatever was killed when: the list, the database, the log directories
//! and the kernel tell the same, and the activity log tells how it came about.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use wrangle::core::id::Ident;
use wrangle::sys::proc;

use crate::herd::{Herd, stored};
use crate::procs::words;

/// A run as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunRow {
    pub(crate) task: u64,
    pub(crate) number: u64,
    pub(crate) state: String,
    pub(crate) outcome: Option<String>,
    pub(crate) exit_code: Option<i64>,
    pub(crate) signal: Option<i64>,
    pub(crate) reason: Option<String>,
    pub(crate) started: bool,
    pub(crate) leader: Option<Ident>,
}

/// An entry of the activity log: its number, what, and to which run.
pub(crate) type EventRow = (u64, String, u64, u64);

/// Where a herd's database lies.
pub(crate) fn database(herd: &Herd) -> PathBuf {
    herd.home().join("data/wrangle.db")
}

/// Opens a herd's database beside its supervisor.
pub(crate) fn open(herd: &Herd) -> Connection {
    let db = Connection::open_with_flags(database(herd), OpenFlags::SQLITE_OPEN_READ_WRITE);
    let db = db.unwrap();
    db.busy_timeout(crate::procs::PATIENCE).unwrap();
    db
}

/// Every row of a query, each made of a row.
fn rows<T>(
    db: &Connection,
    query: &str,
    make: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut query = db.prepare(query).unwrap();
    let rows = query.query_map([], make).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// A number that is never negative.
fn count(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(at)?.cast_unsigned())
}

/// Every run, by task and number.
pub(crate) fn runs(db: &Connection) -> Vec<RunRow> {
    let query = "SELECT task, number, state, outcome, exit_code, signal, reason, \
                 started IS NOT NULL, pid, pid_start FROM run ORDER BY task, number";
    rows(db, query, |row| {
        let pid: Option<i32> = row.get(8)?;
        let start: Option<i64> = row.get(9)?;
        Ok(RunRow {
            task: count(row, 0)?,
            number: count(row, 1)?,
            state: row.get(2)?,
            outcome: row.get(3)?,
            exit_code: row.get(4)?,
            signal: row.get(5)?,
            reason: row.get(6)?,
            started: row.get(7)?,
            leader: pid.zip(start).map(|(pid, start)| Ident {
                pid,
                start: start.cast_unsigned(),
            }),
        })
    })
}

/// The activity log.
pub(crate) fn events(db: &Connection) -> Vec<EventRow> {
    let query = "SELECT seq, what, task, run FROM event ORDER BY seq";
    rows(db, query, |row| {
        Ok((count(row, 0)?, row.get(1)?, count(row, 2)?, count(row, 3)?))
    })
}

/// The database is whole.
#[track_caller]
pub(crate) fn is_whole(db: &Connection) {
    let answer = rows(db, "PRAGMA integrity_check", |row| row.get::<_, String>(0));
    assert_eq!(answer, ["ok"]);
    let astray = rows(db, "PRAGMA foreign_key_check", |row| {
        row.get::<_, String>(0)
    });
    assert!(astray.is_empty(), "rows of {astray:?} belong to nothing");
}

/// Every living process that bears the mark of a run of this herd, by the run's name.
fn marked(herd: &Herd, shims: bool) -> BTreeMap<String, Vec<Ident>> {
    let mut prefix = b"WRANGLE_RUN=".to_vec();
    prefix.extend(
        herd.home()
            .join("run/shims/")
            .as_os_str()
            .as_encoded_bytes(),
    );
    let mut found: BTreeMap<String, Vec<Ident>> = BTreeMap::new();
    let is_shim = |pid| words(pid).get(1).is_some_and(|word| word == "__shim");
    for stat in proc::all().filter(|stat| !stat.is_dead()) {
        let text = std::fs::read(format!("/proc/{}/environ", stat.ident.pid)).unwrap_or_default();
        let run = text
            .split(|byte| *byte == 0)
            .find_map(|entry| entry.strip_prefix(prefix.as_slice()))
            .and_then(|name| name.strip_suffix(b".sock"));
        if let Some(run) = run
            && is_shim(stat.ident.pid) == shims
        {
            let run = String::from_utf8_lossy(run).into_owned();
            found.entry(run).or_default().push(stat.ident);
        }
    }
    found
}

/// Every process of a herd: whoever is, or means to become, its supervisor, the shims,
/// what they keep.
pub(crate) fn everybody(herd: &Herd) -> Vec<Ident> {
    let mut all = herd.supervisors();
    all.extend(shims(herd));
    all.extend(marked(herd, false).into_values().flatten());
    all
}

/// Every shim of a herd.
pub(crate) fn shims(herd: &Herd) -> Vec<Ident> {
    marked(herd, true).into_values().flatten().collect()
}

/// Everything kept of a run's output.
pub(crate) fn output(herd: &Herd, task: u64, run: u64) -> Vec<u8> {
    stored(&herd.home().join(format!("data/tasks/{task}/{run}")))
}

/// The whole truth, with no task on its way from one state to another: each task once and
/// in one piece, nothing `running` that doesn't run, nothing alive of what has ended.
/// All tasks as the list has them.
#[track_caller]
pub(crate) fn holds(herd: &Herd) -> Vec<Value> {
    let list = herd.json(&["ls", "--all", "--json"]);
    let db = open(herd);
    is_whole(&db);
    let all = runs(&db);
    let listed: Vec<u64> = list.iter().map(|it| it["id"].as_u64().unwrap()).collect();
    let tasks = rows(&db, "SELECT id FROM task ORDER BY id", |row| count(row, 0));
    assert_eq!(listed, tasks, "listed and stored");
    let alive = marked(herd, false);
    for task in &list {
        let id = task["id"].as_u64().unwrap();
        let of_task: Vec<&RunRow> = all.iter().filter(|run| run.task == id).collect();
        let numbers: Vec<u64> = of_task.iter().map(|run| run.number).collect();
        let wanted: Vec<u64> = (1..=of_task.len() as u64).collect();
        assert_eq!(numbers, wanted, "runs of task {id}");
        let Some((last, past)) = of_task.split_last() else {
            panic!("task {id} has no run");
        };
        is_as_stored(task, last);
        for run in past {
            assert_eq!(run.state, "ended", "{run:?} is followed by another");
        }
        for run in of_task {
            let name = format!("{}.{}", run.task, run.number);
            is_as_the_kernel_says(run, alive.get(&name).map_or(&[], Vec::as_slice));
        }
    }
    for run in alive.keys() {
        let known = |row: &RunRow| format!("{}.{}", row.task, row.number) == *run;
        assert!(all.iter().any(known), "{run} lives and nobody knows of it");
    }
    is_told(&events(&db), &all);
    list
}

/// A task as the list has it, and its row.
#[track_caller]
fn is_as_stored(task: &Value, row: &RunRow) {
    assert_eq!(task["run"], row.number, "{task}");
    assert_eq!(task["state"], row.state, "{row:?}: {task}");
    assert_eq!(task["outcome"], serde_json::json!(row.outcome), "{task}");
    assert_eq!(
        task["exit_code"],
        serde_json::json!(row.exit_code),
        "{task}"
    );
    assert_eq!(task["signal"], serde_json::json!(row.signal), "{task}");
}

/// A run, and those who bear its mark.
#[track_caller]
fn is_as_the_kernel_says(run: &RunRow, alive: &[Ident]) {
    match run.state.as_str() {
        "running" | "paused" => {
            let leader = run
                .leader
                .unwrap_or_else(|| panic!("{run:?} has no leader"));
            assert!(proc::is_alive(leader), "{run:?} is dead");
            assert!(alive.contains(&leader), "{run:?} is somebody else");
        }
        "lingering" => assert!(!alive.is_empty(), "{run:?}: nothing lingers"),
        "ended" => {
            assert!(run.outcome.is_some(), "{run:?}");
            assert!(alive.is_empty(), "{run:?} has ended, and {alive:?} live");
        }
        state => panic!("{run:?} is still {state}"),
    }
}

/// Numbers without a gap; every run was created once, started once where it has, and
/// ended once where it has.
#[track_caller]
fn is_told(events: &[EventRow], runs: &[RunRow]) {
    let numbers: Vec<u64> = events.iter().map(|(seq, ..)| *seq).collect();
    let wanted: Vec<u64> = (1..=events.len() as u64).collect();
    assert_eq!(numbers, wanted, "entries of the activity log: {events:?}");
    let count = |run: &RunRow, what: &str| {
        let of_run = |(_, word, task, number): &&EventRow| {
            word == what && (*task, *number) == (run.task, run.number)
        };
        events.iter().filter(of_run).count()
    };
    for run in runs {
        assert_eq!(count(run, "created"), 1, "{run:?}: {events:?}");
        let started = usize::from(run.started);
        assert_eq!(count(run, "started"), started, "{run:?}: {events:?}");
        let ended = usize::from(run.state == "ended");
        assert_eq!(count(run, "ended"), ended, "{run:?}: {events:?}");
    }
    let removed: BTreeSet<u64> = events
        .iter()
        .filter(|(_, what, ..)| what == "removed")
        .map(|(_, _, task, _)| *task)
        .collect();
    for (_, what, task, run) in events {
        let known = runs
            .iter()
            .any(|row| (row.task, row.number) == (*task, *run));
        assert!(
            known || removed.contains(task),
            "{what} tells of {task}.{run}, which is not there: {events:?}"
        );
    }
}

/// Lines of a file in which every start of a program leaves one: no run started twice.
#[track_caller]
pub(crate) fn starts(path: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut once = BTreeSet::new();
    for line in text.lines() {
        let name = line.rsplit('/').next().unwrap_or(line);
        let run = name.trim_end_matches(".sock").to_owned();
        assert!(once.insert(run), "started twice: {line}");
    }
    once
}
