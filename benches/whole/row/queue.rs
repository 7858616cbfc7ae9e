//! Ten thousand queued tasks: what they cost when a supervisor starts, which restores their
//! order, and when they are listed in it.

use std::sync::Arc;
use std::time::Instant;

use wrangle::core::filter::Filter;
use wrangle::core::id::TaskId;
use wrangle::core::record::{Change, Environment, Record};
use wrangle::core::task::{Run, State, Task};
use wrangle::core::time::Timestamp;
use wrangle::core::wire::{Answer, Request};

use super::Row;
use crate::figure::{Aim, Figure, ms};
use crate::herd::{Herd, run_request};
use crate::{Outcome, Scale, stored};

pub(super) const ROW: Row = Row {
    name: "queue",
    about: "queued tasks: a supervisor's start, and all of them in their order",
    run,
};

/// Any number, as it stands in a database.
const BEGUN: u64 = 1_700_000_000_000;

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
        let queued = Filter {
            states: vec!["queued".into()],
            ..Filter::default()
        };
        let begun = Instant::now();
        let Answer::Tasks(told) = herd.call()?.ask(Request::List(queued))? else {
            return Err("not a list of tasks".into());
        };
        lists.push(ms(begun.elapsed()));
        let told = told.iter().map(|report| report.id.0);
        if !told.eq((1..=count).rev()) {
            return Err(format!("the order of {count} tasks was not restored").into());
        }
    }
    Ok(vec![
        Figure::beside(
            format!("start with {count} queued tasks"),
            "ms",
            "reading their rows",
            &starts,
            Aim::Nothing,
        ),
        Figure::new(
            format!("all {count} told in their order"),
            crate::figure::median(lists.into_iter()),
            "ms",
            Aim::Nothing,
        ),
    ])
}

/// A paused queue: the last launched come first.
fn changes(count: u32) -> Outcome<impl Iterator<Item = Change>> {
    let Request::Run(request) = run_request(&["make", "-j8", "test"]) else {
        return Err("not a launch".into());
    };
    let env = Arc::new(Environment {
        number: 1,
        vars: request.env,
    });
    let spec = request.spec;
    let task = move |id: u32| {
        let at = Timestamp(BEGUN + u64::from(id));
        let run = Run {
            state: State::Queued { hold: None },
            ..Run::new(1, at)
        };
        Change::Task(Box::new(Record {
            boot: "bench".into(),
            task: Task {
                place: i64::from(count - id),
                ..Task::new(TaskId(id), spec.clone(), run)
            },
            env: Some(Arc::clone(&env)),
        }))
    };
    let paused = Change::Setting {
        key: "queue.paused".into(),
        value: BEGUN.to_string(),
    };
    Ok([paused].into_iter().chain((1..=count).map(task)))
}
