//! A simulated world around the engine: shims that obey, a store that may fail, a
//! supervisor that may die at any step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::super::{Engine, Rules};
use super::watch::{Snapshot, Watch};
use crate::core::agent::say::Say;
use crate::core::agent::tool::ToolCall;
use crate::core::effect::{Effect, Hear};
use crate::core::event::{By, Event, What};
use crate::core::id::{Ident, RunId, Target, TaskId};
use crate::core::input::{Found, Heard, Input, Remains, Ticket};
use crate::core::limit::Limits;
use crate::core::raw::Raw;
use crate::core::record::{Change, Record};
use crate::core::shim::{Order, SpawnFailure, Status, StopBy, Stopping};
use crate::core::task::{AfterExit, Exit, Kind, Outcome, Spec, State};
use crate::core::time::{Now, Timestamp};
use crate::core::wire::{Answer, Request, RunRequest};

pub(super) fn rules() -> Rules {
    Rules {
        tasks: "/data/tasks".into(),
        shims: "/run/shims".into(),
        boot: "boot".into(),
        task_cap: 1 << 20,
        total_cap: 4 << 20,
        orphan: Duration::from_secs(600),
        idle_exit: Some(Duration::from_secs(600)),
        keep: super::super::Keep::default(),
        limits: Limits::default(),
        budgets: std::collections::BTreeMap::new(),
        prices: crate::core::agent::price::Prices::default(),
        given: std::collections::BTreeMap::new(),
        hooked: BTreeSet::new(),
    }
}

pub(super) fn spec(name: &str, after_exit: AfterExit) -> Spec {
    Spec {
        name: name.into(),
        kind: Kind::Command,
        argv: vec!["cmd".into()],
        dir: "/".into(),
        grace_ms: 10_000,
        after_exit,
        stdin: false,
        env_names: vec![],
        labels: vec![],
        restarts: 0,
        ..Spec::command(String::new(), Vec::new(), "/".into())
    }
}

/// A shim as the engine sees one: obeys orders, reports levels.
#[derive(Debug, Clone)]
pub(super) struct Sim {
    pub(super) status: Status,
    pub(super) after_exit: AfterExit,
    pub(super) released: bool,
    /// What came for its leader.
    pub(super) input: String,
}

impl Sim {
    pub(super) fn end_leader(&mut self, exit: Exit, left: u32) {
        if self.status.leader.is_none() || self.status.exit.is_some() {
            return;
        }
        self.status.exit = Some(exit);
        self.status.exit_in_stop = self.status.stopping.is_some();
        self.status.left = left;
        if left == 0 {
            self.end_tree();
        } else if self.after_exit == AfterExit::Sweep && self.status.stopping.is_none() {
            self.status.stopping = Some(Stopping {
                kill_at: Some(Timestamp(1)),
                by: StopBy::Policy,
            });
        }
    }

    pub(super) fn end_tree(&mut self) {
        if self.status.exit.is_some() {
            self.status.left = 0;
            self.status.empty = true;
            self.status.drained = true;
        }
    }

    pub(super) fn obey(&mut self, order: &Order) {
        match order {
            Order::Stop { .. } | Order::Kill if !self.status.empty => {
                let kill_at = matches!(order, Order::Stop { .. }).then_some(Timestamp(1));
                let by = self.status.stopping.map_or(StopBy::Order, |s| s.by);
                self.status.stopping = Some(Stopping { kill_at, by });
                self.status.paused = false;
                if kill_at.is_none() {
                    self.end_leader(Exit::Signal(9), 0);
                    self.end_tree();
                }
            }
            Order::Pause if self.status.stopping.is_none() => self.status.paused = true,
            Order::Resume => self.status.paused = false,
            Order::Release => self.released = true,
            Order::Input(bytes) => {
                self.input.push_str(&bytes.lossy());
                *self.status.typed.get_or_insert_default() += bytes.as_bytes().len() as u64;
            }
            _ => {}
        }
    }
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) rules: Rules,
    /// What clients wanted remembered, on disk.
    pub(super) settings: BTreeMap<String, String>,
    /// Whether the queue is watched, and by whom.
    pub(super) watch: Option<Watch>,
    /// Free memory, and how often it is still to be told.
    pub(super) memory: Option<u64>,
    pub(super) looks: u32,
    /// How far the clock on the wall is off.
    pub(super) clock: i64,
    pub(super) engine: Engine,
    pub(super) now: u64,
    pub(super) disk: BTreeMap<TaskId, Record>,
    /// Writes not done yet: a crash loses them.
    pub(super) writes: VecDeque<(Change, Vec<Event>, Vec<Effect>)>,
    pub(super) sims: BTreeMap<RunId, Sim>,
    pub(super) sweeps: VecDeque<RunId>,
    pub(super) spawned: BTreeSet<RunId>,
    /// With which program and arguments.
    pub(super) launched: Vec<Vec<Raw>>,
    /// What is to be read of agents.
    pub(super) hears: VecDeque<Hear>,
    /// What agents were told.
    pub(super) said: Vec<(RunId, Say)>,
    /// What of it is not yet in their languages, and what is and has not come to their
    /// shims: a crash loses both.
    pub(super) saying: VecDeque<(RunId, Say)>,
    pub(super) typing: VecDeque<(RunId, Order)>,
    /// Calls of tools, as they were stored.
    pub(super) calls: Vec<ToolCall>,
    pub(super) answers: BTreeMap<Ticket, Vec<(Answer, bool)>>,
    pub(super) ticket: u64,
    pub(super) exited: bool,
    /// Tasks whose last write failed: what happens to them is not on disk, and said so.
    pub(super) excused: BTreeSet<TaskId>,
    /// The activity log on disk.
    pub(super) log: Vec<Event>,
    /// Whether any write ever failed: then the log may lack what a crash took along.
    pub(super) failed: bool,
    pub(super) deletes: VecDeque<Vec<TaskId>>,
    /// The highest number that was ever stored.
    pub(super) highest: u32,
}

impl World {
    pub(super) fn new() -> Self {
        Self::under(rules())
    }

    pub(super) fn under(rules: Rules) -> Self {
        let mut world = Self {
            engine: Engine::new(rules.clone(), 0),
            rules,
            settings: BTreeMap::new(),
            watch: None,
            memory: None,
            looks: 0,
            clock: 0,
            now: 1_000_000,
            disk: BTreeMap::new(),
            writes: VecDeque::new(),
            sims: BTreeMap::new(),
            sweeps: VecDeque::new(),
            spawned: BTreeSet::new(),
            launched: Vec::new(),
            hears: VecDeque::new(),
            said: Vec::new(),
            saying: VecDeque::new(),
            typing: VecDeque::new(),
            calls: Vec::new(),
            answers: BTreeMap::new(),
            ticket: 0,
            exited: false,
            excused: BTreeSet::new(),
            log: Vec::new(),
            failed: false,
            deletes: VecDeque::new(),
            highest: 0,
        };
        world.input(Input::Open);
        world
    }

    pub(super) fn time(&self) -> Now {
        Now {
            mono: Duration::from_millis(self.now),
            wall: Timestamp(self.now.saturating_add_signed(self.clock)),
        }
    }

    pub(super) fn input(&mut self, input: Input) {
        self.now += 1;
        let watch = self.watch.take();
        let before = watch.as_ref().map(|_| Snapshot::of(&self.engine));
        let effects = self.engine.handle(self.time(), input);
        if let Some((mut watch, before)) = watch.zip(before) {
            let floor = self.rules.limits.memory;
            watch.scarce = self
                .memory
                .zip(floor)
                .is_some_and(|(free, floor)| free < floor);
            watch.check(&self.engine, &before, self.time());
            self.watch = Some(watch);
        }
        for effect in effects {
            self.perform(effect);
        }
        self.check();
        if self.looks > 0 {
            self.looks -= 1;
            self.input(Input::Memory(self.memory));
        }
    }

    pub(super) fn ask(&mut self, request: Request) -> Ticket {
        self.ticket += 1;
        let ticket = Ticket(self.ticket);
        self.input(Input::Request(ticket, request));
        ticket
    }

    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Store {
                change,
                events,
                then,
            } => self.writes.push_back((change, events, then)),
            Effect::Hear(hear) => self.hears.push_back(*hear),
            Effect::Say(run, say) => {
                self.said.push((run, say.clone()));
                self.saying.push_back((run, say));
            }
            Effect::Spawn(launch) => {
                let run = launch.intent.run;
                self.launched.push(launch.argv.clone());
                assert!(self.spawned.insert(run), "run {run} was started twice");
                let on_disk = &self.disk[&run.task].task;
                assert!(
                    on_disk.run.number == run.number,
                    "started before it was stored"
                );
                self.sims.insert(
                    run,
                    Sim {
                        status: status(run),
                        after_exit: launch.intent.spec.after_exit,
                        released: false,
                        input: String::new(),
                    },
                );
            }
            Effect::Order(run, order @ (Order::Input(_) | Order::Eof)) => {
                self.typing.push_back((run, order));
            }
            Effect::Order(run, order) => {
                // where the disk does not answer, nothing waits for it to be stopped
                if self.engine.writes.is_slow() {
                    self.excused.insert(run.task);
                }
                if matches!(order, Order::Stop { .. } | Order::Kill)
                    && !self.excused.contains(&run.task)
                {
                    let stored = &self.disk[&run.task].task.run;
                    assert!(
                        stored.number > run.number
                            || matches!(stored.state, State::Stopping { .. } | State::Ended { .. }),
                        "signalled before the revoke was stored"
                    );
                }
                if matches!(order, Order::Release)
                    && let Some(record) = self.disk.get(&run.task)
                {
                    let stored = &record.task;
                    let excused = self.excused.contains(&run.task) && self.engine.shutting_down();
                    assert!(
                        excused || stored.run.number > run.number || !stored.is_active(),
                        "released before the end was stored"
                    );
                }
                if let Some(sim) = self.sims.get_mut(&run) {
                    sim.obey(&order);
                }
            }
            Effect::Sweep { run, .. } => self.sweeps.push_back(run),
            Effect::Delete(ids) => {
                for id in &ids {
                    assert!(
                        !self.disk.contains_key(id),
                        "deleted before that was stored"
                    );
                }
                self.deletes.push_back(ids);
            }
            Effect::LookAtMemory => self.looks += 1,
            Effect::Trim { .. }
            | Effect::ReadEvents { .. }
            | Effect::ReadTools { .. }
            | Effect::Hook { .. }
            | Effect::Reload(_) => {}
            Effect::Answer {
                ticket,
                answer,
                last,
            } => {
                self.check_told(&answer);
                let answers = self.answers.entry(ticket).or_default();
                assert!(
                    !answers.iter().any(|(_, last)| *last),
                    "answered after the last"
                );
                answers.push((answer, last));
            }
            Effect::Exit => {
                self.exited = true;
                assert_eq!(self.engine.active(), 0, "left while something was active");
            }
        }
    }

    /// An outcome is told only when it is stored.
    pub(super) fn check_told(&self, answer: &Answer) {
        let reports = match answer {
            Answer::Task(report) => std::slice::from_ref(&**report),
            Answer::Tasks(reports) => reports,
            Answer::Events(events) => {
                for event in events {
                    assert!(
                        self.failed || self.log.contains(event),
                        "told, not stored: {event:?}"
                    );
                }
                return;
            }
            _ => return,
        };
        // a disk that does not answer keeps nobody waiting
        if self.engine.store_trouble().is_some() {
            return;
        }
        for report in reports.iter().filter(|report| report.outcome.is_some()) {
            let Some(record) = self.disk.get(&report.id) else {
                continue;
            };
            let run = &record.task.run;
            assert!(
                self.excused.contains(&report.id)
                    || run.number > report.run
                    || run.state.settled().is_some(),
                "told before it was stored: {report:?}"
            );
        }
    }

    /// The activity log tells of each run once.
    pub(super) fn check_log(&self) {
        let seqs: BTreeSet<u64> = self.log.iter().map(|event| event.seq).collect();
        assert_eq!(seqs.len(), self.log.len(), "a number was given out twice");
        if self.failed {
            return;
        }
        for Record { task, .. } in self.disk.values() {
            for run in task.past.iter().chain([&task.run]) {
                let count = |what| {
                    self.log
                        .iter()
                        .filter(|event| event.task == task.id && event.run == run.number)
                        .filter(|event| event.what == what)
                        .count()
                };
                assert_eq!(count(What::Created), 1, "run {}.{}", task.id, run.number);
                assert_eq!(count(What::Ended), 1, "run {}.{}", task.id, run.number);
                assert!(count(What::Started) <= 1, "run {}.{}", task.id, run.number);
            }
        }
    }

    /// Does all writes.
    pub(super) fn write_all(&mut self) {
        while !self.writes.is_empty() {
            self.write(false);
        }
    }

    /// What must hold after every input.
    pub(super) fn check(&self) {
        for task in self.engine.tasks() {
            let run = task.run_id();
            let sim = self.sims.get(&run);
            match task.state() {
                State::Ended { .. } => {
                    let lives =
                        sim.is_some_and(|sim| sim.status.leader.is_some() && !sim.status.empty);
                    assert!(!lives, "task {} is called ended and lives", task.id);
                }
                State::Running { leader } => {
                    let sim = sim.expect("running without a shim");
                    assert_eq!(sim.status.leader, Some(*leader));
                }
                _ => {}
            }
        }
    }

    /// Does the oldest write, well or not.
    pub(super) fn write(&mut self, fails: bool) {
        let Some((change, events, then)) = self.writes.pop_front() else {
            return;
        };
        if fails {
            self.failed = true;
            if let Change::Task(record) = &change {
                self.excused.insert(record.task.id);
            }
            let why = "disk full".into();
            self.input(Input::StoreFailed(why, change, events, then));
        } else {
            match &change {
                Change::Task(record) => {
                    self.excused.remove(&record.task.id);
                    // as the database does it: a number is not given out again
                    self.highest = self.highest.max(record.task.id.0);
                    self.disk.insert(record.task.id, Record::clone(record));
                }
                Change::Remove(ids) => {
                    for id in ids {
                        // one that could never be stored has nothing to remove
                        if let Some(record) = self.disk.remove(id) {
                            assert!(!record.task.is_active() || self.excused.contains(id));
                        }
                    }
                }
                Change::Setting { key, value } => {
                    self.settings.insert(key.clone(), value.clone());
                }
                Change::Tools(_, calls) => self.calls.extend(calls.iter().cloned()),
                Change::Nothing | Change::Deleted(_) => {}
            }
            self.log.extend(events.iter().cloned());
            self.input(Input::Stored(change, events, then));
        }
        if let Some(ids) = self.deletes.pop_front() {
            self.input(Input::Deleted(ids));
        }
    }

    pub(super) fn report(&mut self, run: RunId) {
        if let Some(sim) = self.sims.get_mut(&run) {
            sim.status.seq += 1;
            let status = sim.status.clone();
            self.input(Input::Status(Box::new(status)));
        }
    }

    pub(super) fn begin(&mut self, run: RunId, fails: bool) {
        let wall = self.time().wall;
        if let Some(sim) = self.sims.get_mut(&run)
            && sim.status.leader.is_none()
            && sim.status.failed.is_none()
        {
            if fails {
                sim.status.failed = Some(SpawnFailure {
                    reason: "not found".into(),
                });
                sim.status.empty = true;
                sim.status.drained = true;
            } else {
                sim.status.started = Some(wall);
                sim.status.leader = Some(Ident { pid: 7, start: 7 });
                sim.status.left = 1;
            }
        }
    }

    /// The oldest word on its way to an agent is put into its language, `p` for what it is
    /// to do, `m` and a number for a message.
    pub(super) fn speak(&mut self) {
        let Some((run, say)) = self.saying.pop_front() else {
            return;
        };
        let replies = match &say {
            Say::Prompt { .. } => "p\n".to_owned(),
            Say::Message { number, .. } => format!("m{number}\n"),
            Say::Answer { request, .. } => format!("a{request}\n"),
            Say::Interrupt => "i\n".to_owned(),
            Say::Close => String::new(),
        };
        self.input(Input::Heard(Box::new(Heard {
            run,
            events: Vec::new(),
            replies: replies.into_bytes(),
            at: (0, serde_json::Value::Null),
            said: true,
            over: false,
        })));
    }

    /// The oldest of what is written to agents comes to its shim.
    pub(super) fn deliver(&mut self) {
        if let Some((run, order)) = self.typing.pop_front()
            && let Some(sim) = self.sims.get_mut(&run)
        {
            sim.obey(&order);
        }
    }

    /// All that agents are told comes to their shims.
    pub(super) fn tell_all(&mut self) {
        self.write_all();
        while !self.saying.is_empty() || !self.typing.is_empty() {
            self.speak();
            self.write_all();
            self.deliver();
        }
    }

    /// Agents say nothing more: what was to be read of them is.
    pub(super) fn hear_out(&mut self) {
        while let Some(hear) = self.hears.pop_front() {
            self.input(Input::Heard(Box::new(Heard {
                run: hear.run,
                events: Vec::new(),
                replies: Vec::new(),
                at: (hear.upto, hear.from.1),
                said: false,
                over: hear.end.is_some(),
            })));
        }
    }

    /// The shim is killed: what it kept goes to the supervisor, which must sweep it.
    pub(super) fn kill_shim(&mut self, run: RunId) {
        let lives = self.sims.get(&run).is_some_and(|sim| !sim.released);
        if lives {
            self.input(Input::ShimGone(run));
        }
    }

    pub(super) fn sweep(&mut self) {
        if let Some(run) = self.sweeps.pop_front() {
            let last = self.sims.remove(&run).map(|sim| Box::new(sim.status));
            let last = last.filter(|last| last.exit.is_some());
            let remains = Remains { last, log: 0..0 };
            self.input(Input::Swept(run, remains));
        }
    }

    /// The supervisor is killed and another takes over.
    pub(super) fn crash(&mut self) {
        self.writes.clear();
        self.sweeps.clear();
        self.answers.clear();
        self.exited = false;
        self.deletes.clear();
        self.hears.clear();
        self.saying.clear();
        self.typing.clear();
        let seq = self.log.iter().map(|event| event.seq).max().unwrap_or(0);
        self.engine =
            Engine::new(self.rules.clone(), self.highest).remembering(seq, self.settings.clone());
        let (active, ended) = self
            .disk
            .values()
            .cloned()
            .partition::<Vec<_>, _>(|record| record.task.is_active());
        self.input(Input::History(ended));
        for record in active {
            let run = record.task.run_id();
            let found = match self.sims.get(&run) {
                Some(sim) if !sim.released => Found::Shim(Box::new(sim.status.clone())),
                _ => Found::Gone {
                    remains: Remains::default(),
                    same_boot: true,
                },
            };
            self.input(Input::Recovered(Box::new(record), found, By::Crash));
        }
        self.input(Input::Open);
    }

    /// Lets everything under way come to its end.
    pub(super) fn settle(&mut self) {
        for _ in 0..50 {
            self.write_all();
            if !self.exited {
                self.now += 6000;
                self.input(Input::Tick);
            }
            while !self.writes.is_empty() {
                self.write(false);
            }
            self.sweep();
            self.hear_out();
            let runs: Vec<RunId> = self.sims.keys().copied().collect();
            for run in runs {
                self.begin(run, false);
                if let Some(sim) = self.sims.get_mut(&run)
                    && sim.status.stopping.is_some()
                {
                    sim.end_leader(Exit::Signal(15), 0);
                    sim.end_tree();
                }
                self.report(run);
            }
        }
    }

    pub(super) fn task(&self, id: u32) -> &crate::core::task::Task {
        self.engine.task(TaskId(id)).unwrap()
    }

    pub(super) fn launch(&mut self, after_exit: AfterExit) -> RunId {
        self.ask(Request::Run(Box::new(RunRequest::new(
            spec("t", after_exit),
            vec![],
        ))));
        self.write_all();
        let id = self.engine.tasks().next_back().unwrap().id;
        let run = self.engine.task(id).unwrap().run_id();
        self.begin(run, false);
        self.report(run);
        run
    }
}

pub(super) fn status(run: RunId) -> Status {
    Status {
        run,
        seq: 0,
        shim: Ident { pid: 5, start: 5 },
        leader: None,
        started: None,
        failed: None,
        paused: false,
        stopping: None,
        exit: None,
        exited: None,
        exit_in_stop: false,
        left: 0,
        example: None,
        empty: false,
        drained: false,
        written: 0,
        dropped: 0,
        last_output: None,
        typed: Some(0),
        trouble: None,
    }
}

pub(super) fn revoke(id: u32, force: bool) -> Request {
    Request::Revoke {
        pick: vec![Target::Id(TaskId(id))].into(),
        all: false,
        force,
        wait: false,
    }
}

pub(super) fn outcome(world: &World, id: u32) -> Option<Outcome> {
    match world.task(id).state() {
        State::Ended { outcome, .. } => Some(outcome.clone()),
        _ => None,
    }
}
