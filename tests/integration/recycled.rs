//! Pids that belong to somebody else by now: a bystander bears the number, and leads a
//! group of the number, of a process that a task once had.

use wrangle::sys::proc;

use crate::herd::Herd;
use crate::procs::{Bystander, kill_all, of_tree, wait_until};

/// A lingering task whose leader's pid a stranger has; `None` where pids can't be chosen.
fn lingering() -> Option<(Herd, Bystander, String, String)> {
    let herd = Herd::new();
    // the leader says its pid, since it is gone before anybody asks
    let token = herd.token();
    let script = format!("echo $$; {} orphan {token}", crate::procs::kit());
    let id = herd.run(&["--grace", "300ms"], &["sh", "-c", &script]);
    herd.wait_state(id, "lingering");
    let text = String::from_utf8(herd.stored(id)).unwrap();
    let pid: i32 = text.lines().next().unwrap().parse().unwrap();
    wait_until("the leader is reaped", || proc::stat(pid).is_none());
    let bystander = Bystander::with_pid(pid, &token)?;
    Some((herd, bystander, id.to_string(), token))
}

#[test]
fn a_stranger_with_the_leaders_pid_survives_a_revoke() {
    let Some((herd, bystander, id, token)) = lingering() else {
        return;
    };
    herd.ok(&["revoke", "--wait", &id]);
    assert!(of_tree(&token).is_empty());
    bystander.lives_on();
}

#[test]
fn a_stranger_with_the_leaders_pid_survives_a_revoke_by_force() {
    let Some((herd, bystander, id, token)) = lingering() else {
        return;
    };
    herd.ok(&["revoke", "--force", "--wait", &id]);
    assert!(of_tree(&token).is_empty());
    bystander.lives_on();
}

#[test]
fn a_stranger_with_the_leaders_pid_survives_the_sweep_after_a_crash() {
    let herd = Herd::new();
    let (id, token) = herd.tree(&[], "daemon");
    let leader = herd.wait_state(id, "running")["pid"].as_i64().unwrap() as i32;
    let leader = proc::ident(leader).unwrap();
    let shim = herd.shim(id);
    let supervisor = herd.supervisor().unwrap();
    herd.remember();
    kill_all(&[supervisor, shim, leader]);
    wait_until("the leader is reaped", || proc::stat(leader.pid).is_none());
    let Some(bystander) = Bystander::with_pid(leader.pid, &token) else {
        return;
    };
    let task = herd.wait_state(id, "ended");
    assert_eq!(task["outcome"], "lost", "{task}");
    assert!(of_tree(&token).is_empty(), "the daemon survived");
    bystander.lives_on();
}
