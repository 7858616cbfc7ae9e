//! Places where a test can have this process killed. Only in builds with debug
//! assertions; elsewhere nothing is left of them.

/// Ends this process by SIGKILL where `WRANGLE_FAULT` names this place: `name`, or
/// `name:N` for the Nth time that it is passed. With `+shim` at the end every child goes
/// along, as when both are killed at once.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, OnceLock};

    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    static PASSED: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());
    let Some(wanted) = WANTED.get_or_init(|| std::env::var("WRANGLE_FAULT").ok()) else {
        return;
    };
    let (wanted, with_shims) = match wanted.strip_suffix("+shim") {
        Some(wanted) => (wanted, true),
        None => (wanted.as_str(), false),
    };
    let (place, time) = match wanted.rsplit_once(':') {
        Some((place, time)) => (place, time.parse().unwrap_or(1)),
        None => (wanted, 1),
    };
    if place != name {
        return;
    }
    let Ok(mut passed) = PASSED.lock() else {
        return;
    };
    let times = passed.entry(name.to_owned()).or_default();
    *times += 1;
    if *times != time {
        return;
    }
    let me = std::process::id() as i32;
    let kill = |pid| {
        if let Some(pid) = rustix::process::Pid::from_raw(pid) {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
        }
    };
    if with_shims {
        super::proc::children(me).into_iter().for_each(kill);
    }
    kill(me);
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub const fn point(_: &str) {}
