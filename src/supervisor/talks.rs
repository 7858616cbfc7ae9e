//! The conversations that screens show: decoded by a thread of its own from what agents
//! wrote. The log is the truth; a conversation is dropped when nobody has looked for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use super::event::Event;
use crate::agent::stream::Lines;
use crate::agent::{Decoder, decode, decoder};
use crate::core::agent::event::AgentEvent;
use crate::core::agent::plan::Speech;
use crate::core::engine::Engine;
use crate::core::id::RunId;
use crate::core::task::{Exit, Run, State, Task};
use crate::output::LogFiles;
use crate::screen::transcript::{Item, Progress, Transcript, item};

/// Bytes of a log decoded at once; the loop takes them in before more are.
const PIECE: usize = 256 << 10;

/// Conversations held though no screen shows them, and bytes of all of them.
const SPARE: (usize, usize) = (8, 24 << 20);

/// All conversations.
pub(super) struct Talks {
    all: BTreeMap<RunId, Held>,
    orders: Option<Sender<Order>>,
    events: UnboundedSender<Event>,
    /// Counts looks, so that what was looked at last is known.
    looks: u64,
}

/// A conversation, and how far it is asked for.
#[derive(Debug)]
struct Held {
    talk: Transcript,
    /// A piece is being decoded.
    busy: bool,
    /// The run's end is told.
    over: bool,
    /// The log's end at which nothing more was there to be read.
    dry: Option<u64>,
    looked: u64,
}

/// A log of a conversation, of a run before the last.
#[derive(Debug)]
struct Earlier {
    dir: PathBuf,
    exit: Option<Exit>,
    /// With which words the next run goes on.
    then: String,
}

/// Whether a run is over.
#[derive(Debug, Clone, Copy)]
enum Over {
    /// It isn't, or more may be written.
    No,
    /// It is; how its leader ended, where that is known.
    Ended(Option<Exit>),
}

/// What the thread is to do.
#[derive(Debug)]
enum Order {
    /// Go on with a run.
    Read {
        run: RunId,
        dir: PathBuf,
        speech: Speech,
        /// The runs before it, oldest first; looked at the first time only.
        before: Vec<Earlier>,
        /// Whether nothing more will be written.
        over: Over,
    },
    /// Nobody wants it any more.
    Forget(RunId),
}

/// What was decoded.
#[derive(Debug)]
pub(super) struct Told {
    run: RunId,
    items: Vec<Item>,
    progress: Progress,
    /// Whether there is more to be read.
    more: bool,
    over: bool,
    error: Option<String>,
}

impl Told {
    /// Whose.
    pub(super) const fn run(&self) -> RunId {
        self.run
    }
}

impl Talks {
    pub(super) const fn new(events: UnboundedSender<Event>) -> Self {
        Self {
            all: BTreeMap::new(),
            orders: None,
            events,
            looks: 0,
        }
    }

    pub(super) fn talk(&self, run: RunId) -> Option<&Transcript> {
        self.all.get(&run).map(|held| &held.talk)
    }

    /// Whether a screen shows it.
    pub(super) fn is_shown(&self, run: RunId) -> bool {
        let held = self.all.get(&run);
        held.is_some_and(|held| held.looked == self.looks)
    }

    /// Holds conversations for these runs, and some that were looked at last.
    pub(super) fn keep(&mut self, engine: &Engine, shown: &BTreeSet<RunId>) {
        self.looks += 1;
        for run in shown {
            let task = engine.task(run.task).filter(|task| task.run_id() == *run);
            let held = self.all.entry(*run).or_insert_with(|| Held {
                talk: Transcript::new(task.and_then(prompt)),
                busy: false,
                over: false,
                dry: None,
                looked: 0,
            });
            held.looked = self.looks;
            self.follow(engine, *run);
        }
        loop {
            let spare = self.all.iter().filter(|(run, _)| !shown.contains(*run));
            let bytes: usize = spare.clone().map(|(_, held)| held.talk.bytes()).sum();
            if spare.clone().count() <= SPARE.0 && bytes <= SPARE.1 {
                return;
            }
            let Some((run, _)) = spare.min_by_key(|(_, held)| held.looked) else {
                return;
            };
            let run = *run;
            self.all.remove(&run);
            if let Some(orders) = &self.orders {
                orders.send(Order::Forget(run)).ok();
            }
        }
    }

    /// Has what was written since decoded.
    pub(super) fn follow(&mut self, engine: &Engine, run: RunId) {
        let task = engine.task(run.task).filter(|task| task.run_id() == run);
        let (Some(held), Some(task)) = (self.all.get_mut(&run), task) else {
            return;
        };
        let Some(agent) = task.spec.agent.as_deref() else {
            return;
        };
        for (leg, run) in legs(task).into_iter().enumerate() {
            let answers = run.story.iter().flat_map(|story| &story.answers);
            let answers = answers.map(|it| (it.request.as_str(), it.how.as_str()));
            held.talk.record(leg, answers);
        }
        let ended = matches!(task.state(), State::Ended { .. });
        let written = task.run.written;
        let more = held.talk.progress().read < written && held.dry != Some(written);
        if held.busy || !(more || (ended && !held.over)) {
            return;
        }
        held.busy = true;
        held.dry = Some(written);
        let order = Order::Read {
            run,
            dir: engine.rules().run_dir(run),
            speech: agent.speech,
            before: if held.talk.progress() == Progress::default() {
                before(engine, task)
            } else {
                Vec::new()
            },
            over: if ended {
                Over::Ended(exit(&task.run))
            } else {
                Over::No
            },
        };
        if let Err(error) = self.send(order) {
            let line = format!("no thread to read it: {error}");
            if let Some(held) = self.all.get_mut(&run) {
                held.talk.set_trouble(Some(line));
            }
        }
    }

    fn send(&mut self, order: Order) -> io::Result<()> {
        if self.orders.is_none() {
            let (orders, taken) = channel();
            let events = self.events.clone();
            let thread = thread::Builder::new().name("transcripts".into());
            drop(thread.spawn(move || work(&taken, &events))?);
            self.orders = Some(orders);
        }
        if let Some(orders) = &self.orders {
            orders.send(order).ok();
        }
        Ok(())
    }

    /// Takes in what was decoded.
    pub(super) fn accept(&mut self, engine: &Engine, told: Told) {
        let run = told.run;
        let Some(held) = self.all.get_mut(&run) else {
            return;
        };
        held.busy = false;
        held.over |= told.over;
        for item in told.items {
            held.talk.take(item);
        }
        held.talk.reached(told.progress, !told.more);
        held.talk.set_trouble(told.error);
        if told.more {
            held.dry = None;
        }
        self.follow(engine, run);
    }
}

/// What a run was begun with.
fn prompt(task: &Task) -> Option<&str> {
    let agent = task.spec.agent.as_deref()?;
    let first = *legs(task).first()?;
    let said = first.follow.as_deref().map(|follow| follow.prompt.as_str());
    Some(said.unwrap_or(&agent.prompt))
}

fn exit(run: &Run) -> Option<Exit> {
    run.state.settled().and_then(|outcome| outcome.exit())
}

/// The runs of the conversation, oldest first, the current one included.
fn legs(task: &Task) -> Vec<&Run> {
    let mut found = vec![&task.run];
    let mut next = &task.run;
    for run in task.past.iter().rev() {
        if next.follow.is_none() {
            break;
        }
        found.push(run);
        next = run;
    }
    found.reverse();
    found
}

/// The runs with which the conversation began, oldest first.
fn before(engine: &Engine, task: &Task) -> Vec<Earlier> {
    let legs = legs(task);
    let pairs = legs.iter().zip(legs.iter().skip(1));
    let earlier = pairs.filter_map(|(run, next)| {
        let id = RunId {
            number: run.number,
            ..task.run_id()
        };
        Some(Earlier {
            dir: engine.rules().run_dir(id),
            exit: exit(run),
            then: next.follow.as_deref()?.prompt.clone(),
        })
    });
    earlier.collect()
}

/// A conversation being decoded.
struct Reader {
    /// Logs still to be read before the run's own, the next one last.
    before: Vec<Earlier>,
    dir: PathBuf,
    log: Option<LogFiles>,
    lines: Lines,
    decoder: Box<dyn Decoder>,
    speech: Speech,
    dropped: u64,
    /// The line that is being read has lost its beginning.
    torn: bool,
    over: bool,
}

fn work(orders: &Receiver<Order>, events: &UnboundedSender<Event>) {
    let mut all: BTreeMap<RunId, Reader> = BTreeMap::new();
    while let Ok(order) = orders.recv() {
        match order {
            Order::Forget(run) => drop(all.remove(&run)),
            Order::Read {
                run,
                dir,
                speech,
                mut before,
                over,
            } => {
                let reader = all.entry(run).or_insert_with(|| {
                    before.reverse();
                    Reader {
                        before,
                        dir,
                        log: None,
                        lines: Lines::at(0),
                        decoder: decoder(speech, &Value::Null),
                        speech,
                        dropped: 0,
                        torn: false,
                        over: false,
                    }
                });
                let told = reader.told(run, over);
                if events.send(Event::Told(Box::new(told))).is_err() {
                    return;
                }
            }
        }
    }
}

impl Reader {
    /// Decodes the next piece.
    fn told(&mut self, run: RunId, over: Over) -> Told {
        let mut items = Vec::new();
        let read = self.read(&mut items, over);
        let own = self.before.is_empty();
        Told {
            run,
            items,
            progress: Progress {
                read: if own { self.lines.end() } else { 0 },
                end: read.as_ref().map_or(0, |(end, _)| *end),
                dropped: self.dropped,
            },
            more: matches!(read, Ok((_, true))),
            over: self.over,
            error: read.err().map(|error| error.to_string()),
        }
    }

    /// The log's end, and whether there is more to be read.
    fn read(&mut self, items: &mut Vec<Item>, over: Over) -> io::Result<(u64, bool)> {
        let dir = self.before.last().map_or(&self.dir, |earlier| &earlier.dir);
        let log = self.log.get_or_insert_with(|| LogFiles::to_come(dir));
        let mut piece = vec![0; PIECE];
        let from = self.lines.end();
        // of an earlier run there may be nothing left
        let (at, count) = match log.read_at(from, &mut piece) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            read => read.unwrap_or((from, 0)),
        };
        if at != from && count > 0 {
            let decoder = &mut self.decoder;
            self.lines
                .skip(at, |piece| put(items, decode(&mut **decoder, piece)));
            self.dropped = at;
            self.torn = true;
        }
        let (decodes, torn) = (&mut self.decoder, &mut self.torn);
        self.lines.feed(&piece[..count], |piece| {
            if !std::mem::take(torn) {
                put(items, decode(&mut **decodes, piece));
            }
        });
        if count > 0 {
            let end = log.bounds().map_or(0, |bounds| bounds.end);
            return Ok((end, self.lines.end() < end || !self.before.is_empty()));
        }
        let end = self.lines.end();
        if let Some(earlier) = self.before.pop() {
            self.finish(items, earlier.exit);
            items.push(Item::Goes(earlier.then));
            self.log = None;
            self.lines = Lines::at(0);
            self.decoder = decoder(self.speech, &Value::Null);
            self.over = false;
            return Ok((end, true));
        }
        if let Over::Ended(exit) = over {
            self.finish(items, exit);
        }
        Ok((end, false))
    }

    fn finish(&mut self, items: &mut Vec<Item>, exit: Option<Exit>) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let decoder = &mut self.decoder;
        self.lines
            .finish(|piece| put(items, decode(&mut **decoder, piece)));
        put(items, self.decoder.end(exit));
        items.push(Item::Over);
    }
}

fn put(items: &mut Vec<Item>, events: Vec<AgentEvent>) {
    for made in events.into_iter().filter_map(item) {
        let rest = match items.last_mut() {
            Some(last) => last.join(made),
            None => Some(made),
        };
        items.extend(rest);
    }
}
