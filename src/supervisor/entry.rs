//! Becoming the supervisor.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::time::Duration;

use super::hub::Hub;
use super::{log, takeover};
use crate::config::{Config, PRICES, Paths, prices};
use crate::core::engine::{Given, Keep, Rules};
use crate::core::event::By;
use crate::core::first;
use crate::core::wire::{FromSupervisor, Role};
use crate::sys::clock::Clock;
use crate::sys::{fault, proc, socket, stdio};

/// How a supervisor is started.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// By a client, which waits for one line on standard output: `ready`, or what went
    /// wrong.
    pub detached: bool,
    /// In place of one that runs, where one does.
    pub takeover: bool,
}

/// Runs the supervisor until it has nothing left to do.
///
/// # Errors
/// One line: what could not be had. Nothing was started then.
pub fn main(paths: &Paths, config: &Config, start: Start) -> Result<(), String> {
    stdio::close_inherited();
    let detached = start.detached;
    let answer = |line: &str| {
        if detached {
            let mut out = io::stdout();
            // a client that went away needs no answer
            writeln!(out, "{line}").and_then(|()| out.flush()).ok();
            // the client, and whoever reads behind it, would wait for ever
            stdio::let_go().ok();
        }
    };
    // a client that starts one holds that lock itself
    let starting = if detached {
        None
    } else {
        paths.create()?;
        hold_off_clients(paths)
    };
    match prepare(paths, config, start) {
        Ok((lock, rules, listener, by)) => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| format!("cannot start the event loop: {error}"))?;
            let done: Result<(), String> = runtime.block_on(async {
                let mut hub = Hub::new(rules, config, paths, listener, by)?;
                answer("ready");
                drop(starting);
                hub.run().await;
                Ok(())
            });
            drop(lock);
            if let Err(error) = &done {
                answer(error);
            }
            done
        }
        Err(error) => {
            answer(&error);
            Err(error)
        }
    }
}

type Prepared = (File, Rules, std::os::unix::net::UnixListener, By);

/// What can fail for a reason of this process's own comes first: nobody is to leave for
/// one that can't begin.
fn prepare(paths: &Paths, config: &Config, start: Start) -> Result<Prepared, String> {
    paths.create()?;
    let shims = paths.shims();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&shims)
        .map_err(|error| format!("cannot make {}: {error}", shims.display()))?;
    std::env::set_current_dir("/").map_err(|error| format!("cannot enter /: {error}"))?;
    nix::sys::prctl::set_child_subreaper(true)
        .map_err(|error| format!("cannot become a subreaper: {error}"))?;
    // colours are for each client's terminal to decide, not for this one's environment
    crossterm::style::force_color_output(true);
    let boot = proc::boot_id().map_err(|error| format!("cannot read the boot id: {error}"))?;
    let rules = rules(config, paths, boot);
    let mut by = By::Crash;
    if start.takeover {
        takeover::check(paths)?;
        if takeover::ask(paths)? {
            by = By::Person;
        }
        fault::point("asked");
    }
    let lock = lock(paths)?;
    fault::point("locked");
    log::open(&paths.log());
    if start.detached {
        // fails only for a process group's leader, which then has no terminal to lose
        nix::unistd::setsid().ok();
    }
    let path = paths.socket();
    let listener = socket::listen(&path)
        .map_err(|error| format!("cannot listen at {}: {error}", path.display()))?;
    Ok((lock, rules, listener, by))
}

/// What a configuration binds the engine by: at start, and when it is read anew.
pub(super) fn rules(config: &Config, paths: &Paths, boot: String) -> Rules {
    Rules {
        tasks: paths.tasks(),
        shims: paths.shims(),
        boot,
        task_cap: config.output.task_cap,
        total_cap: config.output.total_cap,
        orphan: config.supervisor.orphan_limit,
        idle_exit: config.supervisor.idle_exit,
        keep: Keep {
            age: config.history.keep_age,
            count: config.history.keep_count,
            bytes: config.history.keep_bytes,
        },
        limits: config.limits.clone(),
        budgets: config.budgets.clone(),
        // the table is looked at by a test; one that can't be read costs nobody a supervisor
        prices: prices(PRICES).unwrap_or_default(),
        given: given(config),
        hooked: config.hooks.commands.keys().cloned().collect(),
    }
}

/// The variables that the registry gives agents, in each of their permission modes.
fn given(config: &Config) -> Given {
    let as_root = nix::unistd::geteuid().is_root();
    let mut all = BTreeMap::new();
    for profile in config.agents.iter() {
        let named = profile.permissions().map(Some);
        for mode in named.chain([None]) {
            let key = (profile.name.clone(), mode.map(str::to_owned));
            all.insert(key, profile.variables(mode, as_root));
        }
    }
    all
}

/// How long one that is on its way out may take: it waits for shims and slow clients.
const PATIENCE: Duration = Duration::from_secs(12);

/// How soon one that lives answers, as a rule.
const ANSWERS: Duration = Duration::from_secs(1);

/// One supervisor a herd: whoever holds the lock. The kernel frees it with the process.
/// One that no longer listens is on its way out and is waited for.
fn lock(paths: &Paths) -> Result<File, String> {
    let path = paths.supervisor_lock();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| format!("cannot open {}: {error}", path.display()))?;
    let clock = Clock::start();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                return Err(format!("cannot lock {}: {error}", path.display()));
            }
        }
        // one that is being killed takes calls until the kernel is through with it, and
        // never answers
        let answered = socket::connect(&paths.socket())
            .and_then(|stream| takeover::exchange(stream, Role::Call, ANSWERS));
        if let Ok(Some(FromSupervisor::Refused(why))) = &answered
            && first::refuses(why)
        {
            return Err(first::remedy(
                takeover::holder(paths).trim_start_matches("pid "),
            ));
        }
        if matches!(answered, Ok(Some(_))) {
            return Err(format!(
                "a supervisor runs here already ({}); wrangle shutdown ends it, wrangle supervisor --takeover replaces it",
                takeover::holder(paths)
            ));
        }
        if clock.now().mono > PATIENCE {
            return Err(takeover::silent(paths));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let me = std::process::id();
    file.set_len(0)
        .and_then(|()| writeln!(&file, "{me}"))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(file)
}

/// While this is held, a client that found nobody listening waits and looks again,
/// instead of starting another supervisor in vain.
fn hold_off_clients(paths: &Paths) -> Option<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(paths.start_lock())
        .ok()?;
    file.lock().ok()?;
    Some(file)
}
