//! The tasks, and the one door by which anything reaches them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::alarms::Alarms;
use super::environments::Environments;
use super::hear::Unheard;
use super::history::History;
use super::journal::Journal;
use super::limits;
use super::rules::Rules;
use super::schedule::Gate;
use super::stop::Awaited;
use super::store::Writes;
use super::tasks::{Tasks, Turn};
use super::timing::Ran;
use super::today::Today;
use crate::core::agent::tool::ToolCall;
use crate::core::attention::Attention;
use crate::core::effect::Effect;
use crate::core::event::By;
use crate::core::id::{RunId, TaskId};
use crate::core::input::{Input, Ticket};
use crate::core::limit::{Limit, Most};
use crate::core::record::{Change, Environment, Record};
use crate::core::task::Task;
use crate::core::time::{Now, Timestamp};
use crate::core::wire::{Answer, Failure};

/// Every task, and what is asked about them. Pure: no clock, no I/O.
#[derive(Debug)]
pub struct Engine {
    pub(super) rules: Rules,
    pub(super) tasks: Tasks,
    pub(super) next: u32,
    /// Environments of tasks launched in this supervisor's life, for further runs.
    pub(super) envs: Environments,
    pub(super) gate: Gate,
    /// Limits that persons set.
    pub(super) said: BTreeMap<Limit, Most>,
    /// Every model that some task names: a lane of that name has a limit by itself.
    pub(super) models: BTreeSet<String>,
    /// Queued tasks whose being queued is on its way to the store.
    pub(super) unstored_queue: BTreeSet<TaskId>,
    /// Runs that are queued on disk.
    pub(super) stored_queue: BTreeSet<RunId>,
    /// What lets those start that waited for a time, until they have.
    pub(super) started_by: BTreeMap<TaskId, By>,
    pub(super) tell_limits_later: Vec<Ticket>,
    pub(super) tell_tasks_later: Vec<(Ticket, Vec<TaskId>)>,
    pub(super) alarms: Alarms,
    /// Ends of agents' runs that are on hold until all is heard.
    pub(super) unheard: BTreeMap<RunId, Unheard>,
    /// Tasks that wait for a limit of their provider's.
    pub(super) parked: BTreeSet<TaskId>,
    pub(super) today: Today,
    /// Calls of tools that could not be written.
    pub(super) unstored_calls: BTreeMap<TaskId, Vec<ToolCall>>,
    /// How far runs with bounds on their time have come.
    pub(super) ran: BTreeMap<TaskId, Ran>,
    /// When the last input was handled.
    pub(super) last: Now,
    /// Who waits for which task to have started, or not.
    pub(super) starts: BTreeMap<Ticket, TaskId>,
    /// Who waits for which tasks to settle.
    pub(super) waits: BTreeMap<Ticket, Awaited>,
    /// Who waits for which tasks to have ended altogether.
    pub(super) ends: BTreeMap<Ticket, Awaited>,
    /// Who is told of each change of which task.
    pub(super) watches: BTreeMap<Ticket, TaskId>,
    /// Runs that are being revoked with all that was launched from within them.
    pub(super) felled: BTreeSet<RunId>,
    /// Who waits for the supervisor to end; whether by force. Set once, never taken back.
    pub(super) shutdown: Option<Vec<Ticket>>,
    pub(super) clients: u32,
    /// Since when nothing is active and nobody attached.
    pub(super) idle_since: Option<Duration>,
    /// Whether a trim is under way.
    pub(super) trimming: bool,
    /// What was kept when a trim found nothing to drop: no use asking again before it grows.
    pub(super) untrimmable: u64,
    pub(super) writes: Writes,
    pub(super) journal: Journal,
    pub(super) history: History,
    /// What clients want remembered.
    pub(super) settings: BTreeMap<String, String>,
    revision: u64,
}

impl Engine {
    /// An empty herd that has already given out the numbers up to `highest`.
    pub fn new(rules: Rules, highest: u32) -> Self {
        Self {
            rules,
            tasks: Tasks::default(),
            next: highest + 1,
            envs: Environments::default(),
            gate: Gate::closed(),
            said: BTreeMap::new(),
            models: BTreeSet::new(),
            unstored_queue: BTreeSet::new(),
            stored_queue: BTreeSet::new(),
            started_by: BTreeMap::new(),
            tell_limits_later: Vec::new(),
            tell_tasks_later: Vec::new(),
            alarms: Alarms::default(),
            unheard: BTreeMap::new(),
            parked: BTreeSet::new(),
            today: Today::default(),
            unstored_calls: BTreeMap::new(),
            ran: BTreeMap::new(),
            last: Now {
                mono: Duration::ZERO,
                wall: Timestamp(0),
            },
            starts: BTreeMap::new(),
            waits: BTreeMap::new(),
            ends: BTreeMap::new(),
            watches: BTreeMap::new(),
            felled: BTreeSet::new(),
            shutdown: None,
            clients: 0,
            idle_since: None,
            trimming: false,
            untrimmable: 0,
            writes: Writes::default(),
            journal: Journal::default(),
            history: History::default(),
            settings: BTreeMap::new(),
            revision: 0,
        }
    }

    /// Takes over what an earlier supervisor had: entries of the activity log up to
    /// `seq`, and what clients wanted remembered.
    #[must_use]
    pub fn remembering(mut self, seq: u64, settings: BTreeMap<String, String>) -> Self {
        self.journal = Journal::after(seq);
        self.said = limits::said(&settings);
        self.gate.paused = limits::paused(&settings);
        self.today = Today::remembered(&settings);
        self.settings = settings;
        self
    }

    /// Takes in what happened, gives back what is to be done about it.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        self.revision += 1;
        self.last = now;
        let mut out = Vec::new();
        // what waited for a write goes first
        let mut free = Vec::new();
        match input {
            Input::Request(ticket, request) => self.request(now, ticket, request, &mut out),
            Input::Forget(ticket) => self.forget(ticket),
            Input::Joined => self.clients += 1,
            Input::Left => self.clients = self.clients.saturating_sub(1),
            Input::Seen(id) => self.seen(id, &mut out),
            Input::Stored(change, events, then) => {
                self.stored(now, change, &events, then, &mut free, &mut out);
            }
            Input::StoreFailed(why, change, events, then) => {
                self.store_failed(now, (why, change), events, then, &mut free, &mut out);
            }
            Input::StoredAnew(why) => self.store_all(now, why, &mut out),
            Input::EventsRead(read) => self.events_read(*read, &mut free),
            Input::Heard(heard) => self.heard(now, *heard, &mut out),
            Input::Unsaid(run, say, why) => self.unsaid(now, run, (&say, why), &mut out),
            Input::ToolsRead(ticket, found) => free.push(match found {
                Ok(calls) => answer(ticket, Answer::Tools(calls)),
                Err(line) => refuse(ticket, Failure::Failed, line),
            }),
            Input::SpawnFailed(run, why) => self.did_not_start(now, run, why, &mut out),
            Input::Status(status) => self.status(now, &status, &mut out),
            Input::ShimGone(run) => self.shim_gone(now, run, &mut out),
            Input::Swept(run, remains) => self.swept(now, run, &remains, &mut out),
            Input::History(records) => self.remember_ended(now, records, &mut out),
            Input::Recovered(record, found, by) => {
                self.recovered(now, *record, (found, by), &mut out);
            }
            Input::Trimmed(runs) => self.trimmed(&runs, &mut out),
            Input::Deleted(ids) => Self::deleted(ids, &mut out),
            Input::Rules(rules) => {
                self.rules = *rules;
                self.tasks.queue_mut().touch();
            }
            Input::Open => self.open_queue(now),
            Input::Memory(free) => self.memory(free),
            Input::ClockSet => self.clock_set(now),
            Input::Remember { key, value } => self.remember(key, value, &mut out),
            Input::Shutdown { force } => self.shut_down(now, None, force, &mut out),
            Input::Tick => self.tick(now, &mut free, &mut out),
        }
        self.rest(now, &mut out);
        self.write_down(&mut out);
        self.hold_back(now, &mut out);
        free.append(&mut out);
        free
    }

    fn forget(&mut self, ticket: Ticket) {
        self.starts.remove(&ticket);
        self.waits.remove(&ticket);
        self.ends.remove(&ticket);
        self.watches.remove(&ticket);
        self.journal.forget(ticket);
    }

    pub(super) fn remember(&mut self, key: String, value: String, out: &mut Vec<Effect>) {
        self.settings.insert(key.clone(), value.clone());
        out.push(Effect::Store {
            change: Change::Setting { key, value },
            events: Vec::new(),
            then: Vec::new(),
        });
    }

    fn tick(&mut self, now: Now, free: &mut Vec<Effect>, out: &mut Vec<Effect>) {
        self.mind_slowness(now, free);
        self.restore(now, out);
        self.ring(now, out);
        if !self.rules.budgets.is_empty() {
            self.tasks.queue_mut().touch();
        }
    }

    /// When the engine wants a `Tick` at the latest, in monotonic time.
    pub fn deadline(&self) -> Option<Duration> {
        let idle = self.idle_since.zip(self.rules.idle_exit);
        let idle = idle.map(|(since, limit)| since + limit);
        idle.into_iter()
            .chain(self.writes.deadline())
            .chain(self.history.expires)
            .chain(self.alarms.next())
            .chain(self.tomorrow())
            .min()
    }

    /// Counts up with every input: what was drawn at the same revision is still true.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// All tasks, oldest first.
    pub fn tasks(&self) -> impl DoubleEndedIterator<Item = &Task> + ExactSizeIterator {
        self.tasks.iter()
    }

    /// One task.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(id)
    }

    /// How many tasks are active.
    pub fn active(&self) -> usize {
        self.tasks.active().len()
    }

    /// Those of which anything may live, oldest first.
    pub fn active_ids(&self) -> impl DoubleEndedIterator<Item = TaskId> + ExactSizeIterator {
        self.tasks.active().map(|task| task.id)
    }

    /// Those of them that don't wait in line for their turn, oldest first.
    pub fn under_way(&self) -> impl DoubleEndedIterator<Item = &Task> + ExactSizeIterator {
        self.tasks.under_way()
    }

    /// How many wait in line for their turn.
    pub fn in_line(&self) -> usize {
        self.active() - self.tasks.under_way().len()
    }

    /// Those that want something of a person, oldest first.
    pub fn attention_ids(&self) -> impl DoubleEndedIterator<Item = TaskId> + ExactSizeIterator {
        self.tasks.attention().map(|task| task.id)
    }

    /// The same, the least urgent first, of those alike the oldest.
    pub fn urgent_ids(&self) -> impl DoubleEndedIterator<Item = TaskId> {
        self.tasks.urgent()
    }

    /// The same, the most urgent first, of those alike who has waited longest.
    pub fn turns(&self) -> impl Iterator<Item = Turn> {
        self.tasks.waiting()
    }

    /// Them by their numbers.
    pub fn waiting_ids(&self) -> impl Iterator<Item = TaskId> {
        self.turns().map(|(_, _, id)| id.0)
    }

    /// How many want this of a person.
    pub fn wanting(&self, what: Attention) -> usize {
        self.tasks.wanting(what).count()
    }

    /// Counts the changes of tasks.
    pub const fn changes(&self) -> u64 {
        self.tasks.changes().count()
    }

    /// The tasks that came, went or changed since there were so many changes, each once;
    /// `None` where that is too long ago to say.
    pub fn changed_since(&self, changes: u64) -> Option<impl Iterator<Item = TaskId> + '_> {
        self.tasks.changes().since(changes)
    }

    /// Changes whenever a task comes, goes, starts, ends, begins again or wants something else of
    /// a person: what was made of all tasks at the same shape is still true of which they are.
    pub const fn shape(&self) -> u64 {
        self.tasks.shape()
    }

    /// What clients want remembered.
    pub const fn settings(&self) -> &BTreeMap<String, String> {
        &self.settings
    }

    /// Whether the supervisor is on its way out.
    pub const fn shutting_down(&self) -> bool {
        self.shutdown.is_some()
    }

    /// What the engine is bound by.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Why nothing can be stored at present, where that is so.
    pub fn store_trouble(&self) -> Option<&str> {
        self.writes.trouble()
    }

    /// Since when.
    pub const fn store_trouble_since(&self) -> Option<Timestamp> {
        self.writes.since()
    }

    /// Whether some call follows this task's changes.
    pub fn is_watched(&self, id: TaskId) -> bool {
        self.watches.values().any(|watched| *watched == id)
    }

    /// Queued tasks in the order in which they come, the first first.
    pub fn queued(&self) -> impl DoubleEndedIterator<Item = &Task> {
        let order = self.tasks.queue().order();
        order.filter_map(|(_, id)| self.tasks.get(id))
    }

    /// The task whose current run this is.
    pub(super) fn current(&self, run: RunId) -> Option<&Task> {
        self.tasks
            .get(run.task)
            .filter(|task| task.run.number == run.number)
    }

    pub(super) fn insert(&mut self, task: Task) {
        self.next = self.next.max(task.id.0 + 1);
        self.models.extend(task.spec.model.clone());
        self.know_place(task.place);
        self.tasks.insert(task);
    }

    /// Ended tasks of an earlier supervisor, which may have had no time to queue what
    /// follows.
    fn remember_ended(&mut self, now: Now, records: Vec<Record>, out: &mut Vec<Effect>) {
        for record in records {
            let run = record.task.run_id();
            self.insert(record.task);
            self.count_stored(now, run.task);
            self.note_parked(now, run.task);
            if record.env.is_some() {
                self.know_environment(run.task, record.env);
                self.follow_up(now, run, out);
            }
        }
    }

    /// What was stored of a task's environment.
    pub(super) fn know_environment(&mut self, id: TaskId, env: Option<Arc<Environment>>) {
        if let Some(env) = env {
            self.envs.know(id, env);
        }
    }

    /// After every input: is anything left to do, and for whom?
    fn rest(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.schedule(now, out);
        self.save_queued(out);
        self.tell_set_limits(out);
        self.tell_launched(out);
        self.answer_waiting(out);
        self.trim(out);
        self.retain(now, out);
        let idle = self.active() == 0;
        // what is to be told may still wait for the store
        if idle
            && self.is_settled(out)
            && let Some(tickets) = self.shutdown.as_mut()
        {
            for ticket in tickets.drain(..) {
                out.push(answer(ticket, Answer::Done(None)));
            }
            out.push(Effect::Exit);
            return;
        }
        if !idle || self.clients > 0 {
            self.idle_since = None;
            return;
        }
        let since = *self.idle_since.get_or_insert(now.mono);
        if let Some(limit) = self.rules.idle_exit
            && self.is_settled(out)
            && now.mono.saturating_sub(since) >= limit
        {
            // nothing starts any more
            self.shutdown.get_or_insert_default();
            out.push(Effect::Exit);
        }
    }
}

/// The last answer to a request.
pub(super) const fn answer(ticket: Ticket, answer: Answer) -> Effect {
    Effect::Answer {
        ticket,
        answer,
        last: true,
    }
}

/// A refusal.
pub(super) const fn refuse(ticket: Ticket, failure: Failure, line: String) -> Effect {
    answer(ticket, Answer::Failed(failure, line))
}
