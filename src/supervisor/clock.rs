//! The clock that people set: who waits for a time of it has to know when that happens.

use std::io;
use std::os::fd::OwnedFd;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Tells when the clock is set; wakes nobody otherwise.
#[derive(Debug)]
pub(super) struct ClockWatch(AsyncFd<OwnedFd>);

/// A time that never comes.
const FAR: Timespec = Timespec {
    tv_sec: i32::MAX as i64 * 4,
    tv_nsec: 0,
};

impl ClockWatch {
    /// Must run inside the runtime.
    pub(super) fn start() -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Realtime, flags)?;
        arm(&timer)?;
        // SAFETY: the descriptor is open, and owned and never replaced by the AsyncFd.
        let timer = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) }?;
        Ok(Self(timer))
    }

    /// Waits until the clock is set. Cancel-safe.
    pub(super) async fn changed(&self) {
        loop {
            let Ok(mut ready) = self.0.readable().await else {
                return std::future::pending().await;
            };
            let mut ticks = [0; 8];
            let read = ready.try_io(|timer| Ok(rustix::io::read(timer, &mut ticks)?));
            let Ok(read) = read else {
                continue;
            };
            // ECANCELED is how the kernel says it (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET)
            arm(self.0.get_ref()).ok();
            if let Err(error) = read
                && error.raw_os_error() != Some(rustix::io::Errno::CANCELED.raw_os_error())
            {
                tracing::warn!(%error, "the clock can't be watched");
                return std::future::pending().await;
            }
            return;
        }
    }
}

/// Has the timer told of the next setting of the clock.
fn arm(timer: &OwnedFd) -> io::Result<()> {
    let never = Itimerspec {
        it_interval: Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        },
        it_value: FAR,
    };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(timer, flags, &never)?;
    Ok(())
}
