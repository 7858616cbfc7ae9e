//! The loop: everything that happens comes in here, everything that is done goes out.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::net::UnixListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};

use super::clients::{self, Clients};
use super::clock::ClockWatch;
use super::colours::Colouring;
use super::event::Event;
use super::handover::Handover;
use super::hearing::Hearing;
use super::hooks::Runner;
use super::outputs::Outputs;
use super::recover;
use super::reload::Settings;
use super::serve::Asked;
use super::shims::Shims;
use super::sweep::Sweep;
use super::talks::Talks;
use crate::config::{Config, Paths};
use crate::core::effect::Effect;
use crate::core::engine::{Engine, Rules};
use crate::core::event::By;
use crate::core::input::{EventsRead, Found, Input, Ticket};
use crate::core::record::Record;
use crate::core::shim::{Order, Status};
use crate::store::{self, Store};
use crate::sys::clock::{self, Clock};
use crate::sys::fault;

/// How long the end waits for shims to go and lines to be sent.
pub(super) const FAREWELL: Duration = Duration::from_secs(3);

/// How many events of clients and shims wait at most; who has more waits.
const QUEUE: usize = 256;

/// Everything a supervisor holds.
pub(super) struct Hub {
    pub(super) clock: Clock,
    pub(super) engine: Engine,
    /// What has happened while the engine's last decisions are carried out.
    inputs: VecDeque<Input>,
    taking: bool,
    pub(super) store: Option<Store>,
    pub(super) shims: Shims,
    pub(super) hearing: Hearing,
    pub(super) hooks: Runner,
    pub(super) sweeps: Vec<Sweep>,
    pub(super) clients: Clients,
    pub(super) outputs: Outputs,
    pub(super) talks: Talks,
    pub(super) colouring: Colouring,
    pub(super) tickets: BTreeMap<Ticket, Asked>,
    pub(super) next_ticket: u64,
    pub(super) settings: Settings,
    /// What was wrong with what is stored, at start and since; every screen says the last
    /// of it.
    pub(super) problems: Vec<String>,
    pub(super) data: PathBuf,
    pub(super) socket: PathBuf,
    listener: UnixListener,
    events: Receiver<Event>,
    /// From threads, which must never wait for the loop. What they may have under way
    /// is bounded by what they were asked.
    answers: UnboundedReceiver<Event>,
    pub(super) to_answers: UnboundedSender<Event>,
    signals: Signals,
    clock_watch: ClockWatch,
    /// Everything is dead and on record: until when to wait for the rest.
    pub(super) leaving: Option<Instant>,
    /// Another supervisor takes over.
    pub(super) handover: Option<Handover>,
}

#[derive(Debug)]
struct Signals {
    child: Signal,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Hub {
    /// Takes over what an earlier supervisor left, which went by this. Must run inside the
    /// runtime.
    pub(super) fn new(
        rules: Rules,
        config: &Config,
        paths: &Paths,
        listener: std::os::unix::net::UnixListener,
        by: By,
    ) -> Result<Self, String> {
        let cannot = |what: &str, error: std::io::Error| format!("cannot {what}: {error}");
        let settings = Settings::new(config, paths);
        let (to_events, events) = channel(QUEUE);
        let (to_answers, answers) = unbounded_channel();
        let done = to_answers.clone();
        let stamp = clock::wall().to_string().replace([':', '.'], "-");
        let (store, loaded) = Store::open(&paths.database(), &rules.tasks, &stamp, move |it| {
            done.send(Event::Stored(it)).ok();
        })?;
        for problem in settings.problems.iter().chain(&loaded.problems) {
            tracing::error!("{problem}");
        }
        let signals = || -> std::io::Result<Signals> {
            Ok(Signals {
                child: signal(SignalKind::child())?,
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                hangup: signal(SignalKind::hangup())?,
            })
        };
        listener
            .set_nonblocking(true)
            .map_err(|error| cannot("listen", error))?;
        let mut hub = Self {
            clock: Clock::start(),
            engine: Engine::new(rules, loaded.highest).remembering(loaded.seq, loaded.settings),
            inputs: VecDeque::new(),
            taking: false,
            store: Some(store),
            shims: Shims::new(to_events.clone()),
            hearing: Hearing::new(to_answers.clone()),
            hooks: Runner::new(config.hooks.clone(), paths, to_answers.clone()),
            sweeps: Vec::new(),
            clients: Clients::new(to_events),
            talks: Talks::new(to_answers.clone()),
            colouring: Colouring::new(to_answers.clone()),
            outputs: Outputs::new(config.output.ring, to_answers.clone()),
            tickets: BTreeMap::new(),
            next_ticket: 0,
            settings,
            problems: loaded.problems,
            data: paths.data.clone(),
            socket: paths.socket(),
            listener: UnixListener::from_std(listener).map_err(|error| cannot("listen", error))?,
            events,
            answers,
            to_answers,
            signals: signals().map_err(|error| cannot("watch for signals", error))?,
            clock_watch: ClockWatch::start().map_err(|error| cannot("watch the clock", error))?,
            leaving: None,
            handover: None,
        };
        fault::point("loaded");
        hub.take_over(loaded.records, by);
        fault::point("adopted");
        hub.take(Input::Open);
        if !loaded.deletions.is_empty() {
            hub.perform(Effect::Delete(loaded.deletions));
        }
        Ok(hub)
    }

    fn take_over(&mut self, records: Vec<Record>, by: By) {
        let mut known = Vec::new();
        let until = Instant::now() + recover::PATIENCE;
        let (active, ended) = records
            .into_iter()
            .partition::<Vec<_>, _>(|record| record.task.is_active());
        self.take(Input::History(ended));
        for record in active {
            let run = record.task.run_id();
            known.push(run);
            let (found, line) = recover::find(self.engine.rules(), &record, until);
            tracing::info!(%run, adopted = line.is_some(), "taking over");
            if let Some(line) = line
                && let Err(error) = self.shims.attach(run, line)
            {
                tracing::error!(%run, %error, "a shim's line can't be used");
            }
            if let Found::Shim(status) = &found {
                // it waits for that before it tells of more output
                self.shims.reported(run, status.seq, false, Instant::now());
            }
            self.take(Input::Recovered(Box::new(record), found, by));
        }
        for (run, line) in recover::strays(self.engine.rules(), &known) {
            tracing::warn!(%run, "a shim without a record is told to stop");
            if self.shims.attach(run, line).is_ok() {
                self.shims.order(run, &Order::Stop { grace_ms: 10_000 });
                self.shims.order(run, &Order::Abandon);
            }
        }
    }

    /// Runs until the engine says that it is over.
    pub(super) async fn run(&mut self) {
        while !self.is_over() {
            let deadline = self.deadline();
            let sleep = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            // signals and clients before output: a chatty task can't delay a key
            tokio::select! {
                biased;
                _ = self.signals.terminate.recv() => self.shut_down(),
                _ = self.signals.interrupt.recv() => self.shut_down(),
                // a terminal that closes is no reason to stop
                _ = self.signals.hangup.recv() => self.reload(None),
                _ = self.signals.child.recv() => self.shims.reap(),
                () = self.clock_watch.changed() => self.take(Input::ClockSet),
                stream = clients::next(&self.listener) => self.clients.accept(stream),
                Some(event) = self.events.recv() => self.event(event),
                Some(event) = self.answers.recv() => self.event(event),
                () = sleep => {}
            }
            self.due();
        }
        self.farewell().await;
    }

    fn shut_down(&mut self) {
        // asked a second time: at once
        let force = self.engine.shutting_down();
        self.take(Input::Shutdown { force });
    }

    fn is_over(&self) -> bool {
        self.is_handed_over()
            || self
                .leaving
                .is_some_and(|until| self.is_done() || Instant::now() >= until)
    }

    fn is_done(&self) -> bool {
        self.shims.is_empty() && self.hooks.is_drained()
    }

    async fn farewell(&mut self) {
        let hooks = self.hooks.give_up();
        if hooks > 0 {
            tracing::warn!(hooks, "hooks were not run: others took too long");
        }
        self.close_store();
        self.pass_clients_on();
        self.shims.let_go(FAREWELL).await;
        self.clients.farewell(FAREWELL).await;
    }

    /// When something is due at the latest, whatever happens.
    fn deadline(&self) -> Option<Instant> {
        let frames = self
            .clients
            .all
            .values()
            .filter_map(|client| client.session.as_ref()?.due());
        let engine = self.engine.deadline().map(|mono| self.clock.instant(mono));
        frames
            .chain(engine)
            .chain(self.shims.deadline())
            .chain(self.sweeps.iter().map(|sweep| sweep.next))
            .chain(self.leaving)
            .chain(self.handover.as_ref().map(Handover::until))
            .min()
    }

    /// Does what is due.
    fn due(&mut self) {
        let now = Instant::now();
        self.shims.acknowledge(now);
        self.sweep(now);
        if self
            .engine
            .deadline()
            .is_some_and(|at| self.clock.now().mono >= at)
        {
            self.take(Input::Tick);
        }
        self.draw(now);
    }

    /// A turn of each sweep that is due.
    fn sweep(&mut self, now: Instant) {
        let mut done = Vec::new();
        for sweep in &mut self.sweeps {
            if sweep.next <= now && sweep.round(&mut self.shims, now) {
                done.push(sweep.run);
            }
        }
        if done.is_empty() {
            return;
        }
        self.sweeps.retain(|sweep| !done.contains(&sweep.run));
        for run in done {
            let remains = recover::remains(self.engine.rules(), run);
            self.take(Input::Swept(run, remains));
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        match event {
            Event::Shim(status) => {
                fault::point(reported(&status));
                let run = status.run;
                let shown = self.is_shown(run);
                let watched = shown || self.engine.is_watched(run.task) || self.is_spoken_to(run);
                self.shims
                    .reported(run, status.seq, watched, Instant::now());
                self.take(Input::Status(status));
                if shown {
                    self.outputs.follow(&self.engine, run);
                    self.talks.follow(&self.engine, run);
                }
            }
            Event::ShimGone(run, generation) => {
                if self.shims.gone(run, generation) {
                    self.take(Input::ShimGone(run));
                }
            }
            Event::Hello(id, hello) => self.hello(id, *hello),
            Event::Greeting(id, greeting) => self.refuse(id, &greeting),
            Event::Client(id, said) => self.client(id, *said),
            Event::ClientGone(id) => self.client_gone(id),
            Event::Stored(store::Done::Written {
                change,
                events,
                then,
                error,
            }) => {
                self.take(match error {
                    None => Input::Stored(change, events, then),
                    Some(why) => {
                        tracing::error!("{why}");
                        Input::StoreFailed(why, change, events, then)
                    }
                });
            }
            Event::Stored(store::Done::Mended(mended)) => self.mended(mended),
            Event::Stored(store::Done::Read { read, events }) => {
                self.take(Input::EventsRead(Box::new(EventsRead {
                    ticket: read.ticket,
                    task: read.task,
                    most: read.most,
                    last: read.last,
                    found: events,
                })));
            }
            Event::Stored(store::Done::Tools { ticket, calls }) => self.tools_read(ticket, calls),
            Event::Heard(heard) => {
                fault::point("heard");
                self.heard(heard);
            }
            Event::Unsaid(run, say, why) => self.take(Input::Unsaid(run, say, why)),
            Event::Deleted(ids) => self.take(Input::Deleted(ids)),
            Event::Hooked(title, complaint) => self.hooked(&title, complaint.as_deref()),
            Event::Exported(id, how) => self.exported(id, how),
            Event::Reloaded(ticket, asked, read) => self.reloaded(ticket, asked, read),
            Event::Trimmed(runs) => self.take(Input::Trimmed(runs)),
            Event::Block(block) => {
                let run = block.run;
                self.outputs.accept(&block);
                // more may have come while it was read
                self.outputs.follow(&self.engine, run);
                for session in self.sessions() {
                    if session.screen.shown() == Some(run) {
                        session.touch();
                        if let Some(search) = &session.search {
                            search.extend(block.end);
                        }
                    }
                }
            }
            Event::Coloured => {
                for session in self.sessions() {
                    if session.screen.shown_talk().is_some() {
                        session.touch();
                    }
                }
            }
            Event::Told(told) => {
                let run = told.run();
                self.talks.accept(&self.engine, *told);
                for session in self.sessions() {
                    if session.screen.shown_talk() == Some(run) {
                        session.touch();
                    }
                }
            }
            Event::Hits(id, hits) => {
                if let Some(session) = self.session(id) {
                    session.screen.hits(&hits);
                    session.touch();
                }
            }
        }
    }

    /// Hands something to the engine and does what comes of it: all of it and in its order,
    /// before what happens by that is handed over in turn. Else what is decided later would
    /// be done, and stored, before what was decided first.
    pub(super) fn take(&mut self, input: Input) {
        self.inputs.push_back(input);
        if std::mem::replace(&mut self.taking, true) {
            return;
        }
        while let Some(input) = self.inputs.pop_front() {
            let now = self.clock.now();
            for effect in self.engine.handle(now, input) {
                self.perform(effect);
            }
        }
        self.taking = false;
        for session in self.sessions() {
            session.touch();
        }
    }
}

/// What the place is called where a report is taken in.
const fn reported(status: &Status) -> &'static str {
    if status.exit.is_some() {
        "exit-reported"
    } else if status.written > 0 {
        "bytes-reported"
    } else if status.leader.is_some() {
        "start-reported"
    } else {
        "reported"
    }
}
