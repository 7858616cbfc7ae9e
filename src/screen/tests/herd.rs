//! A herd without processes, and a person before it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::config::{Config, Own, Trust};
use crate::core::agent::event::AgentEvent;
use crate::core::agent::plan::{Agent, Budget, Feed, Speech};
use crate::core::attention::Attention;
use crate::core::engine::{Engine, Keep, Rules};
use crate::core::event::By;
use crate::core::id::{Ident, RunId, Target, TaskId};
use crate::core::input::{Found, Heard, Input, Remains, Ticket};
use crate::core::limit::Limits;
use crate::core::limit::{Limit, SetTo};
use crate::core::record::Record;
use crate::core::shim::{Status, StopBy, Stopping};
use crate::core::task::{AfterExit, Exit, Kind, Outcome, Run, Spec, State, Task};
use crate::core::time::{Now, Timestamp};
use crate::core::wire::{Caller, Request, RunRequest};
use crate::output::Ring;
use crate::screen::keymap::Chord;
use crate::screen::transcript::{Colours, Progress, Transcript, item};
use crate::screen::{Action, Depth, Keymap, Look, Screen, view};
use crate::verb::Context;

/// 2026-11-21 12:00:00 UTC.
const START: u64 = 1_795_262_400_000;

/// A herd, a screen on it, and the time.
pub(super) struct Desk {
    pub(super) engine: Engine,
    pub(super) screen: Screen,
    pub(super) actions: Vec<Action>,
    rings: BTreeMap<RunId, Ring>,
    talks: BTreeMap<RunId, Transcript>,
    colours: Colours,
    statuses: BTreeMap<TaskId, Status>,
    now: u64,
    tickets: u64,
    looks: bool,
}

/// The event of a key as the keymap writes it.
pub(super) fn key(text: &str) -> Event {
    let chord: Chord = text.parse().unwrap();
    Event::Key(chord.event())
}

pub(super) fn screen(cols: u16, rows: u16, look: Look) -> Screen {
    screen_that_knows(cols, rows, look, &BTreeMap::new())
}

/// An agent that is there on every machine: the first by its name.
const AGENT: &str = "[agents.a1]\nprogram = \"/bin/sh\"\nargs = [\"{prompt}\"]\n";

/// A screen that earlier ones have had something remembered for.
pub(super) fn screen_that_knows(
    cols: u16,
    rows: u16,
    look: Look,
    settings: &BTreeMap<String, String>,
) -> Screen {
    let (keymap, trouble) = Keymap::new(&Own::new());
    assert_eq!(trouble, Vec::<String>::new());
    let context = Context {
        caller: Caller {
            dir: "/".into(),
            env: vec![
                ("HOME".into(), "/home/ada".into()),
                ("TZ".into(), "UTC".into()),
            ],
        },
        grace: Duration::from_secs(10),
        trust: Trust::at("/none".into()),
        agents: Config::parse(AGENT, "").unwrap().agents,
        templates: Arc::default(),
        selection: None,
    };
    Screen::new(cols, rows, context, look, Arc::new(keymap), settings)
}

pub(super) const LOOK: Look = Look {
    depth: Depth::Ansi,
    unicode: true,
    clock: true,
};

/// What a task is to do.
pub(super) fn spec(name: &str, command: &str) -> Spec {
    Spec {
        name: name.into(),
        kind: Kind::Command,
        argv: vec!["sh".into(), "-c".into(), command.into()],
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

impl Desk {
    pub(super) fn new(cols: u16, rows: u16) -> Self {
        let engine = Engine::new(
            Rules {
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
                prices: crate::core::agent::price::Prices::default(),
                given: std::collections::BTreeMap::new(),
                hooked: std::collections::BTreeSet::new(),
            },
            0,
        );
        let mut desk = Self {
            engine,
            screen: screen(cols, rows, LOOK),
            actions: Vec::new(),
            rings: BTreeMap::new(),
            talks: BTreeMap::new(),
            colours: Colours::default(),
            statuses: BTreeMap::new(),
            now: START,
            tickets: 0,
            looks: true,
        };
        desk.engine.handle(desk.now(), Input::Open);
        desk.engine.handle(desk.now(), Input::Joined);
        desk.refresh();
        desk
    }

    pub(super) fn now(&self) -> Now {
        Now {
            mono: Duration::from_millis(self.now - START),
            wall: Timestamp(self.now),
        }
    }

    /// Time passes.
    pub(super) fn wait(&mut self, seconds: u64) {
        self.now += seconds * 1_000;
    }

    /// Much happens between two looks.
    pub(super) fn blink(&mut self, happens: impl FnOnce(&mut Self)) {
        self.looks = false;
        happens(self);
        self.looks = true;
        self.refresh();
    }

    fn refresh(&mut self) {
        if !self.looks {
            return;
        }
        let actions = self.screen.refresh(&self.engine);
        self.actions.extend(actions);
    }

    /// The engine is asked, and what it wants stored is stored.
    pub(super) fn ask(&mut self, request: Request) {
        self.tickets += 1;
        self.input(Input::Request(Ticket(self.tickets), request));
    }

    pub(super) fn input(&mut self, input: Input) {
        let now = self.now();
        self.engine.handle(now, input);
        self.refresh();
    }

    /// A task is launched; its shim has not reported yet.
    pub(super) fn start(&mut self, name: &str, command: &str) -> TaskId {
        self.launch(name, command, false)
    }

    pub(super) fn launch(&mut self, name: &str, command: &str, stdin: bool) -> TaskId {
        let mut spec = spec(name, command);
        spec.stdin = stdin;
        self.ask(Request::Run(Box::new(RunRequest::new(spec, Vec::new()))));
        let task = self.engine.tasks().next_back().unwrap();
        task.id
    }

    /// A task is launched under other terms.
    pub(super) fn queue(
        &mut self,
        name: &str,
        command: &str,
        change: impl FnOnce(&mut RunRequest),
    ) -> TaskId {
        let mut request = RunRequest::new(spec(name, command), Vec::new());
        change(&mut request);
        self.ask(Request::Run(Box::new(request)));
        let task = self.engine.tasks().next_back().unwrap();
        task.id
    }

    /// So many of a lane may run at once.
    pub(super) fn limit(&mut self, lane: &str, most: u32) {
        self.ask(Request::SetLimit {
            limit: Limit::Lane(lane.into()),
            to: SetTo::Most(Some(most)),
            new: true,
        });
    }

    /// A task that runs.
    pub(super) fn run(&mut self, name: &str, command: &str) -> TaskId {
        let id = self.start(name, command);
        self.begin(id);
        id
    }

    pub(super) fn begin(&mut self, id: TaskId) {
        let at = Timestamp(self.now);
        self.report(id, |status| {
            status.leader = Some(Ident {
                pid: 4000,
                start: 1,
            });
            status.started = Some(at);
            status.left = 1;
        });
    }

    /// A task that ended in the past is read from disk.
    pub(super) fn recover(&mut self, number: u32, attention: Attention, spec: Spec) {
        self.recover_with(number, attention, spec, |_| {});
    }

    /// The same, with something about it changed.
    pub(super) fn recover_with(
        &mut self,
        number: u32,
        attention: Attention,
        spec: Spec,
        change: impl FnOnce(&mut Task),
    ) {
        let at = Timestamp(START - 60_000);
        let mut run = Run::new(1, at);
        run.started = Some(at);
        let outcome = match attention {
            Attention::FailedUnread => Outcome::Failed(1),
            _ => Outcome::Succeeded,
        };
        run.state = State::Ended { outcome, at };
        let mut task = Task {
            attention,
            ..Task::new(TaskId(number), spec, run)
        };
        change(&mut task);
        let record = Record {
            boot: "b".into(),
            task,
            env: None,
        };
        let gone = Found::Gone {
            remains: Remains::default(),
            same_boot: false,
        };
        self.input(Input::Recovered(Box::new(record), gone, By::Crash));
    }

    /// A person opens another screen, of the same size.
    pub(super) fn reopen(&mut self) {
        let (cols, rows) = self.screen.size();
        self.screen = screen_that_knows(cols, rows, LOOK, self.engine.settings());
        self.actions.clear();
        self.refresh();
    }

    /// What screens want remembered is.
    pub(super) fn remember(&mut self) {
        for action in self.taken() {
            if let Action::Remember(key, value) = action {
                let key = key.into();
                self.input(Input::Remember { key, value });
            }
        }
    }

    /// Its shim reports.
    pub(super) fn report(&mut self, id: TaskId, change: impl FnOnce(&mut Status)) {
        let run = self.engine.task(id).unwrap().run_id();
        let status = self.statuses.entry(id).or_insert_with(|| fresh(run));
        if status.run != run {
            *status = fresh(run);
        }
        change(status);
        status.seq += 1;
        let status = status.clone();
        self.input(Input::Status(Box::new(status)));
    }

    /// Its leader ends; so many are left.
    pub(super) fn exit(&mut self, id: TaskId, exit: Exit, left: u32) {
        let at = Timestamp(self.now);
        self.report(id, |status| {
            status.exit = Some(exit);
            status.exited = Some(at);
            status.exit_in_stop = status.stopping.is_some();
            status.left = left;
            status.example = (left > 0).then(|| "sleep 300".into());
            status.empty = left == 0;
            status.drained = left == 0;
        });
    }

    /// The shim begins what the engine ordered.
    pub(super) fn stopping(&mut self, id: TaskId, grace: Option<u64>) {
        let kill_at = grace.map(|seconds| Timestamp(self.now + seconds * 1_000));
        self.report(id, |status| {
            status.stopping = Some(Stopping {
                kill_at,
                by: StopBy::Order,
            });
        });
    }

    /// A person revokes it elsewhere.
    pub(super) fn revoke(&mut self, id: TaskId) {
        self.ask(Request::Revoke {
            pick: vec![Target::Id(id)].into(),
            all: false,
            force: false,
            wait: false,
        });
    }

    /// It writes.
    pub(super) fn write(&mut self, id: TaskId, text: &str) {
        let run = self.engine.task(id).unwrap().run_id();
        let ring = self.rings.entry(run).or_default();
        let from = ring.bounds().end;
        let end = from + text.len() as u64;
        ring.set_bounds(0, end);
        ring.insert(from, text.as_bytes());
        let at = Timestamp(self.now);
        self.report(id, |status| {
            status.written = end;
            status.last_output = Some(at);
        });
    }

    /// An agent that runs.
    pub(super) fn agent(&mut self, name: &str, prompt: &str) -> TaskId {
        self.agent_that(name, prompt, None)
    }

    /// The same of one that may go on with its conversation by such a command.
    pub(super) fn agent_that(
        &mut self,
        name: &str,
        prompt: &str,
        resume: Option<&[&str]>,
    ) -> TaskId {
        let mut spec = spec(name, "claude");
        spec.kind = Kind::Agent;
        spec.stdin = true;
        spec.agent = Some(Box::new(Agent {
            name: "claude".into(),
            speech: Speech::Claude,
            feed: Feed::Talk,
            prompt: prompt.into(),
            resume: resume.map(|words| words.iter().map(|word| (*word).into()).collect()),
            fork: Some(vec!["claude".into(), "--fork".into(), "{session}".into()]),
            budget: Budget::default(),
            forgets_unanswered: false,
            stop_signal: None,
            permission: None,
        }));
        self.ask(Request::Run(Box::new(RunRequest::new(spec, Vec::new()))));
        let id = self.engine.tasks().next_back().unwrap().id;
        self.begin(id);
        let run = self.engine.task(id).unwrap().run_id();
        self.talks.insert(run, Transcript::new(Some(prompt)));
        id
    }

    /// An agent says and does that, for the screen.
    pub(super) fn says(&mut self, id: TaskId, events: Vec<AgentEvent>) {
        let run = self.engine.task(id).unwrap().run_id();
        let talk = self.talks.entry(run).or_default();
        for item in events.into_iter().filter_map(item) {
            talk.take(item);
        }
        talk.reached(Progress::default(), true);
    }

    /// An agent ends, and all that it wrote is heard.
    pub(super) fn ends(&mut self, id: TaskId, exit: Exit) {
        self.exit(id, exit, 0);
        let run = self.engine.task(id).unwrap().run_id();
        self.input(Input::Heard(Box::new(Heard {
            run,
            events: Vec::new(),
            replies: Vec::new(),
            at: (0, serde_json::Value::Null),
            said: false,
            over: true,
        })));
    }

    /// The engine hears of an agent, and the screen shows it.
    pub(super) fn hears(&mut self, id: TaskId, events: Vec<AgentEvent>) {
        let run = self.engine.task(id).unwrap().run_id();
        self.input(Input::Heard(Box::new(Heard {
            run,
            events: events.clone(),
            replies: Vec::new(),
            at: (0, serde_json::Value::Null),
            said: false,
            over: false,
        })));
        self.says(id, events);
    }

    /// Keys are pressed, one after another; what the screen wants done is kept.
    pub(super) fn press(&mut self, keys: &str) -> &mut Self {
        for text in keys.split_whitespace() {
            self.event(key(text));
        }
        self
    }

    /// Letters are typed.
    pub(super) fn type_in(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            let text = if c == ' ' {
                "Space".into()
            } else {
                c.to_string()
            };
            self.event(key(&text));
        }
        self
    }

    pub(super) fn event(&mut self, event: Event) {
        let actions = self.screen.event(&self.engine, event);
        self.actions.extend(actions);
    }

    /// The mouse clicks at a cell.
    pub(super) fn click(&mut self, column: u16, row: u16) {
        for kind in [
            MouseEventKind::Down(MouseButton::Left),
            MouseEventKind::Up(MouseButton::Left),
        ] {
            let modifiers = KeyModifiers::NONE;
            self.event(Event::Mouse(MouseEvent {
                kind,
                column,
                row,
                modifiers,
            }));
        }
    }

    /// What the screen has wanted done since.
    pub(super) fn taken(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// What it asked the engine since, which does it and answers.
    pub(super) fn requests(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        for action in self.taken() {
            if let Action::Request(_, request) = action {
                self.ask(request.clone());
                requests.push(request);
            }
        }
        requests
    }

    /// The screen as it looks now.
    pub(super) fn draw(&mut self) -> Terminal<TestBackend> {
        let (cols, rows) = self.screen.size();
        let mut terminal = Terminal::new(TestBackend::new(cols, rows)).unwrap();
        if let Some(run) = self.screen.shown_talk() {
            let talk = self.talks.entry(run).or_default();
            while self.screen.lay_out(talk, &self.colours) {}
            // what is wanted of code is known by the next frame
            while let Some(wanted) = self.colours.next() {
                self.colours.learn(&wanted);
            }
            while self.screen.lay_out(talk, &self.colours) {}
        }
        if let Some(run) = self.screen.shown_raw() {
            let ring = self.rings.entry(run).or_default();
            self.screen.layout(ring);
        }
        let now = self.now();
        terminal
            .draw(|frame| view(frame, &self.engine, &mut self.screen, now))
            .unwrap();
        terminal
    }

    /// The same as text, trailing blanks cut.
    pub(super) fn text(&mut self) -> String {
        let terminal = self.draw();
        let buffer = terminal.backend().buffer();
        let width = usize::from(buffer.area.width.max(1));
        let rows = buffer.content.chunks(width).map(|row| {
            let mut skip = 0;
            let mut text = String::new();
            for cell in row {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                text.push_str(cell.symbol());
                skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
            }
            text.trim_end().to_owned() + "\n"
        });
        rows.collect()
    }
}

fn fresh(run: RunId) -> Status {
    Status {
        run,
        seq: 0,
        shim: Ident {
            pid: 3999,
            start: 1,
        },
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
