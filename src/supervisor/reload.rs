//! Reading the configuration anew: all of it or, where something is wrong, nothing.

use std::sync::Arc;

use super::entry;
use super::event::Event;
use super::hub::Hub;
use crate::config::{Config, Paths, in_short};
use crate::core::input::{Input, Ticket};
use crate::core::wire::{Answer, Failure};
use crate::screen::{Keymap, Palette};

/// Said when it is done.
const DONE: &str = "the configuration is read anew";

/// What of the configuration the loop itself uses.
pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) paths: Paths,
    pub(super) keymap: Arc<Keymap>,
    pub(super) palette: Palette,
    /// What is wrong with keys and colours; every screen says the last of it.
    pub(super) problems: Vec<String>,
    /// How often it was to be read anew, and which of these holds: threads may overtake
    /// each other.
    asked: u64,
    holds: u64,
}

impl Settings {
    pub(super) fn new(config: &Config, paths: &Paths) -> Self {
        let (keymap, mut problems) = Keymap::new(&config.keys);
        let (palette, colours) = Palette::new(&config.theme);
        problems.extend(colours);
        Self {
            config: config.clone(),
            paths: paths.clone(),
            keymap: Arc::new(keymap),
            palette,
            problems,
            asked: 0,
            holds: 0,
        }
    }
}

impl Hub {
    /// Has the configuration read anew, on a thread of its own: its disk may take long.
    /// Without a ticket it was a signal that asked.
    pub(super) fn reload(&mut self, ticket: Option<Ticket>) {
        self.settings.asked += 1;
        let asked = self.settings.asked;
        let sources = self.settings.config.sources().clone();
        let answers = self.to_answers.clone();
        let work = move || {
            let read = Config::read(&sources).map(Box::new);
            answers.send(Event::Reloaded(ticket, asked, read)).ok();
        };
        let thread = std::thread::Builder::new().name("reload".into());
        if let Err(error) = thread.spawn(work) {
            self.keep_old(ticket, &[format!("no thread to read it: {error}")]);
        }
    }

    /// Takes on what was read; or keeps what holds, and says why.
    pub(super) fn reloaded(
        &mut self,
        ticket: Option<Ticket>,
        asked: u64,
        read: Result<Box<Config>, Vec<String>>,
    ) {
        let config = match read {
            Ok(config) => config,
            Err(problems) => return self.keep_old(ticket, &problems),
        };
        let settings = Settings::new(&config, &self.settings.paths);
        if !settings.problems.is_empty() {
            return self.keep_old(ticket, &settings.problems);
        }
        if asked > self.settings.holds {
            self.settings = Settings {
                asked: self.settings.asked,
                holds: asked,
                ..settings
            };
            self.take_on(&config);
        }
        tracing::info!("{DONE}");
        if let Some(ticket) = ticket {
            self.answer(ticket, Answer::Done(Some(DONE.into())), true);
        }
    }

    fn take_on(&mut self, config: &Config) {
        let boot = self.engine.rules().boot.clone();
        let rules = entry::rules(config, &self.settings.paths, boot);
        self.take(Input::Rules(Box::new(rules)));
        self.hooks.configure(config.hooks.clone());
        self.outputs.set_cap(config.output.ring);
        let Self {
            settings, clients, ..
        } = self;
        let sessions = clients.all.values_mut();
        for session in sessions.filter_map(|client| client.session.as_deref_mut()) {
            session.screen.configure(
                Arc::clone(&settings.keymap),
                &settings.palette,
                config.screen.clock,
                config.task.grace,
            );
            let (agents, templates) = (&config.agents, &config.templates);
            session
                .screen
                .equip(Arc::clone(agents), Arc::clone(templates));
            session.touch();
        }
    }

    /// What holds goes on to hold.
    fn keep_old(&mut self, ticket: Option<Ticket>, problems: &[String]) {
        for problem in problems {
            tracing::error!("the configuration is not read anew: {problem}");
        }
        let line = format!("the old configuration stays: {}", in_short(problems));
        match ticket {
            Some(ticket) => self.answer(ticket, Answer::Failed(Failure::Failed, line), true),
            None => {
                for session in self.sessions() {
                    session.screen.notice(line.clone());
                    session.touch();
                }
            }
        }
    }
}
