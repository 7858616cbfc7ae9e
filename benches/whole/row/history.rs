//! Ten thousand ended tasks: what they cost when a supervisor starts and when all of them
//! are listed.

use std::process::Stdio;
use std::time::{Duration, Instant};

use wrangle::core::id::TaskId;
use wrangle::core::record::{Change, Record};
use wrangle::core::report::TaskReport;
use wrangle::core::task::{Outcome as End, Run, State, Task};
use wrangle::core::time::Timestamp;
use wrangle::core::wire::Request;

use super::Row;
use crate::figure::{Aim, Figure, ms};
use crate::herd::{Herd, program, run_request};
use crate::{Outcome, Scale, stored};

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
        let rows = stored::fill(home.path(), changes(count)?)?;
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

/// Ended tasks.
fn changes(count: u32) -> Outcome<impl Iterator<Item = Change>> {
    let Request::Run(request) = run_request(&["make", "-j8", "test"]) else {
        return Err("not a launch".into());
    };
    let task = move |id: u32| {
        let at = Timestamp(1_700_000_000_000 + u64::from(id));
        let run = Run {
            state: State::Ended {
                outcome: End::Failed(2),
                at,
            },
            started: Some(at),
            ..Run::new(1, at)
        };
        Change::Task(Box::new(Record {
            boot: "bench".into(),
            task: Task::new(TaskId(id), request.spec.clone(), run),
            env: None,
        }))
    };
    Ok((1..=count).map(task))
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
