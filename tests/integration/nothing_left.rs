//! Whatever way it ends, nothing of it is left.

use std::cell::Cell;

use wrangle::sys::proc;

use crate::herd::{Herd, heavy};
use crate::procs::{exists, of_tree, wait_until};
use crate::pty::Pty;

const MODES: [&str; 6] = [
    "stubborn", "session", "daemon", "orphan", "stopped", "ready",
];

/// A herd of several trees, with the token of each.
fn several() -> (Herd, Vec<String>) {
    let herd = Herd::new();
    let tokens = MODES
        .iter()
        .map(|mode| herd.tree(&["--grace", "300ms"], mode).1)
        .collect();
    (herd, tokens)
}

#[track_caller]
fn gone(herd: &Herd, tokens: &[String]) {
    herd.nothing_left();
    for token in tokens {
        assert!(of_tree(token).is_empty(), "left of {token}");
    }
    assert!(!herd.home().join("run/wrangle.sock").exists());
}

#[test]
fn after_shutdown() {
    let (herd, tokens) = several();
    herd.ok(&["shutdown"]);
    gone(&herd, &tokens);
}

#[test]
fn after_shutdown_by_force() {
    let (herd, tokens) = several();
    herd.ok(&["shutdown", "--force"]);
    gone(&herd, &tokens);
}

#[test]
fn after_sigterm_to_the_supervisor() {
    let (herd, tokens) = several();
    let supervisor = herd.supervisor().unwrap();
    proc::signal(supervisor, rustix::process::Signal::TERM).unwrap();
    wait_until("the supervisor has ended", || !exists(supervisor));
    gone(&herd, &tokens);
}

#[test]
fn after_ctrl_d_in_the_screen() {
    let (herd, tokens) = several();
    let mut pty = Pty::open(&herd, 80, 24);
    pty.wait_screen("the list is shown", |text| text.contains("tree"));
    pty.send("\x04");
    assert_eq!(pty.end(), 0);
    pty.is_restored();
    gone(&herd, &tokens);
}

#[test]
fn after_the_supervisor_in_the_foreground_is_interrupted() {
    let herd = Herd::new();
    let mut child = herd.command(["supervisor"]).spawn().unwrap();
    let who = proc::ident(child.id() as i32).unwrap();
    wait_until("it listens", || {
        herd.home().join("run/wrangle.sock").exists()
    });
    let (_, token) = herd.tree(&["--grace", "300ms"], "daemon");
    assert_eq!(herd.supervisor(), Some(who));
    proc::signal(who, rustix::process::Signal::INT).unwrap();
    child.wait().unwrap();
    gone(&herd, &[token]);
}

/// A small generator: what it did is told by its seed.
struct Dice(Cell<u64>);

impl Dice {
    fn below(&self, most: u64) -> u64 {
        let mut x = self.0.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.set(x);
        x % most
    }
}

#[test]
fn after_a_hundred_launches_and_kills_in_random_order() {
    let _alone = heavy();
    let seed = u64::from(std::process::id()) * 0x9e37_79b9 + 1;
    eprintln!("seed {seed}");
    let dice = Dice(Cell::new(seed));
    let herd = Herd::new();
    let mut tasks: Vec<(u64, String)> = Vec::new();
    let mut launched = 0;
    while launched < 100 {
        let pick = |tasks: &[(u64, String)]| {
            let at = dice.below(tasks.len().max(1) as u64) as usize;
            tasks.get(at).map(|(id, _)| id.to_string())
        };
        match dice.below(10) {
            0..5 => {
                launched += 1;
                let token = herd.token();
                let mode = MODES[dice.below(MODES.len() as u64) as usize];
                // at once, without waiting for the tree to stand
                let kit = crate::procs::kit();
                let id = herd.run(&["--grace", "200ms"], &[&kit, mode, &token]);
                tasks.push((id, token));
            }
            5 => drop(pick(&tasks).map(|id| herd.call(["revoke", &id]))),
            6 => drop(pick(&tasks).map(|id| herd.call(["revoke", "--force", &id]))),
            7 => drop(pick(&tasks).map(|id| herd.call(["pause", &id]))),
            8 => drop(pick(&tasks).map(|id| herd.call(["resume", &id]))),
            _ => match dice.below(6) {
                0 if herd.supervisor().is_some() => drop(herd.kill_supervisor()),
                1 => {
                    herd.remember();
                    herd.ok(&["revoke", "--all"]);
                }
                _ => {}
            },
        }
    }
    let states = herd.json(&["ls", "--all", "--json"]);
    assert_eq!(states.len(), 100);
    for task in &states {
        let id = task["id"].as_u64().unwrap();
        let token = &tasks.iter().find(|(known, _)| *known == id).unwrap().1;
        if task["state"] == "ended" {
            assert!(of_tree(token).is_empty(), "ended, and lives: {task}");
        }
    }
    herd.ok(&["shutdown"]);
    let tokens: Vec<String> = tasks.into_iter().map(|(_, token)| token).collect();
    gone(&herd, &tokens);
}
