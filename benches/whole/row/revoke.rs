//! From a revoke to the last process's end.

use std::time::{Duration, Instant};

use wrangle::core::id::Target;
use wrangle::core::wire::Request;
use wrangle::sys::proc;

use super::Row;
use crate::figure::{Aim, Figure, median, ms};
use crate::herd::{GRACE_MS, Herd};
use crate::process::{self, Ends};
use crate::{Outcome, Scale};

pub(super) const ROW: Row = Row {
    name: "revoke",
    about: "from the request until no process of the tree lives, two of them in sessions of their own",
    run,
};

/// Five processes that end when they are asked to.
const WILLING: &str =
    "sleep 100000 & setsid sleep 100000 & setsid sh -c 'sleep 100000 & wait' & wait";

/// The same, and every one ignores SIGTERM.
const DEAF: &str = "trap '' TERM; sleep 100000 & setsid sleep 100000 & \
    setsid sh -c 'sleep 100000 & while :; do wait; done' & while :; do wait; done";

const TREE: usize = 5;

fn run(scale: Scale) -> Outcome<Vec<Figure>> {
    let grace = Duration::from_millis(GRACE_MS);
    let rounds = scale.of(15, 1);
    let mut figures = Vec::new();
    for (what, script, grace, aim) in [
        ("well-behaved tree", WILLING, Duration::ZERO, 25.0),
        ("SIGTERM ignored, beyond the grace", DEAF, grace, 50.0),
    ] {
        let herd = Herd::start(true)?;
        let times = (0..rounds)
            .map(|_| revoke(&herd, script))
            .collect::<Outcome<Vec<_>>>()?;
        let beyond = |at: fn(&(Duration, Duration)) -> Duration| {
            median(times.iter().map(|pair| ms(at(pair)) - ms(grace)))
        };
        figures.push(Figure::new(
            format!("{what}: gone"),
            beyond(|times| times.0),
            "ms",
            Aim::AtMost(aim),
        ));
        figures.push(Figure::new(
            format!("{what}: answered as ended"),
            beyond(|times| times.1),
            "ms",
            Aim::Nothing,
        ));
    }
    Ok(figures)
}

/// Until every process was gone, and until the supervisor said so.
fn revoke(herd: &Herd, script: &str) -> Outcome<(Duration, Duration)> {
    let mut call = herd.call()?;
    let id = call.run(&["sh", "-c", script])?;
    let report = call.await_running(id)?;
    let leader = report.pid.ok_or("a running task without a process")?;
    let shim = proc::stat(leader).ok_or("the leader went")?.parent;
    let mut pids = Vec::new();
    process::wait_until("the tree to stand", || {
        pids = process::tree(shim);
        // a shell that is still to become a sleep has its traps reset or set already
        pids.len() == TREE
    })?;
    let ends = Ends::of(&pids);
    let start = Instant::now();
    let asked = call.send(Request::Revoke {
        pick: vec![Target::Id(id)].into(),
        all: false,
        force: false,
        wait: true,
    })?;
    let gone = ends.wait("the tree to end")?.duration_since(start);
    while !matches!(call.next()?, (number, _, true) if number == asked) {}
    Ok((gone, start.elapsed()))
}
