//! What it costs to hear an agent, beside its bare decoder and beside a task that nobody hears.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use wrangle::agent::stream::Lines;
use wrangle::agent::{decode, decoder};
use wrangle::core::agent::plan::{Agent, Budget, Feed, Speech};
use wrangle::core::task::Kind;
use wrangle::core::wire::{Answer, Request};

use super::Row;
use super::key::{latency, letter};
use crate::figure::{Aim, Figure, MIB, ms};
use crate::herd::{Herd, run_request};
use crate::process;
use crate::pty::Size;
use crate::{Outcome, Scale};

pub(super) const ROW: Row = Row {
    name: "agent",
    about: "a stream of Claude Code's heard to its end, beside its bare decoder, and keys meanwhile",
    run,
};

const SIZE: Size = Size(150, 50);

fn run(scale: Scale) -> Outcome<Vec<Figure>> {
    let dir = tempfile::tempdir()?;
    let turns = scale.of(2_500, 25);
    let stream = file(&dir, "stream", &steps(0..turns))?;
    let long = file(&dir, "long", &steps(0..4 * turns))?;
    let line = file(
        &dir,
        "line",
        &said(&"x".repeat(scale.of(20 << 20, 1 << 20))),
    )?;
    let mut figures = Vec::new();
    let (mut decoders, mut unheard) = (Vec::new(), Vec::new());
    let mut grown = 0;
    for _ in 0..scale.of(5, 1) {
        let (ours, more) = whole(&stream, true)?;
        decoders.push((ms(ours), ms(bare(&stream)?)));
        unheard.push((ms(ours), ms(whole(&stream, false)?.0)));
        grown = more.max(grown);
    }
    let aim = Aim::AtMost(3.0);
    figures.push(Figure::beside(
        "50 MiB, to its end",
        "ms",
        "bare decoder",
        &decoders,
        aim,
    ));
    figures.push(Figure::beside(
        "50 MiB, to its end",
        "ms",
        "unheard",
        &unheard,
        Aim::Nothing,
    ));
    let growth = |what, grown| Figure::new(what, grown as f64 / MIB, "MiB", Aim::Nothing);
    figures.push(growth("50 MiB: supervisor grown at most", grown));
    let (_, more) = whole(&long, true)?;
    figures.push(Figure::new(
        "200 MiB: grown more than by 50 MiB",
        (more as f64 - grown as f64) / MIB,
        "MiB",
        Aim::AtMost(8.0),
    ));
    let (time, grown) = whole(&line, true)?;
    figures.push(Figure::new(
        "a line of 20 MiB",
        ms(time),
        "ms",
        Aim::Nothing,
    ));
    figures.push(growth("a line of 20 MiB: grown at most", grown));
    let burst = file(&dir, "burst", &steps(0..250))?;
    figures.extend(keys(&burst, scale)?);
    Ok(figures)
}

fn file(dir: &TempDir, name: &str, text: &str) -> Outcome<PathBuf> {
    let file = dir.path().join(name);
    fs::write(&file, text)?;
    Ok(file)
}

/// Steps of an agent: some text, a call of a tool and its output, 20 KiB in all.
fn steps(numbers: std::ops::Range<usize>) -> String {
    let output = "a line of what a command wrote\\n".repeat(640);
    let mut text = String::new();
    for number in numbers {
        // to a string nothing fails
        writeln!(
            text,
            "{{\"type\":\"assistant\",\"message\":{{\"id\":\"m{number}\",\"content\":[{{\"type\":\"text\",\"text\":\"Step {number}\"}},{{\"type\":\"tool_use\",\"id\":\"t{number}\",\"name\":\"Bash\",\"input\":{{\"command\":\"make {number}\"}}}}]}}}}\n\
             {{\"type\":\"user\",\"message\":{{\"content\":[{{\"type\":\"tool_result\",\"tool_use_id\":\"t{number}\",\"content\":\"{output}\"}}]}}}}"
        )
        .ok();
    }
    text
}

/// A line of this text.
fn said(text: &str) -> String {
    format!(
        "{{\"type\":\"assistant\",\"message\":{{\"id\":\"m\",\"content\":[{{\"type\":\"text\",\"text\":\"{text}\"}}]}}}}\n"
    )
}

/// The decoder alone.
fn bare(stream: &Path) -> Outcome<Duration> {
    let bytes = fs::read(stream)?;
    let start = Instant::now();
    let mut decoder = decoder(Speech::Claude, &Value::Null);
    let mut events = 0;
    Lines::at(0).feed(&bytes, |piece| events += decode(&mut *decoder, piece).len());
    let time = start.elapsed();
    if events == 0 {
        return Err("nothing was decoded".into());
    }
    Ok(time)
}

/// A request to print files, as an agent or as a command.
fn prints(argv: &[&str], heard: bool) -> Request {
    let mut request = run_request(argv);
    if let (Request::Run(request), true) = (&mut request, heard) {
        request.spec.kind = Kind::Agent;
        request.spec.agent = Some(Box::new(Agent {
            name: "claude".into(),
            speech: Speech::Claude,
            feed: Feed::Argument,
            prompt: "print it".into(),
            resume: None,
            fork: None,
            budget: Budget::default(),
            forgets_unanswered: false,
            stop_signal: None,
            permission: None,
        }));
    }
    request
}

/// From the request until the end is told, and what the supervisor's memory grew by at most,
/// in bytes.
fn whole(stream: &Path, heard: bool) -> Outcome<(Duration, u64)> {
    let herd = Herd::start(false)?;
    let mut call = herd.call()?;
    let before = process::rss(&[herd.supervisor()]);
    let start = Instant::now();
    let Answer::Task(report) = call.ask(prints(&["cat", &stream.display().to_string()], heard))?
    else {
        return Err("not a task".into());
    };
    let report = call.await_end(report.id)?;
    let time = start.elapsed();
    if report.output_bytes != fs::metadata(stream)?.len() {
        return Err(format!("{} bytes stored", report.output_bytes).into());
    }
    let most = process::peak(&[herd.supervisor()]);
    Ok((time, most.saturating_sub(before)))
}

/// Keys while an agent writes 5 MiB again and again, a tenth of a second apart, each time under
/// ids of its own: a call told again under the same id is the same call.
fn keys(burst: &Path, scale: Scale) -> Outcome<Vec<Figure>> {
    let herd = Herd::start(false)?;
    let mut call = herd.call()?;
    let again = format!(
        r#"while i=$((i+1)); do sed 's/"id":"/&'$i-'/g; s/_use_id":"/&'$i-'/' {}; sleep 0.1; done"#,
        burst.display()
    );
    call.ask(prints(&["sh", "-c", &again], true))?;
    let mut screen = herd.screen_of_newest(SIZE)?;
    screen.until(|shown| shown.has("make")).at("the flood")?;
    let times = letter(&mut screen, scale.of(200, 10))?;
    Ok(latency("an agent floods, letter typed", &times).into())
}
