//! The command bar: history, completion, and what a line asks.

use std::collections::BTreeSet;

use crossterm::event::KeyEvent;

use super::Turn;
use crate::core::engine::Engine;
use crate::core::id::{Target, TaskId};
use crate::core::limit::LimitReport;
use crate::core::task::Task;
use crate::core::time::Timestamp;
use crate::core::wire::Request;
use crate::screen::action::Action;
use crate::screen::clock::Clock;
use crate::screen::completing::Completing;
use crate::screen::keymap::Command;
use crate::screen::mode::{Bar, Mode};
use crate::screen::remembered;
use crate::screen::screen::{Asked, Screen};
use crate::screen::text::width;
use crate::screen::words;
use crate::verb;

/// How many of the newest tasks a completion looks at.
const LIKELY: usize = 500;

impl Screen {
    /// A key in the command bar.
    pub(super) fn bar_key(&mut self, turn: &mut Turn, command: Option<Command>, key: KeyEvent) {
        match command {
            Some(Command::Accept) => {
                let line = self.bar.take();
                self.mode = Mode::Normal;
                if !line.trim().is_empty() {
                    self.run_line(turn, &line);
                }
            }
            Some(Command::Interrupt) if !self.bar.field.is_empty() => drop(self.bar.take()),
            Some(Command::Cancel | Command::Interrupt) => {
                drop(self.bar.take());
                self.mode = Mode::Normal;
            }
            Some(Command::Complete) => self.complete(turn, true),
            Some(Command::CompleteBack) => self.complete(turn, false),
            Some(Command::Older) => self.bar.recall(true),
            Some(Command::Newer) => self.bar.recall(false),
            _ => {
                self.bar.completing = None;
                self.bar.field.key(key);
            }
        }
    }

    /// Does what a line says, or tells why not and gives it back to be mended.
    pub(super) fn run_line(&mut self, turn: &mut Turn, line: &str) {
        remembered::add(&mut self.bar.history, line);
        self.context.selection = self.view.selected_text();
        match verb::parse_bar(line, &self.context) {
            Ok(asked) => {
                self.carry_out(turn, asked);
                // other screens may have had theirs stored since
                if let Some(all) = remembered::with_command(turn.engine.settings(), line) {
                    turn.out.push(Action::Remember(remembered::BAR, all));
                }
            }
            Err(why) => {
                self.fail(why);
                self.bar.field.set(line);
                self.mode = Mode::Bar;
            }
        }
    }

    /// Carries out what a verb comes down to.
    pub(super) fn carry_out(&mut self, turn: &mut Turn, asked: verb::Asked) {
        match asked {
            verb::Asked::Request(request) => {
                let asked = match request {
                    Request::Run(_) | Request::RunEach(..) => Asked::Launch,
                    Request::Show(_) | Request::Wait(_) => Asked::Look,
                    Request::List(_) => Asked::Act("the list shows them all"),
                    _ => Asked::Act(""),
                };
                self.ask(&mut turn.out, asked, request);
            }
            verb::Asked::Noted(request, line) => {
                self.carry_out(turn, verb::Asked::Request(request));
                self.fail(line);
            }
            verb::Asked::Limits(request, on) => {
                self.ask(&mut turn.out, Asked::Limits(on), request);
            }
            verb::Asked::Look(target) => self.look_at(turn, &target, false),
            verb::Asked::Why(target) => self.tell_why(turn, &target),
            verb::Asked::Page(target) => self.look_at(turn, &target, true),
            verb::Asked::Export(export) => self.export(turn, export),
            verb::Asked::Said(line) => self.say(line),
            verb::Asked::Help(text) => self.show_text("help", text),
            verb::Asked::Text(title, text) => self.show_text(&title, text),
        }
    }

    /// Opens a text of several lines.
    pub(in crate::screen) fn show_text(&mut self, title: &str, text: String) {
        let (title, scroll) = (title.to_owned(), 0);
        self.mode = Mode::Text {
            title,
            text,
            scroll,
        };
    }

    /// Shows all limits, or tells of the one that was asked about.
    pub(in crate::screen) fn show_limits(&mut self, limits: &[LimitReport], asked: &Asked) {
        let Asked::Limits(on) = asked else {
            return;
        };
        let Some(on) = on else {
            return self.show_text("limits", verb::limit_table(limits).join("\n"));
        };
        let name = on.to_string();
        match limits.iter().find(|limit| limit.name == name) {
            Some(limit) => self.say(verb::limit_line(limit)),
            None => self.fail(format!(
                "nothing that is called {name} has a limit, or is in use"
            )),
        }
    }

    fn look_at(&mut self, turn: &mut Turn, target: &Target, page: bool) {
        match turn.engine.resolve(target) {
            Ok(id) => {
                self.list.select(id);
                self.view.go_end();
                if let Some(task) = turn.engine.task(id)
                    && page
                {
                    turn.out.push(Action::Page(task.run_id()));
                }
            }
            Err(why) => self.fail(why),
        }
    }

    /// In one line, or where that is longer than the screen is wide as a text.
    fn tell_why(&mut self, turn: &mut Turn, target: &Target) {
        self.look_at(turn, target, false);
        let id = turn.engine.resolve(target);
        let Some(task) = id.ok().and_then(|id| turn.engine.task(id)) else {
            return;
        };
        // it stands there while time goes on
        let clock = Clock::new(Timestamp::default(), false, self.zone.clone());
        let standing = words::standing(task, &clock);
        let mut line = format!("{} {}: {standing}", task.id, task.spec.name);
        if let Some(because) = words::because(task, turn.engine, &self.keymap, &clock) {
            line = format!("{line}; {because}");
        }
        if width(&line) < usize::from(self.size.0) {
            self.say(line);
        } else {
            self.show_text("why", line);
        }
    }

    /// Without a file it is one in the directory that this screen was opened in.
    fn export(&mut self, turn: &mut Turn, mut asked: verb::Export) {
        let id = match turn.engine.resolve(&asked.target) {
            Ok(id) => id,
            Err(why) => return self.fail(why),
        };
        asked.target = Target::Id(id);
        let to = asked.to.get_or_insert_with(|| {
            let ending = match asked.document {
                verb::Document::Markdown => "md",
                verb::Document::Json => "json",
            };
            let dir = self.context.caller.dir.as_path();
            dir.join(format!("task-{id}.{ending}"))
        });
        let line = format!("exporting task {id} to {}", to.display());
        self.say(line);
        turn.out.push(Action::Export(asked));
    }

    fn complete(&mut self, turn: &Turn, forward: bool) {
        if let Some(completing) = &mut self.bar.completing {
            completing.step(forward);
            completing.put(&mut self.bar.field);
            return;
        }
        let line = self.bar.field.text();
        let cursor = line
            .char_indices()
            .nth(self.bar.field.cursor())
            .map_or(line.len(), |(at, _)| at);
        let found = verb::complete(&line, cursor, &self.context, likely(turn.engine));
        match Completing::new(line, found) {
            Some(completing) => {
                completing.put(&mut self.bar.field);
                self.bar.completing = (!completing.is_single()).then_some(completing);
            }
            None => self.say("nothing completes that"),
        }
    }
}

/// The tasks that a line may mean: those active, and the newest that ended.
fn likely(engine: &Engine) -> impl DoubleEndedIterator<Item = &Task> {
    let newest = engine.tasks().rev().take(LIKELY).map(|task| task.id);
    let ids: BTreeSet<TaskId> = newest.chain(engine.active_ids()).collect();
    ids.into_iter().filter_map(|id| engine.task(id))
}

impl Bar {
    /// Takes what is typed; the bar is as new.
    fn take(&mut self) -> String {
        let line = self.field.text();
        self.field.set("");
        self.back = 0;
        self.typed.clear();
        self.completing = None;
        line
    }

    /// An older command, or a newer one; past the newest what was typed.
    fn recall(&mut self, older: bool) {
        self.completing = None;
        if self.back == 0 {
            self.typed = self.field.text();
        }
        self.back = if older {
            (self.back + 1).min(self.history.len())
        } else {
            self.back.saturating_sub(1)
        };
        let line = match self.back {
            0 => &self.typed,
            back => &self.history[self.history.len() - back],
        };
        self.field.set(line);
    }
}
