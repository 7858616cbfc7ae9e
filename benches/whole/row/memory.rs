//! What idle tasks cost in memory.

use super::Row;
use crate::figure::{Aim, Figure, MIB};
use crate::herd::Herd;
use crate::process;
use crate::{Outcome, Scale};

pub(super) const ROW: Row = Row {
    name: "memory",
    about: "proportional set size of supervisor and shims with idle tasks, detached",
    run,
};

fn run(scale: Scale) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    for (tasks, aim) in scale.of(&[(1, 6.0), (20, 15.0), (200, 60.0)][..], &[(1, 6.0)]) {
        let herd = Herd::start(true)?;
        herd.idle(*tasks)?;
        let all = process::pss(&herd.processes());
        let supervisor = process::pss(&[herd.supervisor()]);
        figures.push(Figure::new(
            format!("{tasks} idle"),
            all as f64 / MIB,
            "MiB",
            Aim::AtMost(*aim),
        ));
        figures.push(Figure::new(
            format!("{tasks} idle: of it the supervisor"),
            supervisor as f64 / MIB,
            "MiB",
            Aim::Nothing,
        ));
    }
    Ok(figures)
}
