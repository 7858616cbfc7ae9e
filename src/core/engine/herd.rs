//! The tasks, and the one door by which anything reaches them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::index::Index;
use crate::core::effect::Effect;
use crate::core::id::{RunId, Target, TaskId};
use crate::core::input::{Input, Ticket};
use crate::core::raw::Raw;
use crate::core::record::{Change, Record};
use crate::core::report::TaskReport;
use crate::core::task::{Run, Task};
use crate::core::time::{Now, Timestamp};
use crate::core::wire::{Answer, Failure};

/// What the engine is bound by. Fixed while a supervisor lives.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Where tasks are kept: a directory per task, in it one per run.
    pub tasks: PathBuf,
    /// Where shims listen.
    pub shims: PathBuf,
    /// This boot, as the kernel names it.
    pub boot: String,
    /// Most bytes of one run's log.
    pub task_cap: u64,
    /// Most bytes of all logs together.
    pub total_cap: u64,
    /// How long a run may go on without a supervisor.
    pub orphan: Duration,
    /// How long the supervisor stays when nothing is active and nobody attached;
    /// `None`: for ever.
    pub idle_exit: Option<Duration>,
}

impl Rules {
    /// The directory of a task.
    pub fn task_dir(&self, task: TaskId) -> PathBuf {
        self.tasks.join(task.to_string())
    }

    /// The directory of a run: its log segments and its exit record.
    pub fn run_dir(&self, run: RunId) -> PathBuf {
        self.task_dir(run.task).join(run.number.to_string())
    }

    /// The socket on which a run's shim listens.
    pub fn shim_socket(&self, run: RunId) -> PathBuf {
        self.shims.join(format!("{run}.sock"))
    }
}

/// Every task, and what is asked about them. Pure: no clock, no I/O.
#[derive(Debug)]
pub struct Engine {
    pub(super) rules: Rules,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    pub(super) next: u32,
    /// Environments of tasks launched in this supervisor's life, for further runs.
    pub(super) envs: BTreeMap<TaskId, Arc<[(Raw, Raw)]>>,
    /// Who waits for which task to have started, or not.
    pub(super) starts: BTreeMap<Ticket, TaskId>,
    /// Who waits for which tasks to settle.
    pub(super) waits: BTreeMap<Ticket, BTreeSet<TaskId>>,
    /// Who waits for which tasks to have ended altogether.
    pub(super) ends: BTreeMap<Ticket, BTreeSet<TaskId>>,
    /// Who is told of each change of which task.
    pub(super) watches: BTreeMap<Ticket, TaskId>,
    /// Who waits for the supervisor to end; whether by force. Set once, never taken back.
    pub(super) shutdown: Option<Vec<Ticket>>,
    pub(super) clients: u32,
    /// Since when nothing is active and nobody attached.
    pub(super) idle_since: Option<Duration>,
    /// Bytes in all logs.
    pub(super) kept: u64,
    /// Whether a trim is under way.
    pub(super) trimming: bool,
    /// What was kept when a trim found nothing to drop: no use asking again before it grows.
    pub(super) untrimmable: u64,
    /// Why the last write failed, while it is so.
    pub(super) store_trouble: Option<String>,
    /// Since when writes fail.
    pub(super) store_trouble_since: Option<Timestamp>,
    /// Tasks whose record on disk is older than the truth, to be written again.
    pub(super) unstored: BTreeSet<TaskId>,
    /// When that is tried, in monotonic time.
    pub(super) restore_at: Option<Duration>,
    pub(super) index: Index,
    settings: BTreeMap<String, String>,
    revision: u64,
}

impl Engine {
    /// An empty herd that has already given out the numbers up to `highest`.
    pub const fn new(rules: Rules, highest: u32) -> Self {
        Self {
            rules,
            tasks: BTreeMap::new(),
            next: highest + 1,
            envs: BTreeMap::new(),
            starts: BTreeMap::new(),
            waits: BTreeMap::new(),
            ends: BTreeMap::new(),
            watches: BTreeMap::new(),
            shutdown: None,
            clients: 0,
            idle_since: None,
            kept: 0,
            trimming: false,
            untrimmable: 0,
            store_trouble: None,
            unstored: BTreeSet::new(),
            store_trouble_since: None,
            restore_at: None,
            index: Index::new(),
            settings: BTreeMap::new(),
            revision: 0,
        }
    }

    /// Takes in what happened, gives back what is to be done about it.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        self.revision += 1;
        let concerned = Self::concerns(&input);
        let mut out = Vec::new();
        match input {
            Input::Request(ticket, request) => self.request(now, ticket, request, &mut out),
            Input::Forget(ticket) => {
                self.starts.remove(&ticket);
                self.waits.remove(&ticket);
                self.ends.remove(&ticket);
                self.watches.remove(&ticket);
            }
            Input::Joined => self.clients += 1,
            Input::Left => self.clients = self.clients.saturating_sub(1),
            Input::Seen(id) => self.seen(id, &mut out),
            Input::Stored(_, _, then) => self.stored(now, then, &mut out),
            Input::StoreFailed(why, change, _, then) => {
                self.store_failed(now, &change, why, then, &mut out);
            }
            Input::Rules(rules) => self.rules = *rules,
            Input::Remember { key, value } => drop(self.settings.insert(key, value)),
            Input::Deleted(_) => {}
            Input::SpawnFailed(run, why) => self.did_not_start(now, run, why, &mut out),
            Input::Status(status) => self.status(now, &status, &mut out),
            Input::ShimGone(run) => self.shim_gone(run, &mut out),
            Input::Swept(run, last) => self.swept(now, run, last.as_deref(), &mut out),
            Input::Recovered(record, found) => self.recovered(now, *record, found, &mut out),
            Input::Trimmed(runs) => self.trimmed(&runs, &mut out),
            Input::Shutdown { force } => self.shut_down(now, None, force, &mut out),
            Input::Tick => self.restore(now, &mut out),
        }
        self.reindex(concerned);
        self.rest(now, &mut out);
        out
    }

    /// When the engine wants a `Tick` at the latest, in monotonic time.
    pub fn deadline(&self) -> Option<Duration> {
        let idle = self.idle_since.zip(self.rules.idle_exit);
        let idle = idle.map(|(since, limit)| since + limit);
        idle.into_iter().chain(self.restore_at).min()
    }

    /// Counts up with every input: what was drawn at the same revision is still true.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// All tasks, oldest first.
    pub fn tasks(&self) -> impl DoubleEndedIterator<Item = &Task> + ExactSizeIterator {
        self.tasks.values()
    }

    /// One task.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(&id)
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
        self.store_trouble.as_deref()
    }

    /// Since when that is so.
    pub const fn store_trouble_since(&self) -> Option<Timestamp> {
        self.store_trouble_since
    }

    /// What clients want remembered.
    pub const fn settings(&self) -> &BTreeMap<String, String> {
        &self.settings
    }

    /// Whether some call follows this task's changes.
    pub fn is_watched(&self, id: TaskId) -> bool {
        self.watches.values().any(|watched| *watched == id)
    }

    /// The task a person means.
    ///
    /// # Errors
    /// One line that names what was asked for, when there is none or more than one.
    pub fn resolve(&self, target: &Target) -> Result<TaskId, String> {
        match target {
            Target::Id(id) if self.tasks.contains_key(id) => Ok(*id),
            Target::Id(id) => Err(format!(
                "no task {id}; wrangle ls --all shows all there are"
            )),
            Target::Newest => self
                .tasks
                .keys()
                .next_back()
                .copied()
                .ok_or_else(|| "no task yet; wrangle run launches one".into()),
            Target::Name(name) => self.by_name(name),
        }
    }

    fn by_name(&self, name: &str) -> Result<TaskId, String> {
        let bearers: Vec<&Task> = self
            .tasks
            .values()
            .filter(|task| task.spec.name == name)
            .collect();
        let active: Vec<&Task> = bearers.iter().copied().filter(|t| t.is_active()).collect();
        match (active.as_slice(), bearers.as_slice()) {
            ([one], _) | ([], [one]) => Ok(one.id),
            ([], []) => Err(format!(
                "no task is called {name:?}; wrangle ls --all shows all there are"
            )),
            (many, _) if !many.is_empty() => Err(ambiguous(name, many)),
            (_, many) => Err(ambiguous(name, many)),
        }
    }

    /// The report of a task.
    pub fn report(&self, task: &Task) -> TaskReport {
        let log = self.rules.run_dir(task.run_id());
        TaskReport::of(task, log.to_string_lossy().into_owned())
    }

    pub(super) fn record(&self, task: &Task) -> Box<Record> {
        Box::new(Record {
            boot: self.rules.boot.clone(),
            leader: task.state().leader(),
            task: task.clone(),
        })
    }

    /// Stores a task as it stands, with what waits for that.
    pub(super) fn store(&self, id: TaskId, then: Vec<Effect>, out: &mut Vec<Effect>) {
        if let Some(task) = self.tasks.get(&id) {
            out.push(Effect::Store {
                change: Change::Task(self.record(task)),
                events: Vec::new(),
                then,
            });
        }
    }

    /// The task whose current run this is.
    pub(super) fn current(&mut self, run: RunId) -> Option<&mut Task> {
        self.tasks
            .get_mut(&run.task)
            .filter(|task| task.run.number == run.number)
    }

    pub(super) fn insert(&mut self, task: Task) {
        self.next = self.next.max(task.id.0 + 1);
        let kept = |run: &Run| run.written.saturating_sub(run.dropped);
        self.kept += kept(&task.run) + task.past.iter().map(kept).sum::<u64>();
        self.tasks.insert(task.id, task);
    }

    /// After every input: is anything left to do, and for whom?
    fn rest(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.answer_waiting(out);
        self.trim(out);
        let idle = self.active() == 0;
        if idle && let Some(tickets) = self.shutdown.as_mut() {
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
            && now.mono.saturating_sub(since) >= limit
        {
            // nothing starts any more
            self.shutdown.get_or_insert_default();
            out.push(Effect::Exit);
        }
    }
}

fn ambiguous(name: &str, many: &[&Task]) -> String {
    let ids: Vec<String> = many.iter().map(|task| task.id.to_string()).collect();
    format!(
        "{name:?} is the name of {} tasks ({}); say which by number",
        ids.len(),
        ids.join(", ")
    )
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
