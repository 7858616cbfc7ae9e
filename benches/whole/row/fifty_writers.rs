//! Fifty writers at once, beside one bare loop over fifty pipes.

use std::time::Duration;

use super::Row;
use crate::actor::{self, Text};
use crate::bare;
use crate::figure::{Aim, Figure, MIB, median, rate};
use crate::gate::Gate;
use crate::herd::Herd;
use crate::process::Growth;
use crate::pty::Size;
use crate::{Outcome, Scale};

pub(super) const ROW: Row = Row {
    name: "fifty-writers",
    about: "50 writers x 20 MiB stored, one of them shown, beside a bare loop over 50 pipes",
    run,
};

const WRITERS: usize = 50;

fn run(scale: Scale) -> Outcome<Vec<Figure>> {
    let each = scale.of(20 << 20, 1 << 16);
    let all = each * WRITERS as u64;
    let mut pairs = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..scale.of(5, 1) {
        let theirs = bare::store(Text::Plain, each, WRITERS)?;
        let (ours, grown) = show(each)?;
        pairs.push((rate(all, ours), rate(all, theirs)));
        memory.push(grown as f64 / MIB);
    }
    Ok(vec![
        Figure::beside("together", "MiB/s", "bare loop", &pairs, Aim::AtLeast(0.6)),
        Figure::new(
            "highest resident memory above idle",
            median(memory.into_iter()),
            "MiB",
            Aim::AtMost(64.0),
        ),
    ])
}

/// From the gate's opening until all has ended and is stored; and by how much supervisor
/// and shims together had grown at their highest.
fn show(each: u64) -> Outcome<(Duration, u64)> {
    let herd = Herd::start(true)?;
    let mut call = herd.call()?;
    let mut gate = Gate::new()?;
    let argv = actor::writer(Text::Plain, each, gate.path(), "end");
    let ids = (0..WRITERS)
        .map(|_| call.run(&argv))
        .collect::<Outcome<Vec<_>>>()?;
    gate.await_ready(WRITERS)?;
    let _screen = herd.screen_of_newest(Size(150, 50))?;
    let growth = Growth::of(herd.processes());
    let start = gate.open();
    for id in ids {
        let report = call.await_end(id)?;
        if report.output_bytes < each {
            return Err(format!("{} of {each} bytes stored", report.output_bytes).into());
        }
    }
    let time = start.elapsed();
    Ok((time, growth.bytes()?))
}
