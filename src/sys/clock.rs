//! The one place where clocks are read.

use std::time::{Instant, SystemTime};

use crate::core::time::{Now, Timestamp};

/// Reads both clocks; monotonic time counts from this clock's creation.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Both times.
    pub fn now(&self) -> Now {
        Now {
            mono: self.0.elapsed(),
            wall: wall(),
        }
    }

    /// The instant of a monotonic time of this clock.
    pub fn instant(&self, mono: std::time::Duration) -> Instant {
        self.0 + mono
    }
}

/// Wall time.
pub fn wall() -> Timestamp {
    SystemTime::now().into()
}
