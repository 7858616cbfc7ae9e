//! One writer: its whole output stored and its end shown, beside the bare loop.

use std::time::{Duration, Instant};

use super::Row;
use crate::actor::{self, Text};
use crate::bare;
use crate::figure::{Aim, Figure, median, ms, rate, say};
use crate::gate::Gate;
use crate::herd::Herd;
use crate::peer::Peer;
use crate::pty::Size;
use crate::{Outcome, Scale};

pub(super) const ROW: Row = Row {
    name: "one-writer",
    about: "log, ring and live view at 150x50, beside 256 KiB read + write(2), and peers",
    run,
};

const SIZE: Size = Size(150, 50);

fn run(scale: Scale) -> Outcome<Vec<Figure>> {
    let bytes = scale.of(1 << 30, 1 << 20);
    let mut figures = Vec::new();
    for text in Text::ALL {
        let mut pairs = Vec::new();
        let mut lags = Vec::new();
        for round in 0..scale.of(5, 1) {
            let theirs = bare::store(text, bytes, 1)?;
            let (ours, lag) = show(text, bytes, round)?;
            pairs.push((rate(bytes, ours), rate(bytes, theirs)));
            lags.push(ms(lag));
        }
        figures.push(Figure::beside(
            text.word(),
            "MiB/s",
            "bare loop",
            &pairs,
            Aim::AtLeast(0.7),
        ));
        figures.push(Figure::new(
            format!("{}: last line after the writer's exit", text.word()),
            median(lags.into_iter()),
            "ms",
            Aim::AtMost(30.0),
        ));
        let ours = median(pairs.iter().map(|pair| pair.0));
        for peer in Peer::ALL {
            figures.extend(beside(peer, text, ours, scale)?);
        }
    }
    Ok(figures)
}

/// The peer with a share of the bytes, which it would take minutes for.
fn beside(peer: Peer, text: Text, ours: f64, scale: Scale) -> Outcome<Option<Figure>> {
    if peer.find().is_none() {
        say(&format!("  {} is not installed: left out", peer.name()));
        return Ok(None);
    }
    let bytes = scale.of(48 << 20, 1 << 18);
    let mut pairs = Vec::new();
    for _ in 0..scale.of(3, 1) {
        pairs.push((ours, rate(bytes, peer.show(text, bytes, SIZE)?)));
    }
    let aim = match peer {
        Peer::Mprocs => Aim::AtLeast(40.0),
        Peer::Tmux => Aim::Nothing,
    };
    let what = format!("{} beside {}", text.word(), peer.name());
    Ok(Some(Figure::beside(
        what,
        "MiB/s",
        peer.name(),
        &pairs,
        aim,
    )))
}

/// From the gate's opening until all is stored and nothing of the task lives; and from the
/// writer's exit until its last line was on the screen.
fn show(text: Text, bytes: u64, round: usize) -> Outcome<(Duration, Duration)> {
    let herd = Herd::start(true)?;
    let mut call = herd.call()?;
    let mut gate = Gate::new()?;
    let last = format!("end-of-round-{round}");
    let id = call.run(&actor::writer(text, bytes, gate.path(), &last))?;
    gate.await_ready(1)?;
    let screen = herd.screen_of_newest(SIZE)?;
    let awaited = screen.next(move |shown| shown.has(&last));
    let start = gate.open();
    let exit = gate.await_exits()?;
    let report = call.await_end(id)?;
    let end = Instant::now();
    let seen = awaited.at("the last line")?;
    if report.output_bytes < bytes {
        return Err(format!("{} of {bytes} bytes stored", report.output_bytes).into());
    }
    Ok((
        end.duration_since(start),
        seen.saturating_duration_since(exit),
    ))
}
