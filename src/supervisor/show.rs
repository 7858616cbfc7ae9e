//! Drawing: which screens are due, and which bytes they need.

use std::collections::BTreeSet;
use std::time::Instant;

use super::event::ClientId;
use super::hub::Hub;
use super::session::Session;
use crate::core::id::RunId;
use crate::core::wire::FromSupervisor;

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
            if let Some(run) = session.screen.shown()
                && let Some(ring) = self.outputs.ring(run)
                && let Some(missing) = session.screen.layout(ring)
            {
                self.outputs.fetch(&self.engine, run, missing);
            }
            let (place, bytes) = (session.moved(), session.draw(&self.engine, time, now));
            if let Some(place) = place {
                client.send(&place, &[]);
            }
            if let Some(bytes) = bytes {
                client.send(&FromSupervisor::Frame(bytes.len()), &bytes);
            }
        }
    }

    /// Rings follow what screens show.
    fn look_at_shown(&mut self) {
        let shown: BTreeSet<RunId> = self
            .sessions()
            .filter_map(|session| session.screen.shown())
            .collect();
        for run in self.outputs.keep(&shown) {
            self.outputs.follow(&self.engine, run);
            self.shims.hasten(run, Instant::now());
        }
    }

    pub(super) fn is_shown(&self, run: RunId) -> bool {
        self.outputs.ring(run).is_some()
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
