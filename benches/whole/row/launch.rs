//! Two hundred short tasks, from the first request to the last end.

use std::time::{Duration, Instant};

use wrangle::core::id::Target;
use wrangle::core::wire::{Answer, Request};

use super::Row;
use crate::bare;
use crate::figure::{Aim, Figure, ms};
use crate::herd::{Herd, run_request};
use crate::{Outcome, Scale};

pub(super) const ROW: Row = Row {
    name: "launch",
    about: "`true` launched over one connection until all have ended, beside posix_spawn + wait",
    run,
};

fn run(scale: Scale) -> Outcome<Vec<Figure>> {
    let count = scale.of(200, 10);
    let mut pairs = Vec::new();
    for _ in 0..scale.of(7, 1) {
        let theirs = bare::spawn_true(count)?;
        pairs.push((ms(launch(count)?), ms(theirs)));
    }
    Ok(vec![Figure::beside(
        format!("{count} x true"),
        "ms",
        "posix_spawn",
        &pairs,
        Aim::AtMost(4.0),
    )])
}

/// All are asked for at once; each is watched from the moment it is known until nothing of
/// it lives and that is on record.
pub(super) fn launch(count: usize) -> Outcome<Duration> {
    let herd = Herd::start(true)?;
    let mut call = herd.call()?;
    let start = Instant::now();
    for _ in 0..count {
        call.send(run_request(&["true"]))?;
    }
    let launches = count as u64;
    let mut ended = 0;
    while ended < count {
        match call.next()? {
            (number, Answer::Task(report), _) if number <= launches => {
                call.send(Request::Watch(Target::Id(report.id)))?;
            }
            (_, Answer::Task(report), true) => {
                if report.exit_code != Some(0) {
                    return Err(format!("{}: {:?}", report.id, report.reason).into());
                }
                ended += 1;
            }
            _ => {}
        }
    }
    Ok(start.elapsed())
}
