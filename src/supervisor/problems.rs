//! A store in trouble: what was wrong at start and since, and how one that hangs is left.

use std::time::{Duration, Instant};

use super::hub::{FAREWELL, Hub};
use crate::core::input::Input;
use crate::store::Mended;

/// The store is waited for so long even where a takeover's time is up.
const AT_LEAST: Duration = Duration::from_millis(500);

/// So many lines of it are told.
const MOST: usize = 8;

impl Hub {
    /// The database was made anew: who looks on is told, who comes later too.
    pub(super) fn mended(&mut self, mended: Mended) {
        let Mended { line, whole } = mended;
        tracing::error!("{line}");
        for session in self.sessions() {
            session.screen.notice(line.clone());
            session.touch();
        }
        self.problems.push(line.clone());
        if !whole {
            self.take(Input::StoredAnew(line));
        }
    }

    /// What was asked of the store is done, or, where the disk does not answer, left: shims
    /// have their ends on record, and somebody waits for this one to leave.
    pub(super) fn close_store(&mut self) {
        let left = self.handover.as_ref().map(|handover| {
            let left = handover.until().saturating_duration_since(Instant::now());
            left.max(AT_LEAST)
        });
        let patience = left.unwrap_or(FAREWELL);
        if let Some(store) = self.store.take()
            && !store.close_within(patience)
        {
            tracing::error!("the disk does not answer: what happened last is not stored");
        }
    }

    /// The last of it, and how much more the log has.
    pub(super) fn told_problems(&self) -> Vec<String> {
        let more = self.problems.len().saturating_sub(MOST);
        let mut told = self.problems[more..].to_vec();
        if more > 0 {
            told.insert(0, format!("{more} more, which the supervisor's log has"));
        }
        told
    }
}
