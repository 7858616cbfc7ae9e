//! What the database adds to a launch: the same two hundred lives, as the engine decides
//! them, with every write going through the store's thread to the disk, and with every
//! write answered at once. The difference is set against a real launch of as many.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use wrangle::core::effect::Effect;
use wrangle::core::engine::{Engine, Keep, Rules};
use wrangle::core::id::{Ident, RunId};
use wrangle::core::input::{Input, Ticket};
use wrangle::core::shim::{Order, Status};
use wrangle::core::task::Exit;
use wrangle::core::time::{Now, Timestamp};
use wrangle::store::{Done, Store};

use super::{Row, launch};
use crate::figure::{Aim, Figure, ms};
use crate::herd::run_request;
use crate::{Outcome, Scale};

pub(super) const ROW: Row = Row {
    name: "store",
    about: "what the database adds to a launch, beside the launch without that part",
    run,
};

fn run(scale: Scale) -> Outcome<Vec<Figure>> {
    let count = scale.of(200, 10);
    let mut pairs = Vec::new();
    for _ in 0..scale.of(7, 1) {
        let home = tempfile::tempdir()?;
        let stored = lives(count, Some(home.path()))?;
        let bare = lives(count, None)?;
        let whole = launch::launch(count)?;
        let share = stored.saturating_sub(bare).min(whole / 2);
        pairs.push((ms(whole), ms(whole.saturating_sub(share))));
    }
    Ok(vec![Figure::beside(
        format!("{count} x true, stored"),
        "ms",
        "without the store",
        &pairs,
        Aim::Nothing,
    )])
}

/// The lives of so many tasks that end at once, without any process.
fn lives(count: usize, disk: Option<&Path>) -> Outcome<Duration> {
    let (sender, done) = channel();
    let store = match disk {
        Some(home) => {
            let (db, tasks) = (home.join("wrangle.db"), home.join("tasks"));
            let report = move |it| drop(sender.send(it));
            Some(Store::open(&db, &tasks, "bench", report)?.0)
        }
        None => None,
    };
    let mut world = World {
        engine: Engine::new(rules(), 0),
        store,
        done,
        released: 0,
        begun: Instant::now(),
    };
    world.take(Input::Open);
    for number in 0..count {
        let request = run_request(&["true"]);
        world.take(Input::Request(Ticket(number as u64), request));
    }
    while world.released < count {
        match world.done.recv()? {
            Done::Written {
                error: Some(why), ..
            } => return Err(why.into()),
            Done::Written {
                change,
                events,
                then,
                ..
            } => world.take(Input::Stored(change, events, then)),
            Done::Read { .. } | Done::Tools { .. } | Done::Mended(_) => {}
        }
    }
    let time = world.begun.elapsed();
    if let Some(store) = world.store {
        store.close();
    }
    Ok(time)
}

struct World {
    engine: Engine,
    store: Option<Store>,
    done: Receiver<Done>,
    released: usize,
    begun: Instant,
}

impl World {
    fn take(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let now = Now {
                mono: self.begun.elapsed(),
                wall: Timestamp(1),
            };
            for effect in self.engine.handle(now, input) {
                match effect {
                    Effect::Store {
                        change,
                        events,
                        then,
                    } => match &self.store {
                        Some(store) => store.save(change, events, then),
                        None => inputs.push(Input::Stored(change, events, then)),
                    },
                    Effect::Spawn(launch) => {
                        let run = launch.intent.run;
                        inputs.push(Input::Status(Box::new(status(run, true))));
                        inputs.push(Input::Status(Box::new(status(run, false))));
                    }
                    Effect::Order(_, Order::Release) => self.released += 1,
                    _ => {}
                }
            }
        }
    }
}

/// What a shim reports of a life: its beginning, or its end.
const fn status(run: RunId, ended: bool) -> Status {
    Status {
        run,
        seq: 1,
        shim: Ident { pid: 1, start: 1 },
        leader: Some(Ident { pid: 2, start: 2 }),
        started: Some(Timestamp(1)),
        failed: None,
        paused: false,
        stopping: None,
        exit: if ended { Some(Exit::Code(0)) } else { None },
        exited: None,
        exit_in_stop: false,
        left: 0,
        example: None,
        empty: ended,
        drained: ended,
        written: 0,
        dropped: 0,
        last_output: None,
        typed: Some(0),
        trouble: None,
    }
}

fn rules() -> Rules {
    Rules {
        tasks: "/".into(),
        shims: "/".into(),
        boot: "bench".into(),
        task_cap: 1 << 20,
        total_cap: 1 << 30,
        orphan: Duration::from_secs(1),
        idle_exit: None,
        keep: Keep::default(),
        limits: wrangle::core::limit::Limits::default(),
        budgets: std::collections::BTreeMap::new(),
        prices: wrangle::core::agent::price::Prices::default(),
        given: std::collections::BTreeMap::new(),
        hooked: std::collections::BTreeSet::new(),
    }
}
