//! The kill table: every tree that survives the stop command of others, revoked.

use std::time::{Duration, Instant};

use wrangle::core::id::Ident;
use wrangle::sys::proc::{self, Stat};

use crate::herd::Herd;
use crate::procs::{Bystander, exists, family, kill, of_tree, wait_until};

/// Enough for what obeys, little for what doesn't.
const GRACE: [&str; 2] = ["--grace", "300ms"];

/// A tree that stands as a task, with a bystander beside it.
struct Case {
    bystander: Bystander,
    herd: Herd,
    id: u64,
    token: String,
    before: Vec<Stat>,
    outcome: &'static str,
}

impl Case {
    fn new(mode: &str, config: &str, options: &[&str]) -> Self {
        let herd = Herd::with(config);
        let (id, token) = herd.tree(options, mode);
        // the only tree whose leader does not stay
        let (state, outcome) = if mode == "orphan" {
            ("lingering", "failed")
        } else {
            ("running", "revoked")
        };
        herd.wait_state(id, state);
        let bystander = Bystander::new(&token);
        let shim = herd.shim(id);
        let before = family(shim.pid);
        Self {
            bystander,
            herd,
            id,
            token,
            before,
            outcome,
        }
    }

    /// The moment it says that the task has ended, nothing of it exists, not even as a
    /// zombie, and nobody else was hurt.
    #[track_caller]
    fn is_over(&self, shim: Option<Ident>, outcome: &str) {
        let left = of_tree(&self.token);
        let ghosts: Vec<_> = self
            .before
            .iter()
            .filter(|stat| Some(stat.ident) != shim && exists(stat.ident))
            .collect();
        let task = self.herd.task(self.id);
        assert_eq!(task["state"], "ended", "{task}");
        assert!(left.is_empty(), "survivors: {left:?}: {task}");
        assert!(ghosts.is_empty(), "zombies or survivors: {ghosts:?}");
        assert_eq!(task["outcome"], outcome, "{task}");
        assert_eq!(task["pid"], serde_json::Value::Null, "{task}");
        self.bystander.lives_on();
        self.no_zombies();
    }

    /// The supervisor leaves no child of its own unreaped.
    #[track_caller]
    fn no_zombies(&self) {
        wait_until("the supervisor has reaped its children", || {
            self.herd.supervisor().is_none_or(|who| {
                proc::children(who.pid)
                    .into_iter()
                    .filter_map(proc::stat)
                    .all(|stat| !stat.is_dead())
            })
        });
    }
}

fn revoke(mode: &str, force: bool) {
    let case = Case::new(mode, "", &GRACE);
    let shim = case.herd.shim(case.id);
    let id = case.id.to_string();
    let begun = Instant::now();
    if force {
        case.herd.ok(&["revoke", "--force", "--wait", &id]);
    } else {
        case.herd.ok(&["revoke", "--wait", &id]);
        // every tree holds one that ignores SIGTERM
        assert!(
            begun.elapsed() >= Duration::from_millis(300),
            "SIGKILL came before the grace was over"
        );
    }
    case.is_over(Some(shim), case.outcome);
}

/// The supervisor ends what a killed shim leaves behind.
fn without_shim(mode: &str) {
    let case = Case::new(mode, "", &["--grace", "60s"]);
    kill(case.herd.shim(case.id));
    case.herd.wait_state(case.id, "ended");
    let outcome = if mode == "orphan" { "failed" } else { "lost" };
    case.is_over(None, outcome);
}

/// The same when it was being revoked already: it is what was asked for.
fn without_shim_while_stopping(mode: &str) {
    let case = Case::new(mode, "", &["--grace", "60s"]);
    let shim = case.herd.shim(case.id);
    case.herd.ok(&["revoke", &case.id.to_string()]);
    case.herd.wait_state(case.id, "stopping");
    kill(shim);
    case.herd.wait_state(case.id, "ended");
    case.is_over(None, case.outcome);
}

/// The shim ends its tree when no supervisor comes back, and the next one tells so.
fn without_supervisor(mode: &str) {
    let case = Case::new(mode, "[supervisor]\norphan_limit = \"1s\"\n", &GRACE);
    let shim = case.herd.shim(case.id);
    case.herd.kill_supervisor();
    wait_until("the shim has ended its tree and itself", || !exists(shim));
    let left = of_tree(&case.token);
    assert!(left.is_empty(), "survivors: {left:?}");
    let outcome = if mode == "orphan" { "failed" } else { "lost" };
    case.is_over(None, outcome);
}

macro_rules! table {
    ($($tree:ident)*) => {$(
        mod $tree {
            const MODE: &str = stringify!($tree);

            #[test]
            fn revoked() {
                super::revoke(MODE, false);
            }

            #[test]
            fn revoked_by_force() {
                super::revoke(MODE, true);
            }

            #[test]
            fn its_shim_killed() {
                super::without_shim(MODE);
            }

            #[test]
            fn its_shim_killed_while_it_is_stopped() {
                super::without_shim_while_stopping(MODE);
            }

            #[test]
            fn its_supervisor_killed() {
                super::without_supervisor(MODE);
            }
        }
    )*};
}

table! { stubborn session daemon scrubbed orphan crowd hydra stopped zombies }

#[test]
fn what_obeys_is_gone_at_once() {
    let case = Case::new("ready", "", &["--grace", "60s"]);
    let shim = case.herd.shim(case.id);
    let begun = Instant::now();
    case.herd.ok(&["revoke", "--wait", &case.id.to_string()]);
    assert!(begun.elapsed() < Duration::from_secs(30));
    case.is_over(Some(shim), "revoked");
}

#[test]
fn a_second_revoke_by_force_cuts_the_grace_short() {
    let case = Case::new("stubborn", "", &["--grace", "60s"]);
    let shim = case.herd.shim(case.id);
    let id = case.id.to_string();
    case.herd.ok(&["revoke", &id]);
    let task = case.herd.wait_state(case.id, "stopping");
    assert!(
        task["reason"].as_str().unwrap().contains("SIGTERM"),
        "{task}"
    );
    case.herd.ok(&["revoke", "--force", "--wait", &id]);
    case.is_over(Some(shim), "revoked");
}

#[test]
fn a_paused_tree_is_revoked() {
    let case = Case::new("crowd", "", &GRACE);
    let shim = case.herd.shim(case.id);
    let id = case.id.to_string();
    case.herd.ok(&["pause", &id]);
    case.herd.wait_state(case.id, "paused");
    case.herd.ok(&["revoke", "--wait", &id]);
    case.is_over(Some(shim), "revoked");
}

#[test]
fn what_a_tree_launches_while_it_is_revoked_is_refused() {
    for all in [false, true] {
        let herd = Herd::new();
        let file = |name: &str| herd.dir().join(name);
        let (ready, said) = (file("ready"), file("said"));
        let wrangle = env!("CARGO_BIN_EXE_wrangle");
        let script = format!(
            "trap \"'{wrangle}' run --name late -- sleep 250 2>'{}'; exit 0\" TERM; >'{}'; while :; do sleep 0.1; done",
            said.display(),
            ready.display()
        );
        let id = herd.run(&["--grace", "60s"], &["sh", "-c", &script]);
        wait_until("it would be asked", || ready.exists());
        herd.remember();
        let which = if all {
            vec!["--all".to_owned()]
        } else {
            vec!["--tree".to_owned(), id.to_string()]
        };
        let mut words = vec!["revoke", "--wait"];
        words.extend(which.iter().map(String::as_str));
        herd.ok(&words);
        let line = std::fs::read_to_string(&said).unwrap();
        assert!(line.contains("is being revoked with all"), "{line}");
        assert_eq!(herd.json(&["ls", "--json", "--state", "running"]).len(), 0);
    }
}
