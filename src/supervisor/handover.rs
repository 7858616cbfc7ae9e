//! The old supervisor's half of a takeover: it leaves, and everything else stays.
//!
//! What clients ask from now on is left to the next one. What they asked before is
//! carried out: a launch on record is a shim that runs, or the next one would find it
//! lost. Then shims are let go, which know to wait for whoever comes.

use std::time::{Duration, Instant};

use super::event::ClientId;
use super::hub::Hub;
use crate::core::wire::{FromSupervisor, Hello, PROTOCOL, Welcome};
use crate::sys::fault;

/// How long what was asked before may take. It needs some milliseconds, but a shim that
/// is stopped or a disk that hangs would hold up the next one for ever.
const PATIENCE: Duration = Duration::from_secs(3);

/// A takeover under way.
#[derive(Debug)]
pub(super) struct Handover {
    /// The version that takes over.
    by: String,
    /// When this one leaves whatever is unfinished.
    until: Instant,
}

impl Handover {
    pub(super) const fn until(&self) -> Instant {
        self.until
    }
}

impl Hub {
    pub(super) fn welcome(&self) -> FromSupervisor {
        FromSupervisor::Welcome(Welcome {
            version: crate::core::version::ours().into(),
            pid: std::process::id() as i32,
            data: self.data.clone().into(),
            trouble: self.engine.store_trouble().map(str::to_owned),
            problems: self.told_problems(),
        })
    }

    /// Begins to leave in favour of a newcomer.
    pub(super) fn hand_over(&mut self, id: ClientId, hello: &Hello) {
        let refusal = if self.engine.shutting_down() {
            Some("the running supervisor is shutting down; start another once it has ended".into())
        } else {
            // the next one would know no more than what lies there
            self.engine.store_trouble().map(|why| {
                format!("the running supervisor stays, since it cannot store how things stand ({why}); wrangle doctor tells what to do")
            })
        };
        let Some(client) = self.clients.all.get(&id) else {
            return;
        };
        if let Some(why) = refusal {
            client.send(&FromSupervisor::Refused(why), &[]);
            self.clients.close(id);
            return;
        }
        tracing::info!(version = %hello.version, protocol = hello.protocol, ours = PROTOCOL, "being replaced");
        // who comes now waits until the newcomer is ready: it holds the start lock
        self.stop_listening();
        client.send(&self.welcome(), &[]);
        self.handover = Some(Handover {
            by: hello.version.clone(),
            until: Instant::now() + PATIENCE,
        });
        self.pass_screens_on();
        fault::point("handing-over");
    }

    /// Whether nothing is left that the next one could not take up.
    pub(super) fn is_handed_over(&self) -> bool {
        self.handover.as_ref().is_some_and(|handover| {
            let asked = self.tickets.values().any(|asked| !asked.lasts);
            let done = !asked
                && self.sweeps.is_empty()
                && self.engine.is_stored()
                && self.hooks.is_drained();
            done || Instant::now() >= handover.until
        })
    }

    /// Screens that wait for no answer need not wait for the rest: what is typed from now
    /// on is for the next one, which hears of it as soon as it is there. That goes for what
    /// is on its way here, too: it isn't counted among what was heeded.
    fn pass_screens_on(&mut self) {
        let screens = self.clients.all.iter();
        let screens = screens.filter(|(_, client)| client.session.is_some());
        let ids = screens.map(|(id, _)| *id);
        let ids: Vec<ClientId> = ids.filter(|id| !self.is_owed_an_answer(*id)).collect();
        for id in ids {
            self.pass_on(id);
        }
    }

    /// The last words to all clients of one that is replaced.
    pub(super) fn pass_clients_on(&mut self) {
        if self.handover.is_none() {
            return;
        }
        fault::point("handed-over");
        let ids: Vec<ClientId> = self.clients.all.keys().copied().collect();
        for id in ids {
            self.pass_on(id);
        }
    }

    fn is_owed_an_answer(&self, id: ClientId) -> bool {
        self.tickets
            .values()
            .any(|asked| asked.client == id && !asked.lasts)
    }

    /// The last words to one client.
    fn pass_on(&mut self, id: ClientId) {
        let Some(handover) = &self.handover else {
            return;
        };
        let replaced = FromSupervisor::Replaced(handover.by.clone());
        let unsure = FromSupervisor::Bye(Some(
            "the supervisor was replaced before it could answer; wrangle ls tells what came of it"
                .into(),
        ));
        let open = self.session(id).is_none() && self.is_owed_an_answer(id);
        let stands = self
            .session(id)
            .map(|session| [session.moved(), session.counted()]);
        if let Some(client) = self.clients.all.get(&id).filter(|client| client.welcome) {
            for told in stands.iter().flatten().flatten() {
                client.send(told, &[]);
            }
            client.send(if open { &unsure } else { &replaced }, &[]);
        }
        self.clients.close(id);
    }
}
