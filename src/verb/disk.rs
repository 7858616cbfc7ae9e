//! Asking the file system with bounded patience: the command bar is read on the
//! supervisor's loop, and a network mount may take for ever.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

/// The answer to `ask`, unless the disk takes longer than `patience`. The thread that
/// asked stays behind then, until the disk answers it.
pub(super) fn within<T: Send + 'static>(
    patience: Duration,
    ask: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, answer) = sync_channel(1);
    thread::Builder::new()
        .name("disk".into())
        .spawn(move || sender.send(ask()).ok())
        .ok()?;
    answer.recv_timeout(patience).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_does_not_answer_is_not_waited_for() {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let asked = within(Duration::from_millis(1), move || held.recv().is_ok());
        assert_eq!(asked, None);
        drop(hold);
        assert_eq!(within(Duration::from_secs(60), || 7), Some(7));
    }
}
