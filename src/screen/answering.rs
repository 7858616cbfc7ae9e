//! Persons and agents: questions answered, messages sent, turns broken off.

use crossterm::event::KeyEvent;

use super::input::Turn;
use super::keymap::Command;
use super::mode::Mode;
use super::screen::{Asked, Screen};
use super::widget::Field;
use crate::core::agent::asked::Which;
use crate::core::agent::event::Question;
use crate::core::agent::plan::Feed;
use crate::core::agent::story::Story;
use crate::core::id::Target;
use crate::core::task::{State, Task};
use crate::core::wire::Request;
use crate::verb;

/// Rows that a key scrolls a question by: fewer than are seen of it on small screens, too.
const READ: usize = 4;

/// The question of a task that is answered next.
pub(super) fn asked(task: &Task) -> Option<&Question> {
    Some(&task.run.story.as_deref()?.oldest()?.question)
}

/// The question of this name, where it still is open.
pub(super) fn meant<'a>(task: &'a Task, request: &str) -> Option<&'a Question> {
    let which = Which::Request(request.into());
    let asked = task.run.story.as_deref()?.meant(Some(&which))?;
    Some(&asked.question)
}

/// Whether an agent is in a turn that can be broken off.
pub(super) fn can_be_interrupted(task: &Task) -> bool {
    let agent = task.spec.agent.as_deref();
    agent.is_some_and(|agent| agent.feed == Feed::Talk)
        && matches!(task.state(), State::Running { .. })
}

impl Screen {
    /// Opens the line that answers what a task asks.
    pub(super) fn open_answer(&mut self, task: &Task) {
        match asked(task) {
            Some(question) => {
                let request = question.request.clone();
                self.mode = Mode::Answer {
                    field: Box::new(Field::lines("")),
                    id: task.id,
                    request,
                    scroll: 0,
                };
            }
            None => self.say(format!("{} {} asks nothing", task.id, task.spec.name)),
        }
    }

    /// A key while an answer is typed.
    pub(super) fn answer_key(&mut self, turn: &mut Turn, command: Option<Command>, key: KeyEvent) {
        let most = self.drawn.scroll_most;
        let Mode::Answer {
            field,
            id,
            request,
            scroll,
        } = &mut self.mode
        else {
            return;
        };
        match command {
            Some(Command::Accept) => {
                let (text, id) = (field.text(), *id);
                let question = Which::Request(request.clone());
                let open = turn.engine.task(id).and_then(|task| meant(task, request));
                if open.is_none() {
                    self.mode = Mode::Normal;
                    self.fail(format!("task {id} no longer asks that"));
                    return;
                }
                match verb::reply(&[text]) {
                    Ok(reply) => {
                        let target = Target::Id(id);
                        self.mode = Mode::Normal;
                        let request = Request::Answer {
                            target,
                            reply,
                            question: Some(question),
                        };
                        self.ask(&mut turn.out, Asked::Act("answered"), request);
                    }
                    Err(why) => self.fail(why),
                }
            }
            Some(Command::ReadBack) => *scroll = scroll.saturating_sub(READ),
            Some(Command::ReadOn) => *scroll = (*scroll + READ).min(most),
            Some(Command::Interrupt) if !field.is_empty() => field.set(""),
            Some(Command::Cancel | Command::Interrupt) => self.mode = Mode::Normal,
            _ => field.key(key),
        }
    }

    /// Opens the line for a message, or for a task's standard input.
    pub(super) fn open_send(&mut self, task: &Task) {
        let (id, name) = (task.id, &task.spec.name);
        let agent = task.spec.agent.as_deref();
        let opens = match agent {
            Some(agent) => agent.resume.is_some() || can_be_interrupted(task),
            None => task.is_active() && task.spec.stdin,
        };
        if opens {
            // what was refused can be said again
            let refused = task.run.story.as_deref().map_or(&[][..], Story::refused);
            let texts: Vec<&str> = refused.iter().map(|it| it.text.as_str()).collect();
            self.mode = Mode::Send {
                field: Box::new(Field::lines(&texts.join("\n\n"))),
                id,
                fork: false,
            };
        } else if let Some(agent) = agent {
            self.fail(format!(
                "{id} {name}: nothing can be said to {} any more; run it anew",
                agent.name
            ));
        } else if task.is_active() {
            self.fail(format!(
                "{id} {name} reads no input: launch it with --stdin to send to it"
            ));
        } else {
            self.fail(format!("{id} {name} has ended: nobody reads"));
        }
    }

    /// Opens the line for a message with which an ended agent goes another way.
    pub(super) fn open_fork(&mut self, task: &Task) {
        let (id, name) = (task.id, &task.spec.name);
        let why = match task.spec.agent.as_deref() {
            None => "is no agent's: there is no conversation to go another way from".into(),
            Some(agent) if agent.fork.is_none() => {
                format!("{} can't go another way from where it was", agent.name)
            }
            Some(_) if task.is_active() => {
                format!(
                    "is {}: another way can be tried once it has ended",
                    task.state().word()
                )
            }
            Some(_) => {
                self.mode = Mode::Send {
                    field: Box::new(Field::lines("")),
                    id,
                    fork: true,
                };
                return;
            }
        };
        self.fail(format!("{id} {name} {why}"));
    }

    /// A key while a line to a task is typed. What interrupts there breaks off the agent's
    /// turn, which is no revoke: it stays.
    pub(super) fn send_key(&mut self, turn: &mut Turn, command: Option<Command>, key: KeyEvent) {
        let Mode::Send { field, id, fork } = &mut self.mode else {
            return;
        };
        let (id, fork) = (*id, *fork);
        let breaks_off = turn.engine.task(id).is_some_and(can_be_interrupted);
        match command {
            Some(Command::Accept) => {
                let text = field.text();
                self.mode = Mode::Normal;
                let request = Request::Send {
                    target: Target::Id(id),
                    text,
                    fork,
                    caller: self.context.caller.clone(),
                };
                self.ask(&mut turn.out, Asked::Act("sent"), request);
            }
            // what is typed stays: it may be why
            Some(Command::Interrupt) if breaks_off => {
                let request = Request::Interrupt(Target::Id(id));
                self.ask(&mut turn.out, Asked::Act("its turn is broken off"), request);
            }
            Some(Command::Interrupt) if !field.is_empty() => field.set(""),
            Some(Command::Cancel | Command::Interrupt) => self.mode = Mode::Normal,
            _ => field.key(key),
        }
    }
}
