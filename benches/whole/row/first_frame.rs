//! From `wrangle` to its first frame.

use std::time::Instant;

use super::Row;
use crate::figure::{Aim, Figure, median, ms};
use crate::herd::{Herd, program};
use crate::pty::{Pty, Size};
use crate::{Outcome, Scale};

pub(super) const ROW: Row = Row {
    name: "first-frame",
    about: "from the start of `wrangle` to a filled screen, 150x50",
    run,
};

const SIZE: Size = Size(150, 50);

/// As many cells hold something once a whole frame is there, however empty the herd.
const FILLED: usize = 40;

fn run(scale: Scale) -> Outcome<Vec<Figure>> {
    let rounds = scale.of(15, 1);
    let mut attached = Vec::new();
    let herd = Herd::start(true)?;
    for _ in 0..rounds {
        let start = Instant::now();
        let screen = herd.screen(SIZE)?;
        attached.push(first_frame(&screen, start)?);
    }
    drop(herd);
    let mut started = Vec::new();
    for _ in 0..rounds {
        let home = Herd::home(true)?;
        let start = Instant::now();
        let screen = Pty::spawn(program(home.path()), SIZE)?;
        started.push(first_frame(&screen, start)?);
        // ends what the screen started
        Herd::wake(home)?;
    }
    Ok(vec![
        Figure::new(
            "supervisor running",
            median(attached.into_iter()),
            "ms",
            Aim::AtMost(10.0),
        ),
        Figure::new(
            "supervisor to be started",
            median(started.into_iter()),
            "ms",
            Aim::AtMost(25.0),
        ),
    ])
}

fn first_frame(screen: &Pty, start: Instant) -> Outcome<f64> {
    let at = screen
        .until(|shown| shown.filled() >= FILLED)
        .at("the first frame")?;
    Ok(ms(at.duration_since(start)))
}
