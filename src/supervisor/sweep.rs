//! Ending what a killed shim left behind.
//!
//! The supervisor is a subreaper too: orphans of its own shims become its children, so
//! that again the kernel tells when none is left. A shim that an earlier supervisor
//! started is no child of this one; what such a shim leaves is found by the leader's
//! identity and session, and by the mark in the environment.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::shims::Shims;
use crate::core::id::{Ident, RunId};
use crate::core::shim::MARK;
use crate::sys::proc::{self, Stat};

/// So many looks in a row must find nothing.
const CLEAN: u32 = 3;

/// A sweep under way: repeated in rounds until a look finds nothing.
#[derive(Debug)]
pub(super) struct Sweep {
    pub(super) run: RunId,
    leader: Option<Ident>,
    mark: Vec<u8>,
    /// Everything ever found of it: a member's children are members.
    members: BTreeSet<Ident>,
    /// Looks in a row that found nothing, and between which nothing ended either.
    clean: u32,
    /// Orphans reaped up to the last look.
    reaped: u64,
    pub(super) next: Instant,
    pause: Duration,
}

impl Sweep {
    pub(super) fn new(run: RunId, leader: Option<Ident>, socket: PathBuf, now: Instant) -> Self {
        let mut mark = MARK.as_bytes().to_vec();
        mark.push(b'=');
        mark.extend(socket.into_os_string().into_encoded_bytes());
        Self {
            run,
            leader,
            mark,
            members: BTreeSet::new(),
            clean: 0,
            reaped: 0,
            next: now,
            pause: Duration::from_millis(1),
        }
    }

    /// One round: stop all, kill all, reap what is ours. Whether nothing is left.
    pub(super) fn round(&mut self, shims: &mut Shims, now: Instant) -> bool {
        for _ in 0..50 {
            let running: Vec<Stat> = self
                .look(shims)
                .into_iter()
                .filter(|stat| !stat.is_stopped())
                .collect();
            if running.is_empty() {
                break;
            }
            send(&running, Signal::STOP);
        }
        let living = self.look(shims);
        send(&living, Signal::KILL);
        shims.reap();
        // what lives is seen by a look, unless it moved meanwhile: to a new parent, since
        // the old one ended, and that end is reaped here. So a look counts only where
        // nothing was reaped since the one before.
        let quiet = living.is_empty() && shims.orphans() == self.reaped;
        self.reaped = shims.orphans();
        self.clean = if quiet { self.clean + 1 } else { 0 };
        self.next = now + self.pause;
        self.pause = (self.pause * 2).min(Duration::from_millis(50));
        self.clean >= CLEAN
    }

    /// Everything of the run that lives.
    fn look(&mut self, shims: &Shims) -> Vec<Stat> {
        let me = std::process::id() as i32;
        let mut roots: BTreeSet<i32> = shims.orphaned().into_iter().collect();
        let leader_lives = self.leader.is_some_and(proc::is_alive);
        for stat in proc::all() {
            let of_leader = leader_lives
                && self
                    .leader
                    .is_some_and(|leader| stat.ident == leader || stat.session == leader.pid);
            if of_leader
                || self.members.contains(&stat.ident)
                || proc::has_variable(stat.ident.pid, &self.mark)
            {
                roots.insert(stat.ident.pid);
            }
        }
        roots.remove(&me);
        let mut found: Vec<Stat> = roots.iter().filter_map(|pid| proc::stat(*pid)).collect();
        found.extend(proc::below(roots));
        found.retain(|stat| !stat.is_dead() && !shims.is_shim(stat.ident.pid));
        self.members.extend(found.iter().map(|stat| stat.ident));
        found.sort_by_key(|stat| stat.ident);
        found.dedup_by_key(|stat| stat.ident);
        found
    }
}

fn send(stats: &[Stat], signal: Signal) {
    for stat in stats {
        if let Err(error) = proc::signal(stat.ident, signal) {
            tracing::warn!(pid = stat.ident.pid, %error, "a process can't be signalled");
        }
    }
}
