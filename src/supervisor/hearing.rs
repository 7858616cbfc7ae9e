//! Hearing agents: one thread reads their logs as they grow and decodes them, so that the
//! loop never waits for a disk or for a long line.
//!
//! It is woken by what it is asked alone. What it has told and the loop has not taken in
//! is bounded: an agent that floods its log is read as fast as the loop keeps up, and the
//! log holds the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::mpsc::UnboundedSender;

use super::event::Event;
use super::hub::Hub;
use super::listener::Listener;
use crate::core::agent::plan::Feed;
use crate::core::agent::say::Say;
use crate::core::agent::story::Stage;
use crate::core::agent::tool::ToolCall;
use crate::core::effect::Hear;
use crate::core::id::{RunId, TaskId};
use crate::core::input::{Heard, Input, Ticket};
use crate::core::wire::Answer;

/// So many batches are under way to the loop at most; answers to what agents are told
/// come on top.
const MOST_UNDER_WAY: usize = 4;

/// Bytes read at once.
const CHUNK: usize = 64 << 10;

/// Calls of tools, and what is wrong with others.
type Read = (Vec<ToolCall>, Vec<String>);

/// All agents that are heard.
pub(super) struct Hearing {
    shared: Arc<Shared>,
    events: UnboundedSender<Event>,
    /// Whether the thread was started: with the first agent.
    begun: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    asked: Condvar,
}

#[derive(Default)]
struct Queue {
    orders: Orders,
    /// How many batches the loop has not taken in.
    under_way: usize,
    closed: bool,
}

/// What the thread is asked.
#[derive(Default)]
struct Orders {
    /// For each run, all that was asked in one.
    hears: BTreeMap<RunId, (Hear, PathBuf)>,
    /// In the order in which they were said.
    says: Vec<(RunId, Say)>,
    /// The loop knows that these are over.
    known_over: Vec<RunId>,
    /// These are no more.
    gone: Vec<TaskId>,
}

impl Orders {
    fn is_empty(&self) -> bool {
        self.hears.is_empty()
            && self.says.is_empty()
            && self.known_over.is_empty()
            && self.gone.is_empty()
    }
}

impl Shared {
    /// The queue is whole between any two statements, so a panic elsewhere spoils nothing.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, ask: impl FnOnce(&mut Queue)) {
        ask(&mut self.queue());
        self.asked.notify_one();
    }

    /// Waits for something to do: what was asked, and whether there is room for a batch.
    /// `None`: nothing any more.
    fn next(&self, is_behind: bool) -> Option<(Orders, bool)> {
        let mut queue = self.queue();
        loop {
            if queue.closed {
                return None;
            }
            let has_room = queue.under_way < MOST_UNDER_WAY;
            if !queue.orders.is_empty() || (is_behind && has_room) {
                return Some((std::mem::take(&mut queue.orders), has_room));
            }
            queue = self
                .asked
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Hearing {
    pub(super) fn new(events: UnboundedSender<Event>) -> Self {
        Self {
            shared: Arc::default(),
            events,
            begun: false,
        }
    }

    fn ask(&mut self, ask: impl FnOnce(&mut Queue)) {
        self.shared.ask(ask);
        if self.begun {
            return;
        }
        let thread = Thread {
            shared: Arc::clone(&self.shared),
            events: self.events.clone(),
            listeners: BTreeMap::new(),
            over: BTreeSet::new(),
            last: None,
        };
        let builder = thread::Builder::new().name("hearing".into());
        match builder.spawn(move || thread.work()) {
            Ok(_) => self.begun = true,
            // tried again with what is asked next
            Err(error) => tracing::error!(%error, "no thread to hear agents"),
        }
    }

    /// Reads a run's log on; `dir` is the run's.
    pub(super) fn hear(&mut self, hear: Hear, dir: PathBuf) {
        self.ask(|queue| match queue.orders.hears.get_mut(&hear.run) {
            Some((waits, _)) => {
                waits.upto = waits.upto.max(hear.upto);
                waits.end = waits.end.or(hear.end);
            }
            None => drop(queue.orders.hears.insert(hear.run, (hear, dir))),
        });
    }

    /// Puts something into an agent's words.
    pub(super) fn say(&mut self, run: RunId, say: Say) {
        self.ask(|queue| queue.orders.says.push((run, say)));
    }

    /// The loop has taken in what was heard of a run, its end where it was `over`.
    pub(super) fn taken(&self, run: RunId, over: bool) {
        self.shared.ask(|queue| {
            queue.under_way = queue.under_way.saturating_sub(1);
            if over {
                queue.orders.known_over.push(run);
            }
        });
    }

    /// Tasks are removed.
    pub(super) fn forget(&self, tasks: &[TaskId]) {
        if self.begun {
            self.shared.ask(|queue| queue.orders.gone.extend(tasks));
        }
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.shared.ask(|queue| queue.closed = true);
    }
}

/// The thread's own.
struct Thread {
    shared: Arc<Shared>,
    events: UnboundedSender<Event>,
    listeners: BTreeMap<RunId, Listener>,
    /// Those that are over, until the loop knows: what it asks of them before is no new
    /// beginning.
    over: BTreeSet<RunId>,
    /// Who had its turn last.
    last: Option<RunId>,
}

impl Thread {
    fn work(mut self) {
        let mut buffer = vec![0; CHUNK];
        while let Some((orders, has_room)) = self.shared.next(self.next().is_some()) {
            self.obey(orders);
            if has_room && let Some(run) = self.next() {
                self.last = Some(run);
                self.listen(run, &mut buffer);
            }
        }
    }

    fn obey(&mut self, orders: Orders) {
        for (run, (hear, dir)) in orders.hears {
            if self.over.contains(&run) {
                continue;
            }
            match self.listeners.get_mut(&run) {
                Some(listener) => listener.go_on(&hear),
                None => drop(self.listeners.insert(run, Listener::new(&hear, &dir))),
            }
        }
        for (run, say) in orders.says {
            self.say(run, say);
        }
        for run in orders.known_over {
            self.over.remove(&run);
        }
        let is_gone = |run: &RunId| orders.gone.contains(&run.task);
        self.listeners.retain(|run, _| !is_gone(run));
    }

    fn say(&mut self, run: RunId, say: Say) {
        let said = match self.listeners.get_mut(&run) {
            Some(listener) => listener.say(&say),
            None => Err("its run is over".into()),
        };
        match said {
            Ok(heard) => self.tell(heard),
            Err(why) => drop(self.events.send(Event::Unsaid(run, say, why))),
        }
    }

    /// Whose turn it is: of those that are behind, the next in their order.
    fn next(&self) -> Option<RunId> {
        let after = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let later = self.listeners.range((after, Bound::Unbounded));
        let mut all = later.chain(&self.listeners);
        all.find(|(_, listener)| listener.is_behind())
            .map(|(run, _)| *run)
    }

    fn listen(&mut self, run: RunId, buffer: &mut [u8]) {
        let Some(heard) = self
            .listeners
            .get_mut(&run)
            .and_then(|listener| listener.listen(buffer))
        else {
            return;
        };
        if heard.over {
            self.listeners.remove(&run);
            self.over.insert(run);
        }
        self.tell(heard);
    }

    fn tell(&self, heard: Heard) {
        self.shared.queue().under_way += 1;
        self.events.send(Event::Heard(Box::new(heard))).ok();
    }
}

impl Hub {
    /// Something was heard of an agent.
    pub(super) fn heard(&mut self, heard: Box<Heard>) {
        let (run, over) = (heard.run, heard.over);
        self.take(Input::Heard(heard));
        self.hearing.taken(run, over);
    }

    /// Tells an agent something. Its decoder may be needed for that before there is
    /// anything to be read.
    pub(super) fn tell_agent(&mut self, run: RunId, say: Say) {
        if let Some(hear) = self.where_it_is(run) {
            self.hear(hear);
        }
        self.hearing.say(run, say);
    }

    /// How far an agent was heard that goes on.
    fn where_it_is(&self, run: RunId) -> Option<Hear> {
        let task = self.engine.task(run.task)?;
        let agent = task.spec.agent.as_ref()?;
        let story = task.run.story.as_ref().filter(|_| task.run_id() == run)?;
        (story.stage != Stage::Over).then(|| Hear {
            run,
            speech: agent.speech,
            from: (story.heard, story.decoder.clone()),
            upto: story.heard,
            end: None,
        })
    }

    /// Whether a run is an agent's that is talked with: each of its words may wait for an
    /// answer.
    pub(super) fn is_spoken_to(&self, run: RunId) -> bool {
        let agent = self
            .engine
            .task(run.task)
            .and_then(|task| task.spec.agent.as_ref());
        agent.is_some_and(|agent| agent.feed == Feed::Talk)
    }

    /// A task's calls of tools were read, or not.
    pub(super) fn tools_read(&mut self, ticket: Ticket, read: Result<Read, String>) {
        let read = read.map(|(calls, problems)| {
            for problem in &problems {
                tracing::warn!("{problem}");
            }
            if !problems.is_empty() {
                self.answer(ticket, Answer::Aside(problems), false);
            }
            calls
        });
        self.take(Input::ToolsRead(ticket, read));
    }

    /// Has an agent's log read on.
    pub(super) fn hear(&mut self, hear: Hear) {
        let dir = self.engine.rules().run_dir(hear.run);
        self.hearing.hear(hear, dir);
    }
}
