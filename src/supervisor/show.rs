//! Drawing: which screens are due, and which bytes they need.

use std::collections::BTreeSet;
use std::time::Instant;

use super::event::ClientId;
use super::hub::Hub;
use super::session::Session;
use crate::core::id::RunId;
use crate::core::wire::FromSupervisor;
use crate::screen::Screen;

impl Hub {
    /// Draws every screen for which a frame is due.
    pub(super) fn draw(&mut self, now: Instant) {
        let due = |session: &Session| session.due().is_some_and(|at| at <= now);
        let engine = &self.engine;
        let mut actions = Vec::new();
        for (id, client) in &mut self.clients.all {
            if let Some(session) = client.session.as_deref_mut().filter(|session| due(session)) {
                let wanted = session.screen.refresh(engine);
                actions.extend(wanted.into_iter().map(|action| (*id, action)));
            }
        }
        for (id, action) in actions {
            self.act(id, action);
        }
        self.look_at_shown();
        let time = self.clock.now();
        for client in self.clients.all.values_mut() {
            let Some(session) = client.session.as_deref_mut().filter(|session| due(session)) else {
                continue;
            };
            if let Some(run) = session.screen.shown_raw()
                && let Some(ring) = self.outputs.ring(run)
                && let Some(missing) = session.screen.layout(ring)
            {
                self.outputs.fetch(&self.engine, run, missing);
            }
            let talk = session.screen.shown_talk();
            let talk = talk.and_then(|run| self.talks.talk(run));
            let colours = self.colouring.colours();
            let more = talk.is_some_and(|talk| session.screen.lay_out(talk, colours));
            let stands = [session.moved(), session.counted()];
            let bytes = session.draw(&self.engine, time, now);
            if more {
                session.touch();
            }
            for told in stands.iter().flatten() {
                client.send(told, &[]);
            }
            if let Some(bytes) = bytes {
                client.send(&FromSupervisor::Frame(bytes.len()), &bytes);
            }
        }
        self.colouring.go_on();
    }

    /// Rings follow what screens show.
    fn look_at_shown(&mut self) {
        let of = |hub: &mut Self, shown: fn(&Screen) -> Option<RunId>| -> BTreeSet<RunId> {
            let sessions = hub.sessions();
            sessions
                .filter_map(|session| shown(&session.screen))
                .collect()
        };
        let (raw, talks) = (of(self, Screen::shown_raw), of(self, Screen::shown_talk));
        let fresh = |run: &&RunId| self.talks.talk(**run).is_none();
        let mut new: Vec<RunId> = talks.iter().filter(fresh).copied().collect();
        self.talks.keep(&self.engine, &talks);
        for run in self.outputs.keep(&raw) {
            self.outputs.follow(&self.engine, run);
            new.push(run);
        }
        for run in new {
            self.shims.hasten(run, Instant::now());
        }
    }

    pub(super) fn is_shown(&self, run: RunId) -> bool {
        self.outputs.ring(run).is_some() || self.talks.is_shown(run)
    }

    pub(super) fn sessions(&mut self) -> impl Iterator<Item = &mut Session> {
        self.clients
            .all
            .values_mut()
            .filter_map(|client| client.session.as_deref_mut())
    }

    pub(super) fn session(&mut self, id: ClientId) -> Option<&mut Session> {
        self.clients.all.get_mut(&id)?.session.as_deref_mut()
    }
}
