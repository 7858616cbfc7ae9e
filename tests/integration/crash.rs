//! Supervisor and shim killed, alone and together, and the herd found true again.

use std::io::{BufRead, BufReader};

use wrangle::core::id::Ident;
use wrangle::sys::proc;

use crate::herd::{Herd, finish};
use crate::procs::{kill_all, of_tree, wait_until};

/// Supervisor and shim of a tree killed in one go: the next supervisor ends what is left.
fn both(mode: &str) {
    let herd = Herd::new();
    let (id, token) = herd.tree(&["--grace", "60s"], mode);
    let (state, outcome) = match mode {
        "orphan" => ("lingering", "failed"),
        _ => ("running", "lost"),
    };
    herd.wait_state(id, state);
    let both = [herd.supervisor().unwrap(), herd.shim(id)];
    kill_all(&both);
    assert!(!of_tree(&token).is_empty(), "the tree was to be left alone");
    let task = herd.wait_state(id, "ended");
    let left = of_tree(&token);
    assert!(left.is_empty(), "survivors: {left:?}: {task}");
    assert_eq!(task["outcome"], outcome, "{task}");
}

macro_rules! both {
    ($($tree:ident)*) => {$(
        #[test]
        fn $tree() {
            both(stringify!($tree));
        }
    )*};
}

mod supervisor_and_shim_killed {
    use super::both;

    // not `scrubbed` and `hydra`: with both guardians gone their processes are nobody's
    // children, in sessions of their own, and bear no mark; only a cgroup could tell
    both! { stubborn session daemon orphan crowd stopped zombies }
}

#[test]
fn tasks_are_adopted_by_the_next_supervisor() {
    let herd = Herd::new();
    let (id, token) = herd.tree(&["--grace", "300ms"], "crowd");
    let (other, _) = herd.tree(&["--stdin"], "ready");
    let before = herd.wait_state(id, "running");
    let shims = [herd.shim(id), herd.shim(other)];
    let trees: Vec<Ident> = of_tree(&token);
    for _ in 0..3 {
        let old = herd.kill_supervisor();
        let after = herd.task(id);
        assert_ne!(herd.supervisor(), Some(old));
        assert_eq!(after["state"], "running", "{after}");
        assert_eq!(after["pid"], before["pid"]);
        assert_eq!(after["started_at"], before["started_at"]);
    }
    assert!(shims.iter().all(|shim| proc::is_alive(*shim)));
    assert!(trees.iter().all(|who| proc::is_alive(*who)));
    herd.ok(&["revoke", "--wait", &id.to_string()]);
    assert!(of_tree(&token).is_empty());
    assert_eq!(herd.task(id)["outcome"], "revoked");
    assert_eq!(herd.task(other)["state"], "running");
}

#[test]
fn what_an_adopted_task_writes_is_followed() {
    let herd = Herd::new();
    let go = herd.dir().join("go");
    let script = format!(
        "echo one; until [ -e '{0}' ]; do sleep 0.05; done; echo two; sleep 200",
        go.display()
    );
    let id = herd.run(&[], &["sh", "-c", &script]);
    herd.wait_task(id, "has written", |task| task["output_bytes"] == 4);
    herd.kill_supervisor();
    herd.wait_state(id, "running");
    std::fs::write(&go, "").unwrap();
    herd.wait_task(id, "has written more", |task| task["output_bytes"] == 8);
}

#[test]
fn what_ended_meanwhile_is_known() {
    let herd = Herd::new();
    let fifo = herd.dir().join("gate");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let script = format!("read word < {}; echo $word; exit 7", fifo.display());
    let id = herd.run(&[], &["sh", "-c", &script]);
    let shim = herd.shim(id);
    herd.kill_supervisor();
    std::fs::write(&fifo, "written-meanwhile\n").unwrap();
    wait_until("the shim has put the end on record", || {
        !proc::is_alive(shim)
    });
    let task = herd.task(id);
    assert_eq!(task["state"], "ended", "{task}");
    assert_eq!(task["outcome"], "failed", "{task}");
    assert_eq!(task["exit_code"], 7, "{task}");
    assert_eq!(herd.stored(id), b"written-meanwhile\n");
}

#[test]
fn a_stop_that_was_asked_for_goes_on_without_the_supervisor() {
    let herd = Herd::new();
    let (id, token) = herd.tree(&["--grace", "2s"], "stubborn");
    herd.ok(&["revoke", &id.to_string()]);
    herd.kill_supervisor();
    wait_until("the shim has carried out the stop", || {
        of_tree(&token).is_empty()
    });
    let task = herd.wait_state(id, "ended");
    assert_eq!(task["outcome"], "revoked", "{task}");
}

#[test]
fn an_adopted_shim_killed_leaves_nothing() {
    let herd = Herd::new();
    let (id, token) = herd.tree(&[], "crowd");
    let shim = herd.shim(id);
    herd.kill_supervisor();
    assert_eq!(herd.task(id)["state"], "running");
    kill_all(&[shim]);
    let task = herd.wait_state(id, "ended");
    assert!(of_tree(&token).is_empty());
    assert_eq!(task["outcome"], "lost", "{task}");
}

#[test]
fn who_follows_while_they_die_in_a_row_gives_up_and_says_so() {
    let herd = Herd::new();
    let id = herd.run(&[], &["sh", "-c", "echo begun; sleep 250"]);
    let mut follows = herd.command(["logs", "-f", &id.to_string()]);
    let mut follows = follows.spawn().unwrap();
    let mut lines = BufReader::new(follows.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "begun");
    for _ in 0..3 {
        let died = herd.kill_supervisor();
        // nobody but the follower starts one
        wait_until("the next one is there", || {
            herd.supervisor().is_some_and(|next| next != died)
        });
        herd.ok(&["ls"]);
    }
    herd.kill_supervisor();
    let done = finish(follows);
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.err.contains("died again and again"), "{done:?}");
    assert_eq!(herd.task(id)["state"], "running");
}

#[test]
fn who_follows_within_a_task_goes_on_with_the_next_supervisor() {
    let herd = Herd::new();
    let script = "echo begun; read go; echo over";
    let gate = herd.run(&["--stdin"], &["sh", "-c", script]);
    let wrangle = env!("CARGO_BIN_EXE_wrangle");
    let script = format!("'{wrangle}' logs -f --raw {gate}; echo code-$?");
    let follows = herd.run(&[], &["sh", "-c", &script]);
    herd.wait_output(follows, b"begun\n");
    let old = herd.kill_supervisor();
    wait_until("it is gone", || !proc::is_alive(old));
    // none can be started there: this call does
    herd.ok(&["send", &gate.to_string(), "go"]);
    herd.wait_state(follows, "ended");
    let told = herd.stored(follows);
    assert_eq!(String::from_utf8(told).unwrap(), "begun\nover\ncode-0\n");
}

#[test]
fn no_task_runs_twice() {
    let herd = Herd::new();
    let log = herd.dir().join("starts");
    let script = format!("echo start >> {}; exec sleep 250", log.display());
    let ids: Vec<u64> = (0..5)
        .map(|_| {
            let id = herd.run(&[], &["sh", "-c", &script]);
            herd.kill_supervisor();
            id
        })
        .collect();
    let starts = || {
        std::fs::read_to_string(&log)
            .unwrap_or_default()
            .lines()
            .count()
    };
    wait_until("all have started", || starts() == ids.len());
    for id in ids {
        assert_eq!(herd.task(id)["state"], "running");
    }
    assert_eq!(starts(), 5);
}
