//! The parts that draw, by themselves: a screenful, the list over a long history, the
//! pane's layout, the cleaning of lines, a search over 256 MiB, a long conversation. `cargo bench --bench view`.

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crossterm::event::{Event, KeyCode, KeyEvent};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Style;
use wrangle::agent::stream::Lines;
use wrangle::agent::{decode, decoder};
use wrangle::config::{Own, Trust};
use wrangle::core::agent::plan::{Agent, Budget, Feed, Speech};
use wrangle::core::attention::Attention;
use wrangle::core::engine::{Engine, Keep, Rules};
use wrangle::core::event::By;
use wrangle::core::id::{Ident, RunId, TaskId};
use wrangle::core::input::{Found, Input, Remains, Ticket};
use wrangle::core::limit::Limits;
use wrangle::core::limit::{Limit, SetTo};
use wrangle::core::log::{segment_name, segment_size};
use wrangle::core::record::Record;
use wrangle::core::shim::Status;
use wrangle::core::task::{AfterExit, Exit, Kind, Outcome, Run, Spec, State, Task};
use wrangle::core::time::{Now, Timestamp};
use wrangle::core::wire::{Caller, Request, RunRequest};
use wrangle::output::display::clean;
use wrangle::output::search::{Ask, Search};
use wrangle::output::{Pane, Pattern, Ring};
use wrangle::screen::transcript::{Colours, Progress, Transcript, item};
use wrangle::screen::{Depth, Keymap, Look, Screen, view};
use wrangle::verb;

/// 2026-11-21 12:00:00 UTC.
const NOW: Now = Now {
    mono: Duration::from_secs(60),
    wall: Timestamp(1_795_262_400_000),
};

const TASKS: u32 = 50;

/// Lines of 100 bytes, every third of them coloured, one in a thousand with a needle.
fn lines(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 128);
    let mut number = 0_u32;
    while text.len() < bytes {
        let colour = if number.is_multiple_of(3) {
            "\x1b[32m"
        } else {
            ""
        };
        let word = if number.is_multiple_of(1000) {
            "needle"
        } else {
            "straw"
        };
        let line =
            format!("{number:08} {colour}compiling the crate of {word}\x1b[0m and what it wants");
        text.extend(format!("{line:<99}\n").bytes());
        number += 1;
    }
    text.truncate(bytes);
    text
}

fn ring() -> Ring {
    let text = lines(4 << 20);
    let mut ring = Ring::new(4 << 20);
    ring.set_bounds(0, text.len() as u64);
    ring.insert(0, &text);
    ring
}

/// Fifty tasks that run.
fn herd() -> Engine {
    let rules = Rules {
        tasks: "/t".into(),
        shims: "/s".into(),
        boot: "b".into(),
        task_cap: 1 << 30,
        total_cap: 1 << 40,
        orphan: Duration::from_secs(600),
        idle_exit: None,
        keep: Keep::default(),
        limits: Limits::default(),
        budgets: std::collections::BTreeMap::new(),
        prices: wrangle::core::agent::price::Prices::default(),
        given: std::collections::BTreeMap::new(),
        hooked: std::collections::BTreeSet::new(),
    };
    let mut engine = Engine::new(rules, 0);
    engine.handle(NOW, Input::Open);
    for number in 1..=TASKS {
        let spec = spec(number);
        let request = Request::Run(Box::new(RunRequest::new(spec, Vec::new())));
        engine.handle(NOW, Input::Request(Ticket(number.into()), request));
        engine.handle(NOW, Input::Status(Box::new(running(number))));
    }
    engine
}

fn spec(number: u32) -> Spec {
    Spec {
        name: format!("task-{number}"),
        kind: Kind::Command,
        argv: vec!["make".into(), "-j8".into(), "test".into()],
        dir: "/home/ada/src/api".into(),
        grace_ms: 10_000,
        after_exit: AfterExit::Keep,
        stdin: false,
        env_names: Vec::new(),
        labels: Vec::new(),
        restarts: 0,
        ..Spec::command(String::new(), Vec::new(), "/".into())
    }
}

/// A task that ended long ago comes to be known; nobody has looked at those that failed.
fn add_ended(engine: &mut Engine, number: u32) {
    // of every hundred enough fail to fill a filtered list
    let (outcome, attention) = match number % 3 {
        0 => (Outcome::Failed(2), Attention::FailedUnread),
        _ => (Outcome::Succeeded, Attention::None),
    };
    let mut run = Run::new(1, NOW.wall);
    run.started = Some(NOW.wall);
    run.state = State::Ended {
        outcome,
        at: NOW.wall,
    };
    let record = Record {
        boot: "b".into(),
        task: Task {
            attention,
            ..Task::new(TaskId(number), spec(number), run)
        },
        env: None,
    };
    let gone = Found::Gone {
        remains: Remains::default(),
        same_boot: false,
    };
    engine.handle(NOW, Input::Recovered(Box::new(record), gone, By::Crash));
}

/// Fifty tasks that run, and so many that have ended.
fn herd_with(ended: u32) -> Engine {
    let mut engine = herd();
    for number in 1..=ended {
        add_ended(&mut engine, TASKS + number);
    }
    engine
}

fn running(number: u32) -> Status {
    let ident = |pid| Ident { pid, start: 1 };
    Status {
        run: RunId {
            task: TaskId(number),
            number: 1,
        },
        seq: 1,
        shim: ident(1000 + number as i32),
        leader: Some(ident(2000 + number as i32)),
        started: Some(NOW.wall),
        failed: None,
        paused: false,
        stopping: None,
        exit: None,
        exited: None,
        exit_in_stop: false,
        left: 1,
        example: None,
        empty: false,
        drained: false,
        written: 4 << 20,
        dropped: 0,
        last_output: Some(NOW.wall),
        typed: Some(0),
        trouble: None,
    }
}

fn screen(cols: u16, rows: u16) -> Screen {
    let context = verb::Context {
        caller: Caller {
            dir: "/".into(),
            env: Vec::new(),
        },
        grace: Duration::from_secs(10),
        trust: Trust::at("/none".into()),
        agents: std::sync::Arc::default(),
        templates: std::sync::Arc::default(),
        selection: None,
    };
    let look = Look {
        depth: Depth::True,
        unicode: true,
        clock: true,
    };
    let (keymap, _) = Keymap::new(&Own::new());
    Screen::new(
        cols,
        rows,
        context,
        look,
        Arc::new(keymap),
        &BTreeMap::new(),
    )
}

fn screenful(bench: &mut Criterion) {
    let engine = herd();
    let ring = ring();
    for (cols, rows) in [(80, 24), (200, 50)] {
        let mut screen = screen(cols, rows);
        screen.refresh(&engine);
        let backend = TestBackend::new(cols, rows);
        let Ok(mut terminal) = Terminal::new(backend);
        bench.bench_function(&format!("screenful {cols}x{rows}"), |run| {
            run.iter(|| {
                screen.layout(&ring);
                let Ok(_) = terminal.draw(|frame| view(frame, &engine, &mut screen, NOW));
            });
        });
    }
}

/// Frames timed for one figure.
const FRAMES: u32 = 400;

/// The median of frames, each after a change that `before` makes and that is not timed.
fn frame(ended: u32, keys: &str, mut before: impl FnMut(&mut Engine, u32)) -> Duration {
    let mut engine = herd_with(ended);
    let mut screen = screen(80, 24);
    screen.refresh(&engine);
    let Ok(mut terminal) = Terminal::new(TestBackend::new(80, 24));
    for key in keys.chars() {
        let code = if key == '\n' {
            KeyCode::Enter
        } else {
            KeyCode::Char(key)
        };
        screen.event(&engine, Event::Key(KeyEvent::from(code)));
        let Ok(_) = terminal.draw(|frame| view(frame, &engine, &mut screen, NOW));
    }
    let mut times: Vec<Duration> = (0..FRAMES)
        .map(|turn| {
            before(&mut engine, TASKS + ended + 1 + turn);
            let start = Instant::now();
            screen.refresh(&engine);
            let Ok(_) = terminal.draw(|frame| view(frame, &engine, &mut screen, NOW));
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// A list's frame over 100 and over 10,000 ended tasks: it has to cost the same.
fn history(_: &mut Criterion) {
    let writes = |engine: &mut Engine, turn: u32| {
        let mut status = running(1);
        status.seq = u64::from(turn) + 1;
        status.written += u64::from(turn);
        engine.handle(NOW, Input::Status(Box::new(status)));
    };
    let comes = |engine: &mut Engine, number: u32| add_ended(engine, number);
    let mut out = io::stdout().lock();
    for (what, keys, comes_one) in [
        ("folded, a task writes", "", false),
        ("unfolded, a task writes", "z", false),
        ("filtered, a task writes", "/task state:fail\n", false),
        ("folded, a task comes", "", true),
        ("unfolded, a task comes", "z", true),
        ("filtered, a task comes", "/task state:fail\n", true),
    ] {
        let time = |ended| {
            if comes_one {
                frame(ended, keys, comes)
            } else {
                frame(ended, keys, writes)
            }
        };
        let (few, many) = (time(100), time(10_000));
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        writeln!(
            out,
            "list frame 80x24, {what}: {few:?} over 100 ended, {many:?} over 10,000; ratio {ratio:.2}"
        )
        .ok();
    }
}

/// The lane of the queued, and how many of it run.
const LANE: (&str, u32) = ("sonnet", 8);

/// So many queued tasks behind those that run, each the next one's turn.
fn herd_queued(queued: u32) -> Engine {
    let mut engine = herd();
    let limit = Request::SetLimit {
        limit: Limit::Lane(LANE.0.into()),
        to: SetTo::Most(Some(LANE.1)),
        new: true,
    };
    engine.handle(NOW, Input::Request(Ticket(0), limit));
    for number in TASKS + 1..=TASKS + LANE.1 + queued {
        let mut spec = spec(number);
        spec.lane = Some(LANE.0.into());
        let request = Request::Run(Box::new(RunRequest::new(spec, Vec::new())));
        engine.handle(NOW, Input::Request(Ticket(number.into()), request));
        if number <= TASKS + LANE.1 {
            engine.handle(NOW, Input::Status(Box::new(running(number))));
        }
    }
    engine
}

/// One of the lane ends, so the next of it starts.
fn one_starts(engine: &mut Engine, turn: u32) {
    let mut status = running(TASKS + 1 + turn);
    status.seq = 2;
    status.exit = Some(Exit::Code(0));
    status.exited = Some(NOW.wall);
    (status.left, status.empty, status.drained) = (0, true, true);
    engine.handle(NOW, Input::Status(Box::new(status)));
    let next = running(TASKS + 1 + LANE.1 + turn);
    engine.handle(NOW, Input::Status(Box::new(next)));
}

/// The median of frames over so many queued tasks, each after a change that is not timed,
/// and a key that is.
fn queue_frame(
    queued: u32,
    tree: bool,
    mut before: impl FnMut(&mut Engine, u32),
    key: Option<char>,
) -> Duration {
    let mut engine = herd_queued(queued);
    let mut screen = screen(80, 24);
    screen.refresh(&engine);
    let Ok(mut terminal) = Terminal::new(TestBackend::new(80, 24));
    let press = |screen: &mut Screen, engine: &Engine, key: char| {
        let code = KeyEvent::from(KeyCode::Char(key));
        screen.event(engine, Event::Key(code));
    };
    for key in if tree { "t" } else { "" }.chars().chain("G".chars()) {
        press(&mut screen, &engine, key);
        let Ok(_) = terminal.draw(|frame| view(frame, &engine, &mut screen, NOW));
    }
    let mut times: Vec<Duration> = (0..FRAMES.min(queued))
        .map(|turn| {
            before(&mut engine, turn);
            let start = Instant::now();
            if let Some(key) = key {
                press(&mut screen, &engine, key);
            }
            screen.refresh(&engine);
            let Ok(_) = terminal.draw(|frame| view(frame, &engine, &mut screen, NOW));
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// The list's frame over 400 and over 10,000 queued tasks.
fn queue(_: &mut Criterion) {
    let writes = |engine: &mut Engine, turn: u32| {
        let mut status = running(1);
        status.seq = u64::from(turn) + 2;
        status.written += u64::from(turn);
        engine.handle(NOW, Input::Status(Box::new(status)));
    };
    let mut out = io::stdout().lock();
    for tree in [false, true] {
        for (what, key, starts) in [
            ("a task writes", None, false),
            ("a step through it", Some('k'), false),
            ("one starts", None, true),
        ] {
            let time = |queued| {
                if starts {
                    queue_frame(queued, tree, one_starts, key)
                } else {
                    queue_frame(queued, tree, writes, key)
                }
            };
            let (few, many) = (time(400), time(10_000));
            let form = if tree { "tree" } else { "list" };
            let ratio = many.as_secs_f64() / few.as_secs_f64();
            writeln!(
                out,
                "queue as a {form}, 80x24, {what}: {few:?} over 400 queued, {many:?} over 10,000; ratio {ratio:.2}"
            )
            .ok();
        }
    }
}

/// A letter typed into the filter, over 10,000 ended tasks, until it is on the screen.
fn filtering(bench: &mut Criterion) {
    let engine = herd_with(10_000);
    let mut screen = screen(80, 24);
    screen.refresh(&engine);
    let Ok(mut terminal) = Terminal::new(TestBackend::new(80, 24));
    let mut press = |code| {
        screen.event(&engine, Event::Key(KeyEvent::from(code)));
        let Ok(_) = terminal.draw(|frame| view(frame, &engine, &mut screen, NOW));
    };
    for letter in "/make te".chars() {
        press(KeyCode::Char(letter));
    }
    bench.bench_function("a letter into the filter and out, 10,000 ended", |run| {
        run.iter(|| {
            press(KeyCode::Char('s'));
            press(KeyCode::Backspace);
        });
    });
}

fn layout(bench: &mut Criterion) {
    let ring = ring();
    for (cols, rows) in [(80, 24), (200, 50)] {
        let mut pane = Pane::new(cols, rows);
        bench.bench_function(&format!("pane layout {cols}x{rows}"), |run| {
            run.iter(|| black_box(pane.layout(&ring)));
        });
    }
}

fn cleaning(bench: &mut Criterion) {
    let text = lines(1 << 20);
    let mut group = bench.benchmark_group("clean");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("1 MiB of lines, a third coloured", |run| {
        run.iter(|| {
            for line in text.split(|byte| *byte == b'\n') {
                black_box(clean(line, &mut Style::default()));
            }
        });
    });
    group.finish();
}

/// A log as a shim leaves it.
fn write_log(dir: &Path, text: &[u8], times: usize) -> io::Result<()> {
    let size = segment_size(256 << 20) as usize;
    let all = text.len() * times;
    for offset in (0..all).step_by(size) {
        let segment: Vec<u8> = text
            .iter()
            .cycle()
            .skip(offset % text.len())
            .take(size.min(all - offset))
            .copied()
            .collect();
        fs::write(dir.join(segment_name(offset as u64)), segment)?;
    }
    Ok(())
}

fn search(bench: &mut Criterion) {
    let Ok(home) = tempfile::tempdir() else {
        return;
    };
    let text = lines(8 << 20);
    if write_log(home.path(), &text, 32).is_err() {
        return;
    }
    let mut group = bench.benchmark_group("search 256 MiB");
    group.throughput(Throughput::Bytes(256 << 20));
    group.sample_size(10);
    for (what, words) in [
        ("rare word", "needle"),
        ("expression", "n[aeiou]+dle .*wants"),
        ("nothing", "absent"),
    ] {
        let Ok(pattern) = Pattern::new(words) else {
            continue;
        };
        let pattern = Arc::new(pattern);
        group.bench_function(what, |run| {
            run.iter(|| {
                let (tell, told) = channel();
                let ask = Ask {
                    generation: 1,
                    dir: home.path().to_owned(),
                    pattern: Arc::clone(&pattern),
                };
                let search = Search::start(ask, move |hits| {
                    if hits.done {
                        tell.send(hits.scanned).ok();
                    }
                });
                let scanned = told.recv();
                drop(search);
                scanned
            });
        });
    }
    group.finish();
}

/// 10,000 events of Claude Code's, 50 MiB of its stream: half of them calls with what they
/// gave back, the rest text.
fn stream() -> Vec<u8> {
    let output = "a line of what a command wrote\\n".repeat(320);
    let mut text = Vec::with_capacity(51 << 20);
    for number in 0..2_500 {
        let lines = format!(
            "{{\"type\":\"assistant\",\"message\":{{\"id\":\"m{number}\",\"content\":[{{\"type\":\"text\",\"text\":\"## Step {number}\\n\\n- `one`\\n- **two**\\n\"}},{{\"type\":\"tool_use\",\"id\":\"t{number}\",\"name\":\"Bash\",\"input\":{{\"command\":\"make {number}\"}}}}]}}}}\n\
             {{\"type\":\"user\",\"message\":{{\"content\":[{{\"type\":\"tool_result\",\"tool_use_id\":\"t{number}\",\"content\":\"{output}{output}\"}}]}}}}\n"
        );
        text.extend(lines.bytes());
    }
    text
}

/// A long conversation: from its stream to blocks, its first rows, and a frame of it.
fn transcript(bench: &mut Criterion) {
    let text = stream();
    let read = || {
        let mut decoder = decoder(Speech::Claude, &serde_json::Value::Null);
        let (mut lines, mut talk) = (Lines::at(0), Transcript::new(None));
        lines.feed(&text, |piece| {
            let events = decode(&mut *decoder, piece);
            events
                .into_iter()
                .filter_map(item)
                .for_each(|item| talk.take(item));
        });
        talk.reached(Progress::default(), true);
        talk
    };
    let mut group = bench.benchmark_group("transcript");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("read 50 MiB", |run| run.iter(read));
    group.finish();
    let talk = read();
    let mut engine = herd();
    let mut spec = spec(TASKS + 1);
    spec.agent = Some(Box::new(Agent {
        name: "claude".into(),
        speech: Speech::Claude,
        feed: Feed::Argument,
        prompt: String::new(),
        resume: None,
        fork: None,
        budget: Budget::default(),
        forgets_unanswered: false,
        stop_signal: None,
        permission: None,
    }));
    let request = Request::Run(Box::new(RunRequest::new(spec, Vec::new())));
    engine.handle(NOW, Input::Request(Ticket(99), request));
    let fresh = |engine: &Engine| {
        let mut screen = screen(200, 50);
        screen.refresh(engine);
        let code = KeyCode::Char('G');
        screen.event(engine, Event::Key(KeyEvent::from(code)));
        screen
    };
    let colours = Colours::default();
    bench.bench_function("transcript first rows", |run| {
        run.iter(|| {
            let mut screen = fresh(&engine);
            assert!(screen.shown_talk().is_some(), "no conversation is shown");
            screen.lay_out(&talk, &colours)
        });
    });
    let mut screen = fresh(&engine);
    let Ok(mut terminal) = Terminal::new(TestBackend::new(200, 50));
    bench.bench_function("transcript frame", |run| {
        run.iter(|| {
            screen.lay_out(&talk, &colours);
            let Ok(_) = terminal.draw(|frame| view(frame, &engine, &mut screen, NOW));
        });
    });
}

criterion_group!(
    parts, screenful, history, queue, filtering, layout, cleaning, search, transcript
);
criterion_main!(parts);
