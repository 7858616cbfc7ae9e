//! What was wrong with what is stored: at start, and since.

use super::hub::Hub;
use crate::core::input::Input;
use crate::store::Mended;

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
