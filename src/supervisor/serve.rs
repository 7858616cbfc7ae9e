//! What clients say, and what is said to them.

use std::sync::Arc;
use std::time::Instant;

use super::event::{ClientId, Event};
use super::hub::Hub;
use super::session::{Session, bounded};
use crate::core::input::{Input, Ticket};
use crate::core::wire::{
    Answer, FromClient, FromSupervisor, Hello, PROTOCOL, Request, Role, Welcome,
};
use crate::output::{Ask, Search};
use crate::screen::{Action, Look, Screen};
use crate::verb::Context;

/// Who asked, and under which number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    client: ClientId,
    number: u64,
    /// Answered again and again, each time with the whole truth.
    watch: bool,
}

impl Hub {
    pub(super) fn answer(&mut self, ticket: Ticket, answer: Answer, last: bool) {
        let found = if last {
            self.tickets.remove(&ticket)
        } else {
            self.tickets.get(&ticket).copied()
        };
        let Some(asked) = found else { return };
        let Some(client) = self.clients.all.get_mut(&asked.client) else {
            return;
        };
        if let Some(session) = client.session.as_mut() {
            session.screen.answer(asked.number, answer, last);
            session.touch();
        } else if asked.watch && !last {
            client.news(asked.number, answer);
        } else {
            client.waiting.remove(&asked.number);
            client.send(&FromSupervisor::Answer(asked.number, answer, last), &[]);
        }
    }

    fn request(&mut self, id: ClientId, number: u64, request: Request) {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        let asked = Asked {
            client: id,
            number,
            watch: matches!(request, Request::Watch(_)),
        };
        self.tickets.insert(ticket, asked);
        let watched = match &request {
            Request::Watch(target) => self.engine.resolve(target).ok(),
            _ => None,
        };
        self.take(Input::Request(ticket, request));
        if let Some(task) = watched.and_then(|id| self.engine.task(id)) {
            self.shims.hasten(task.run_id(), Instant::now());
        }
    }

    pub(super) fn hello(&mut self, id: ClientId, hello: Hello) {
        if self.leaving.is_some() {
            // unanswered, so that it looks for the next supervisor
            self.clients.close(id);
            return;
        }
        let Some(client) = self.clients.all.get_mut(&id) else {
            return;
        };
        let version = env!("CARGO_PKG_VERSION");
        if hello.protocol != PROTOCOL {
            let line = format!(
                "the running supervisor is wrangle {version} (protocol {PROTOCOL}), this is {} (protocol {}); use the same program, or wrangle shutdown first",
                hello.version, hello.protocol
            );
            client.send(&FromSupervisor::Refused(line), &[]);
            self.clients.close(id);
            return;
        }
        client.welcome = true;
        let welcome = Welcome {
            version: version.into(),
            pid: std::process::id() as i32,
            data: self.data.clone().into(),
            trouble: self.engine.store_trouble().map(str::to_owned),
        };
        client.send(&FromSupervisor::Welcome(welcome), &[]);
        if let Role::Screen(terminal) = hello.role {
            let (cols, rows) = bounded(terminal.cols, terminal.rows);
            let look = Look::of(&terminal.caller, self.clock_shown);
            let context = Context {
                caller: terminal.caller,
                grace: self.grace,
            };
            let mut screen = Screen::new(cols, rows, context, look, Arc::clone(&self.keymap));
            for problem in &self.problems {
                screen.notice(problem.clone());
            }
            match Session::new(screen, cols, rows, Instant::now()) {
                Ok(session) => client.session = Some(Box::new(session)),
                Err(error) => {
                    let line = format!("cannot draw on this terminal: {error}");
                    client.send(&FromSupervisor::Refused(line), &[]);
                    self.clients.close(id);
                    return;
                }
            }
        }
        self.take(Input::Joined);
    }

    pub(super) fn client(&mut self, id: ClientId, said: FromClient) {
        if !self
            .clients
            .all
            .get(&id)
            .is_some_and(|client| client.welcome)
        {
            return;
        }
        match said {
            FromClient::Request(number, request) => self.request(id, number, request),
            FromClient::Drawn => {
                let Some(client) = self.clients.all.get_mut(&id) else {
                    return;
                };
                match client.session.as_deref_mut() {
                    Some(session) => session.drawn(),
                    None => client.taken_in(),
                }
            }
            FromClient::Event(mut event) => {
                if let crossterm::event::Event::Resize(cols, rows) = &mut event {
                    (*cols, *rows) = bounded(*cols, *rows);
                }
                let engine = &self.engine;
                let Some(session) = self
                    .clients
                    .all
                    .get_mut(&id)
                    .and_then(|client| client.session.as_deref_mut())
                else {
                    return;
                };
                if let crossterm::event::Event::Resize(cols, rows) = event {
                    session.resize(cols, rows);
                }
                let actions = session.screen.event(engine, event);
                session.touch_now();
                for action in actions {
                    self.act(id, action);
                }
            }
        }
    }

    /// What a key on a screen comes to.
    pub(super) fn act(&mut self, id: ClientId, action: Action) {
        match action {
            Action::Request(number, request) => self.request(id, number, request),
            Action::Seen(task) => self.take(Input::Seen(task)),
            Action::Detach => self.dismiss(id),
            Action::Finish => {
                self.dismiss(id);
                // somebody may have launched something meanwhile, or still look on
                if self.engine.active() == 0 && self.sessions().next().is_none() {
                    self.take(Input::Shutdown { force: false });
                }
            }
            Action::Copy(text) => self.say(id, &FromSupervisor::Copy(text)),
            Action::Page(run) => {
                let title = format!("task {run}");
                let log = self.engine.rules().run_dir(run).into();
                self.say(id, &FromSupervisor::Page { log, title });
            }
            Action::Search(ask) => {
                let answers = self.to_answers.clone();
                let ask = Ask {
                    generation: ask.generation,
                    dir: self.engine.rules().run_dir(ask.run),
                    pattern: ask.pattern,
                };
                let search = Search::start(ask, move |hits| {
                    answers.send(Event::Hits(id, hits)).ok();
                });
                if let Some(session) = self.session(id) {
                    if let Err(error) = &search {
                        session.screen.notice(format!("cannot search: {error}"));
                    }
                    session.search = search.ok();
                }
            }
            Action::CancelSearch => {
                if let Some(session) = self.session(id) {
                    session.search = None;
                }
            }
        }
    }

    /// Ends a screen.
    pub(super) fn dismiss(&mut self, id: ClientId) {
        self.say(id, &FromSupervisor::Bye(None));
        self.client_gone(id);
    }

    fn say(&self, id: ClientId, line: &FromSupervisor) {
        if let Some(client) = self.clients.all.get(&id) {
            client.send(line, &[]);
        }
    }

    pub(super) fn client_gone(&mut self, id: ClientId) {
        let Some(client) = self.clients.all.get(&id) else {
            return;
        };
        let joined = client.welcome;
        self.clients.close(id);
        let tickets: Vec<Ticket> = self
            .tickets
            .iter()
            .filter(|(_, asked)| asked.client == id)
            .map(|(ticket, _)| *ticket)
            .collect();
        for ticket in tickets {
            self.tickets.remove(&ticket);
            self.take(Input::Forget(ticket));
        }
        if joined {
            self.take(Input::Left);
        }
    }
}
