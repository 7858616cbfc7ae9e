//! Ten thousand ended tasks: what they cost when a supervisor starts and when all of them
//! are listed.

use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use wrangle::core::id::TaskId;
use wrangle::core::record::{Change, Record};
use wrangle::core::report::TaskReport;
use wrangle::core::task::{Outcome as End, Run, State, Task};
use wrangle::core::time::Timestamp;
use wrangle::core::wire::Request;
use wrangle::store::{Done, Store};

use super::Row;
use crate::figure::{Aim, Figure, ms};
use crate::herd::{Herd, program, run_request};
use crate::{Outcome, Scale};

pub(super) const ROW: Row = Row {
    name: "history",
    about: "ended tasks: a supervisor's start, and `ls --all --json`",
    run,
};

fn run(scale: Scale) -> Outcome<Vec<Figure>> {
    let count = scale.of(10_000, 50);
    let mut starts = Vec::new();
    let mut lists = Vec::new();
    for _ in 0..scale.of(5, 1) {
        let home = Herd::home(true)?;
        let rows = fill(home.path(), count)?;
        let begun = Instant::now();
        let herd = Herd::wake(home)?;
        starts.push((ms(begun.elapsed()), ms(rows)));
        let begun = Instant::now();
        let listed = program(herd.home_dir())
            .args(["ls", "--all", "--json"])
            .stdin(Stdio::null())
            .output()?;
        let time = begun.elapsed();
        let lines: Vec<&[u8]> = listed
            .stdout
            .trim_ascii()
            .split(|byte| *byte == b'\n')
            .collect();
        if lines.len() != count as usize {
            return Err(format!("{} of {count} tasks were listed", lines.len()).into());
        }
        lists.push((ms(time), ms(json(&lines)?)));
    }
    Ok(vec![
        Figure::beside(
            format!("start with {count} ended tasks"),
            "ms",
            "reading their rows",
            &starts,
            Aim::Nothing,
        ),
        Figure::beside(
            format!("ls --all --json of {count}"),
            "ms",
            "two hops of that JSON",
            &lists,
            Aim::Nothing,
        ),
    ])
}

/// Ended tasks in a home's database; how long a bare program takes to read every column
/// of every row.
fn fill(home: &Path, count: u32) -> Outcome<Duration> {
    let data = home.join("data");
    std::fs::create_dir_all(&data)?;
    let db = data.join("wrangle.db");
    let (sender, done) = channel();
    let report = move |it| drop(sender.send(it));
    let (store, _) = Store::open(&db, &data.join("tasks"), "bench", report)?;
    let Request::Run(request) = run_request(&["make", "-j8", "test"]) else {
        return Err("not a launch".into());
    };
    for id in 1..=count {
        let at = Timestamp(1_700_000_000_000 + u64::from(id));
        let run = Run {
            state: State::Ended {
                outcome: End::Failed(2),
                at,
            },
            started: Some(at),
            ..Run::new(1, at)
        };
        let task = Task::new(TaskId(id), request.spec.clone(), run);
        let boot = "bench".into();
        store.save(
            Change::Task(Box::new(Record {
                boot,
                task,
                env: None,
            })),
            vec![],
            vec![],
        );
    }
    store.close();
    for answer in done {
        if let Done::Written {
            error: Some(why), ..
        } = answer
        {
            return Err(why.into());
        }
    }
    let begun = Instant::now();
    let db = Connection::open(&db)?;
    for table in ["task", "run"] {
        let mut query = db.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = query.column_count();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                std::hint::black_box(row.get_ref(column)?);
            }
        }
    }
    Ok(begun.elapsed())
}

/// What it costs at least: the same reports written, read, and written once more.
fn json(lines: &[&[u8]]) -> Outcome<Duration> {
    let tasks: Vec<TaskReport> = lines
        .iter()
        .map(|line| serde_json::from_slice(line))
        .collect::<Result<_, _>>()?;
    let begun = Instant::now();
    let wire = serde_json::to_vec(&tasks)?;
    let read: Vec<TaskReport> = serde_json::from_slice(&wire)?;
    std::hint::black_box(serde_json::to_vec(&read)?);
    Ok(begun.elapsed())
}
