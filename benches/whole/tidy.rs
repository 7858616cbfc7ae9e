//! Nothing outlives the bench: herds are ended when they are dropped, and also when the
//! bench is interrupted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use wrangle::core::id::Ident;
use wrangle::core::wire::Request;
use wrangle::sys::proc;

use super::herd::Call;
use super::process::Ends;

/// Homes of living herds, and their supervisors.
static HERDS: Mutex<BTreeMap<PathBuf, Ident>> = Mutex::new(BTreeMap::new());

/// Remembers a herd.
pub(crate) fn begun(home: &Path, supervisor: Ident) {
    HERDS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(home.to_owned(), supervisor);
}

/// Ends a herd: by its own word, and what that leaves by SIGKILL. What had to be killed.
pub(crate) fn end(home: &Path) -> usize {
    let Some(supervisor) = HERDS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(home)
    else {
        return 0;
    };
    let mut all = vec![supervisor];
    all.extend(
        proc::descendants(supervisor.pid)
            .into_iter()
            .map(|stat| stat.ident),
    );
    let pids: Vec<i32> = all.iter().map(|who| who.pid).collect();
    let ends = Ends::of(&pids);
    let asked = Call::connect(home)
        .and_then(|mut call| call.ask(Request::Shutdown { force: true }))
        .and_then(|_| ends.wait("the herd to end"));
    if asked.is_ok() {
        return 0;
    }
    all.into_iter()
        .filter(|who| matches!(proc::signal(*who, Signal::KILL), Ok(true)))
        .count()
}

/// On SIGINT, SIGTERM and SIGHUP all herds are ended, and the bench with them.
pub(crate) fn on_signal() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (
                signal(SignalKind::interrupt()),
                signal(SignalKind::terminate()),
                signal(SignalKind::hangup()),
            ) else {
                return;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        });
        let homes: Vec<PathBuf> = HERDS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .cloned()
            .collect();
        for home in homes {
            end(&home);
        }
        std::process::exit(130);
    });
}
