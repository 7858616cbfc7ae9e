//! What clients say, and what is said to them.

use std::sync::Arc;
use std::time::Instant;

use super::event::{ClientId, Event};
use super::hub::Hub;
use super::session::{Session, bounded};
use crate::config::Trust;
use crate::core::input::{Input, Ticket};
use crate::core::place::Place;
use crate::core::wire::{
    Answer, Differs, FromClient, FromSupervisor, Greeting, Hello, PROTOCOL, Request, Returns, Role,
};
use crate::core::{first, version};
use crate::output::{Ask, Search};
use crate::screen::{Action, Look, Screen};
use crate::verb::Context;

/// Who asked, and under which number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) client: ClientId,
    number: u64,
    /// Answered again and again, each time with the whole truth.
    watch: bool,
    /// Answered when tasks come to something.
    pub(super) lasts: bool,
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
            // what follows events can come back and hear of all of them
            if !last && client.is_behind() {
                tracing::warn!("a client that follows events and reads none is let go");
                self.client_gone(asked.client);
            }
        }
    }

    fn request(&mut self, id: ClientId, number: u64, request: Request) {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        let asked = Asked {
            client: id,
            number,
            watch: matches!(request, Request::Watch(_)),
            lasts: request.lasts(),
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
        if self.leaving.is_some() || self.handover.is_some() {
            // unanswered, so that it looks for the next supervisor
            self.clients.close(id);
            return;
        }
        if matches!(hello.role, Role::Takeover) {
            self.hand_over(id, &hello);
            return;
        }
        if hello.protocol != PROTOCOL {
            let Hello {
                protocol, version, ..
            } = hello;
            self.refuse(id, &Greeting { protocol, version });
            return;
        }
        let welcome = self.welcome();
        let Some(client) = self.clients.all.get_mut(&id) else {
            return;
        };
        client.welcome = true;
        client.send(&welcome, &[]);
        if let Role::Screen(terminal) = hello.role {
            let (cols, rows) = bounded(terminal.cols, terminal.rows);
            let settings = &self.settings;
            let (clock, grace) = (settings.config.screen.clock, settings.config.task.grace);
            let look = Look::of(&terminal.caller, clock);
            let context = Context {
                caller: terminal.caller,
                grace,
                trust: Trust::at(settings.paths.trust()),
                agents: Arc::clone(&settings.config.agents),
                templates: Arc::clone(&settings.config.templates),
                selection: None,
            };
            let keymap = Arc::clone(&settings.keymap);
            let remembered = self.engine.settings();
            let mut screen =
                Screen::new(cols, rows, context, look, Arc::clone(&keymap), remembered);
            screen.configure(keymap, &settings.palette, clock, grace);
            for problem in settings.problems.iter().chain(&self.problems) {
                screen.notice(problem.clone());
            }
            let resumed = terminal
                .place
                .map_or_else(Vec::new, |place| screen.resume(Place::read(place)));
            match terminal.returns {
                None => {}
                Some(Returns::Replaced) => screen.tell(format!(
                    "the supervisor was replaced: wrangle {}",
                    version::ours()
                )),
                Some(Returns::Died) => {
                    screen.notice("the supervisor had died: this is the next; tasks went on");
                }
            }
            match Session::new(screen, cols, rows, Instant::now()) {
                Ok(session) if terminal.counts => {
                    client.session = Some(Box::new(session.counting()));
                }
                Ok(session) => client.session = Some(Box::new(session)),
                Err(error) => {
                    let line = format!("cannot draw on this terminal: {error}");
                    client.send(&FromSupervisor::Refused(line), &[]);
                    self.clients.close(id);
                    return;
                }
            }
            for action in resumed {
                self.act(id, action);
            }
        }
        self.take(Input::Joined);
    }

    /// To a client of another protocol: enough to say what is to be done.
    pub(super) fn refuse(&mut self, id: ClientId, greeting: &Greeting) {
        tracing::info!(version = %greeting.version, protocol = greeting.protocol, "a client of another protocol");
        let differs = Differs {
            version: version::ours().into(),
            protocol: PROTOCOL,
            pid: std::process::id() as i32,
        };
        let word = if greeting.protocol == first::PROTOCOL {
            let program = std::env::current_exe().unwrap_or_default();
            let line = first::refusal(version::ours(), &program.to_string_lossy());
            FromSupervisor::Refused(line)
        } else {
            FromSupervisor::Differs(differs)
        };
        self.say(id, &word);
        self.clients.close(id);
    }

    pub(super) fn client(&mut self, id: ClientId, said: FromClient) {
        if self.handover.is_some() && !matches!(said, FromClient::Drawn) {
            // unanswered: the next supervisor is asked again
            return;
        }
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
                session.heeded();
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
            Action::Remember(key, value) => {
                let key = key.into();
                self.take(Input::Remember { key, value });
            }
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
            Action::Export(asked) => self.export(id, &asked),
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
