//! The state of one client's screen.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::action::{Action, SearchAsk};
use super::areas::{Areas, Shape};
use super::clock::Clock;
use super::find::Find;
use super::keymap::{Command, Keymap};
use super::list::List;
use super::look::Look;
use super::mode::{Bar, Draft, Mode};
use super::output::View;
use super::palette::Palette;
use super::remembered;
use super::terms;
use super::theme::Theme;
use super::transcript::{Colours, Ink, Transcript};
use super::view::banner;
use super::words;
use crate::config::{Agents, Own, Templates};
use crate::core::engine::Engine;
use crate::core::id::{RunId, Target, TaskId};
use crate::core::limit::Limit;
use crate::core::task::Task;
use crate::core::time::{Now, Timestamp};
use crate::core::wire::{Answer, Pick, Request};
use crate::output::{Hits, Ring};
use crate::verb;

/// One client's screen: what it shows, where its keys go, what is half typed.
///
/// The supervisor calls, in this order: [`event`](Self::event) or, after the engine has
/// changed, [`refresh`](Self::refresh); [`shown`](Self::shown) and
/// [`layout`](Self::layout) or [`lay_out`](Self::lay_out); [`view`](super::view); [`next_change`](Self::next_change).
#[derive(Debug)]
pub struct Screen {
    pub(super) size: (u16, u16),
    pub(super) context: verb::Context,
    pub(super) look: Look,
    /// Where whoever looks is: times are shown as clocks there do.
    pub(super) zone: TimeZone,
    pub(super) theme: Theme,
    pub(super) keymap: Arc<Keymap>,
    pub(super) areas: Areas,
    pub(super) list: List,
    pub(super) view: View,
    /// Whether the keys go to the output.
    pub(super) reading: bool,
    pub(super) zoom: bool,
    /// Whether they did before the zoom.
    pub(super) was_reading: bool,
    pub(super) mode: Mode,
    pub(super) find: Option<Find>,
    pub(super) bar: Bar,
    pub(super) draft: Draft,
    pub(super) message: Option<Message>,
    asked: BTreeMap<u64, Asked>,
    next: u64,
    /// Counts searches, so that late results of an earlier one are told apart.
    pub(super) searches: u64,
    pub(super) drawn: Drawn,
}

/// A line for the person, until the next key.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) error: bool,
}

/// What a request was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// A launch: the new task gets selected.
    Launch,
    /// A look at tasks: they are told.
    Look,
    /// To pause the queue, or to let it go on.
    Pause(bool),
    /// Limits: all are shown, or this one is told.
    Limits(Option<Limit>),
    /// Anything else; this is said when it is done.
    Act(&'static str),
}

/// What the last drawing left to know.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// When a text next changes by time alone.
    pub(super) changes: Option<Timestamp>,
    /// The task whose unread end was drawn in full.
    pub(super) unread: Option<TaskId>,
    /// How far the open dialog can scroll.
    pub(super) scroll_most: usize,
}

impl Screen {
    /// A screen of `cols` by `rows` cells for a client; `context` says where from, and what
    /// holds for tasks launched here, `settings` what earlier screens had remembered.
    pub fn new(
        cols: u16,
        rows: u16,
        context: verb::Context,
        look: Look,
        keymap: Arc<Keymap>,
        settings: &BTreeMap<String, String>,
    ) -> Self {
        let draft = Draft::new(&context.caller);
        let zone = verb::zone(&context.caller).unwrap_or(TimeZone::UTC);
        let mut list = List::default();
        if remembered::is_unfolded(settings) {
            list.begin_unfolded();
        }
        Self {
            size: (cols, rows),
            context,
            look,
            zone,
            theme: Theme::of(look, &Palette::new(&Own::new()).0),
            keymap,
            areas: Areas::default(),
            list,
            view: View::default(),
            reading: false,
            zoom: false,
            was_reading: false,
            mode: Mode::Normal,
            find: None,
            bar: Bar::new(remembered::commands(settings)),
            draft,
            message: None,
            asked: BTreeMap::new(),
            next: 1,
            searches: 0,
            drawn: Drawn::default(),
        }
    }

    /// Takes on what the configuration says now: keys, colours, whether ages run, and the
    /// grace period of tasks launched here.
    pub fn configure(
        &mut self,
        keymap: Arc<Keymap>,
        palette: &Palette,
        clock: bool,
        grace: Duration,
    ) {
        self.keymap = keymap;
        self.look.clock = clock;
        self.theme = Theme::of(self.look, palette);
        if let Some(talk) = self.view.talk() {
            talk.forget();
        }
        self.context.grace = grace;
    }

    /// Other agents, and templates of prompts, hold from now on.
    pub fn equip(&mut self, agents: Arc<Agents>, templates: Arc<Templates>) {
        self.context.agents = agents;
        self.context.templates = templates;
    }

    /// The screen's size in cells: columns, rows.
    pub const fn size(&self) -> (u16, u16) {
        self.size
    }

    /// The run whose output is on this screen.
    pub fn shown(&self) -> Option<RunId> {
        (!self.areas.output.is_empty())
            .then(|| self.view.run())
            .flatten()
    }

    /// The same where it is shown as it was written: by [`layout`](Self::layout).
    pub fn shown_raw(&self) -> Option<RunId> {
        self.shown().filter(|_| !self.view.talks())
    }

    /// The same where it is shown as a conversation: by [`lay_out`](Self::lay_out).
    pub fn shown_talk(&self) -> Option<RunId> {
        self.shown().filter(|_| self.view.talks())
    }

    /// Follows what the engine has become: to be called after each change of it, before
    /// the screen is drawn. Cheap where nothing changed.
    pub fn refresh(&mut self, engine: &Engine) -> Vec<Action> {
        self.list.refresh(engine);
        let task = self.list.selected().and_then(|id| engine.task(id));
        if task.is_none() {
            self.reading = false;
            self.zoom = false;
        }
        let filter = self.list.filter().filter(|filter| !filter.is_empty());
        let title = u16::from(filter.is_some());
        let clock = Clock::new(Timestamp::default(), false, self.zone.clone());
        let says = |task| words::because(task, engine, &self.keymap, &clock).is_some();
        let shape = Shape {
            banner: banner::rows(engine, &self.zone, self.size),
            title,
            rows: self.list.len() + usize::from(title),
            zoom: self.zoom,
            output: self.reading,
            reason: task.is_some_and(says),
            facts: u16::from(task.is_some_and(terms::has_facts)),
        };
        self.areas = Areas::of(self.size, shape);
        let talks = !self.view.raw && task.is_some_and(|task| task.spec.agent.is_some());
        self.view.show(task.map(Task::run_id), talks);
        self.view
            .resize(self.areas.output.width, self.areas.output.height);
        let mut out = Vec::new();
        if let Some(find) = &self.find
            && (Some(find.run), talks) != (self.view.run(), find.talks)
        {
            self.find = None;
            self.mode.leave_search();
            out.push(Action::CancelSearch);
        }
        if matches!(self.mode, Mode::Finish { .. }) && engine.active() == 0 {
            self.mode = Mode::Normal;
            out.push(Action::Finish);
        }
        if let Mode::Kill(menu) = &mut self.mode {
            menu.refresh(engine);
        }
        out
    }

    /// Lays the shown output out; gives back the bytes of it that are not in the ring
    /// and would have to be read for the drawing to be whole.
    pub fn layout(&mut self, ring: &Ring) -> Option<Range<u64>> {
        self.view.layout(ring)
    }

    /// Lays the shown conversation out; whether there is more to be done about it at the
    /// next frame.
    pub fn lay_out(&mut self, talk: &Transcript, colours: &Colours) -> bool {
        let raw = self.keymap.key(Command::Raw);
        let ink = Ink {
            theme: &self.theme,
            unicode: self.look.unicode,
            raw: &raw,
            gaps: true,
            zone: &self.zone,
            colours: Some(colours),
        };
        match self.view.lay_out(talk, &ink) {
            Some((hits, more)) => {
                self.hits(&hits);
                more || !hits.offsets.is_empty()
            }
            None => false,
        }
    }

    /// Takes in what a search has found.
    pub fn hits(&mut self, hits: &Hits) {
        if let Some(find) = &mut self.find
            && find.generation == hits.generation
        {
            find.take(hits, &mut self.view);
        }
    }

    /// Takes in an answer to one of this screen's requests, `last` or more to follow.
    pub fn answer(&mut self, number: u64, answer: Answer, last: bool) {
        let Some(asked) = self.asked.get(&number).cloned() else {
            return;
        };
        if last {
            self.asked.remove(&number);
        }
        match answer {
            Answer::Failed(_, line) => self.fail(line),
            Answer::Aside(lines) => self.fail(lines.join("; ")),
            Answer::Done(line) => match (asked, line) {
                (Asked::Pause(pause), _) => self.say_paused(pause),
                (_, Some(line)) => self.say(line),
                (asked, None) => self.say_done(&asked),
            },
            Answer::Task(task) => match asked {
                Asked::Launch => {
                    self.list.select(task.id);
                    // what was said of it beforehand is to be read
                    if !self.message.as_ref().is_some_and(|message| message.error) {
                        let reason = task.reason.filter(|_| task.state == "queued");
                        self.say(match reason {
                            Some(reason) => format!("{} {} queued: {reason}", task.id, task.name),
                            None => format!("launched {} {}", task.id, task.name),
                        });
                    }
                }
                Asked::Look => {
                    self.list.select(task.id);
                    let reason = task
                        .reason
                        .map_or_else(String::new, |why| format!(": {why}"));
                    self.say(format!(
                        "{} {} is {}{reason}",
                        task.id, task.name, task.state
                    ));
                }
                Asked::Pause(_) | Asked::Limits(_) | Asked::Act(_) => {}
            },
            Answer::Limits(limits) => self.show_limits(&limits, &asked),
            Answer::Tasks(tasks) if asked == Asked::Launch => {
                let waiting = tasks.iter().filter(|task| task.state == "queued");
                let (all, waiting) = (tasks.len(), waiting.count());
                self.say(format!("launched {all} tasks, of which {waiting} wait"));
            }
            Answer::Tools(calls) if calls.is_empty() => self.say("it has called no tool"),
            Answer::Tools(calls) => self.show_text("tools", verb::tools_table(&calls).join("\n")),
            Answer::Stats(lines) if lines.is_empty() => self.say("no agent has run"),
            Answer::Stats(lines) => self.show_text("stats", verb::stats_table(&lines).join("\n")),
            Answer::Tasks(_) | Answer::Events(_) => self.say_done(&asked),
        }
    }

    fn say_done(&mut self, asked: &Asked) {
        if let Asked::Act(done) = asked
            && !done.is_empty()
        {
            self.say(*done);
        }
    }

    fn say_paused(&mut self, pause: bool) {
        let key = self.keymap.key(Command::PauseQueue);
        self.say(if pause {
            format!("queue paused: what runs goes on, nothing starts until {key}")
        } else {
            "the queue goes on".into()
        });
    }

    /// Puts a line before the person that says what went wrong outside of this screen,
    /// until the next key.
    pub fn notice(&mut self, line: impl Into<String>) {
        self.fail(line);
    }

    /// Puts a line before the person that says what happened outside of this screen, until
    /// the next key.
    pub fn tell(&mut self, line: impl Into<String>) {
        self.say(line);
    }

    /// How long after `now` something on this screen next changes by time alone, as the
    /// last drawing had it; `None` where nothing does.
    pub fn next_change(&self, now: Now) -> Option<Duration> {
        self.drawn.changes.map(|at| now.wall.until(at))
    }

    /// Asks the engine.
    pub(super) fn ask(&mut self, out: &mut Vec<Action>, asked: Asked, request: Request) {
        let number = self.next;
        self.next += 1;
        self.asked.insert(number, asked);
        out.push(Action::Request(number, request));
    }

    /// Stops a task: by force where it is being stopped already.
    pub(super) fn revoke(&mut self, out: &mut Vec<Action>, id: TaskId, force: bool) {
        let request = Request::Revoke {
            pick: vec![Target::Id(id)].into(),
            all: false,
            force,
            wait: false,
        };
        self.ask(out, Asked::Act(""), request);
    }

    /// Stops every task.
    pub(super) fn revoke_all(&mut self, out: &mut Vec<Action>, force: bool) {
        let request = Request::Revoke {
            pick: Pick::default(),
            all: true,
            force,
            wait: false,
        };
        self.ask(out, Asked::Act(""), request);
    }

    /// Begins a search of the shown output, or changes what is searched.
    pub(super) fn search(&mut self, out: &mut Vec<Action>, text: &str) {
        let Some(run) = self.view.run() else {
            return;
        };
        self.searches += 1;
        let from = self
            .find
            .take()
            .map_or_else(|| self.view.position(), |find| find.from);
        let find = Find::new(self.searches, (run, self.view.talks()), text, from);
        let sought = find.pattern.as_ref().map(Arc::clone);
        match (self.view.talk(), sought) {
            (Some(talk), sought) => {
                talk.seek(sought.map(|pattern| (self.searches, pattern)));
            }
            (None, Some(pattern)) => out.push(Action::Search(SearchAsk {
                generation: self.searches,
                run,
                pattern,
            })),
            (None, None) => out.push(Action::CancelSearch),
        }
        self.view.highlight(find.pattern.clone());
        self.find = Some(find);
    }

    /// Ends the search; the output stays where it is.
    pub(super) fn end_search(&mut self, out: &mut Vec<Action>) {
        if self.find.take().is_some() {
            self.view.highlight(None);
            match self.view.talk() {
                Some(talk) => talk.seek(None),
                None => out.push(Action::CancelSearch),
            }
        }
    }

    /// Puts a line before the person.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.message = Some(Message {
            text: text.into(),
            error: false,
        });
    }

    /// Puts a line before the person that says what went wrong.
    pub(super) fn fail(&mut self, text: impl Into<String>) {
        self.message = Some(Message {
            text: text.into(),
            error: true,
        });
    }
}
