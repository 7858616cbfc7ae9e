//! From a key to what it does on the screen.

use std::process::Command;
use std::time::Duration;

use super::Row;
use crate::actor::{self, Text};
use crate::bare::Flood;
use crate::figure::{Aim, Figure, MIB, ms, quantile};
use crate::gate::Gate;
use crate::herd::Herd;
use crate::process;
use crate::pty::{Pty, Size};
use crate::{Outcome, Scale};

pub(super) const ROW: Row = Row {
    name: "key",
    about: "from the write of a key to the terminal until what it changes has come, 150x50",
    run,
};

const SIZE: Size = Size(150, 50);

fn run(scale: Scale) -> Outcome<Vec<Figure>> {
    let samples = scale.of(400, 10);
    let mut figures = Vec::new();
    figures.extend(bare("bare echo, idle", samples)?);
    {
        let herd = Herd::start(false)?;
        let mut call = herd.call()?;
        for _ in 0..2 {
            let id = call.run(&["sleep", "100000"])?;
            call.await_running(id)?;
        }
        let mut screen = herd.screen_of_newest(SIZE)?;
        figures.extend(latency("idle, selection", &select(&mut screen, samples)?));
        figures.extend(latency(
            "idle, letter typed",
            &letter(&mut screen, samples)?,
        ));
    }
    {
        let _flood = Flood::start(Text::Ansi)?;
        figures.extend(bare("bare echo beside a bare flood", samples)?);
    }
    let herd = Herd::start(true)?;
    let mut call = herd.call()?;
    let mut gate = Gate::new()?;
    call.run(&actor::writer(Text::Ansi, 0, gate.path(), "end"))?;
    gate.await_ready(1)?;
    let mut screen = herd.screen_of_newest(SIZE)?;
    gate.open();
    screen
        .next(|shown| shown.has("quick brown fox"))
        .at("the flood")?;
    let processes = herd.processes();
    // the first of the flood fills rings and buffers: growth counts from there
    letter(&mut screen, samples / 4)?;
    let before = process::rss(&processes);
    figures.extend(latency(
        "flood shown, letter typed",
        &letter(&mut screen, samples)?,
    ));
    let grown = process::rss(&processes).saturating_sub(before);
    figures.push(Figure::new(
        "memory grown meanwhile",
        grown as f64 / MIB,
        "MiB",
        Aim::AtMost(4.0),
    ));
    Ok(figures)
}

pub(super) fn latency(what: &str, times: &[Duration]) -> [Figure; 2] {
    quantiles(what, times, [Aim::AtMost(1.0), Aim::AtMost(5.0)])
}

fn quantiles(what: &str, times: &[Duration], aims: [Aim; 2]) -> [Figure; 2] {
    let at = |share| quantile(times.iter().map(|time| ms(*time)), share);
    let [half, most] = aims;
    [
        Figure::new(format!("{what}: p50"), at(0.5), "ms", half),
        Figure::new(format!("{what}: p99"), at(0.99), "ms", most),
    ]
}

/// The limit: a program that only gives back what is typed.
fn bare(what: &str, samples: usize) -> Outcome<[Figure; 2]> {
    let argv = actor::echo();
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]);
    let mut screen = Pty::spawn(command, SIZE)?;
    screen
        .until(|shown| shown.has("ready"))
        .at("the echo to be ready")?;
    let mut times = Vec::new();
    for sample in 0..samples {
        times.push(screen.react("w", "a letter", |_| true)?);
        pause(sample);
    }
    Ok(quantiles(what, &times, [Aim::Nothing, Aim::Nothing]))
}

/// Between two keys, so that they fall anywhere between two frames: 3 to 29 ms.
fn pause(sample: usize) {
    std::thread::sleep(Duration::from_millis(3 + (sample * 7 % 27) as u64));
}

/// Moves the selection up and down. Nothing else changes, so what comes is the answer.
fn select(screen: &mut Pty, samples: usize) -> Outcome<Vec<Duration>> {
    let mut times = Vec::new();
    for sample in 0..samples {
        let key = if sample % 2 == 0 { "k" } else { "j" };
        times.push(screen.react(key, "the selection to move", |_| true)?);
        pause(sample);
    }
    Ok(times)
}

/// Types and takes back a letter in the command bar, while the pane goes on as it will.
pub(super) fn letter(screen: &mut Pty, samples: usize) -> Outcome<Vec<Duration>> {
    screen.keys(":")?;
    screen.react("zq", "the command bar", |shown| shown.has("zq"))?;
    let mut times = Vec::new();
    for sample in 0..samples {
        times.push(if sample % 2 == 0 {
            screen.react("w", "a letter", |shown| shown.has("zqw"))?
        } else {
            screen.react("\x7f", "a letter to go", |shown| !shown.has("zqw"))?
        });
        pause(sample);
    }
    screen.react("\x1b", "the command bar to close", |shown| !shown.has("zq"))?;
    Ok(times)
}
