//! Fifty tasks that do nothing: what the herd does meanwhile.

use std::time::Duration;

use super::Row;
use crate::figure::{Aim, Figure};
use crate::herd::Herd;
use crate::process;
use crate::pty::{Pty, Size};
use crate::{Outcome, Scale};

pub(super) const ROW: Row = Row {
    name: "idle",
    about: "50 idle tasks: wake-ups of supervisor and shims, bytes to the terminal",
    run,
};

const TASKS: usize = 50;

fn run(scale: Scale) -> Outcome<Vec<Figure>> {
    let time = Duration::from_secs(scale.of(30, 1));
    let mut figures = Vec::new();
    for (what, attached, clock) in [
        ("detached", false, true),
        ("attached, without clock", true, false),
        ("attached, with the clock", true, true),
    ] {
        let herd = Herd::start(clock)?;
        herd.idle(TASKS)?;
        let screen = if attached {
            Some(herd.screen_of_newest(Size(150, 50))?)
        } else {
            None
        };
        let mut processes = herd.processes();
        processes.extend(screen.iter().map(Pty::pid));
        let bytes = || screen.as_ref().map_or(0, Pty::bytes);
        // what the attaching and the launches set going comes to rest
        std::thread::sleep(Duration::from_secs(scale.of(2, 0)));
        let before = (process::wakeups(&processes), bytes());
        std::thread::sleep(time);
        let (woken, sent) = (process::wakeups(&processes) - before.0, bytes() - before.1);
        let aim = if attached && clock {
            Aim::Nothing
        } else {
            Aim::AtMost(0.0)
        };
        let unit = scale.of("in 30 s", "in 1 s");
        figures.push(Figure::new(
            format!("{what}: wake-ups"),
            woken as f64,
            unit,
            aim,
        ));
        if attached {
            figures.push(Figure::new(
                format!("{what}: bytes"),
                sent as f64,
                unit,
                aim,
            ));
        }
    }
    Ok(figures)
}
