//! A hook's helper: what it tells a hook, and that nothing of a hook outlives its limit.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::Signal;
use wrangle::core::hook::{Hook, Ran};
use wrangle::core::task::Exit;
use wrangle::sys::proc;

use crate::herd::Herd;
use crate::procs::{kit, of_tree, wait_until};

/// A herd's hooks, without its supervisor.
struct Helpers {
    herd: Herd,
}

impl Helpers {
    fn new() -> Self {
        Self { herd: Herd::new() }
    }

    fn log(&self) -> PathBuf {
        self.herd.dir().join("hooks.log")
    }

    fn hook(&self, argv: &[&str], timeout_ms: u64) -> Hook {
        Hook {
            title: "ended of task 3".into(),
            argv: argv.iter().map(|word| (*word).into()).collect(),
            env: vec![("WRANGLE_EVENT".into(), "ended".into())],
            input: "{\"id\":3}\n".into(),
            timeout_ms,
            log: self.log().into(),
        }
    }

    fn start(&self, hook: &Hook) -> Child {
        let order = self.herd.dir().join(self.herd.token());
        fs::write(&order, serde_json::to_vec(hook).unwrap()).unwrap();
        let mut command = self.herd.command(["__hook", &hook.title]);
        command.stdin(Stdio::from(File::open(order).unwrap()));
        command.spawn().unwrap()
    }

    /// How it went.
    #[track_caller]
    fn ends(mut child: Child) -> Ran {
        let mut text = String::new();
        let mut answer = child.stdout.take().unwrap();
        answer.read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success());
        serde_json::from_str(&text).unwrap()
    }

    #[track_caller]
    fn run(&self, argv: &[&str], timeout_ms: u64) -> Ran {
        Self::ends(self.start(&self.hook(argv, timeout_ms)))
    }

    fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap()
    }
}

#[test]
fn a_hook_is_told_and_what_it_prints_is_kept() {
    let helpers = Helpers::new();
    let script = "cat; echo $WRANGLE_EVENT-$HERE; echo oops >&2; pwd; exit 3";
    let mut hook = helpers.hook(&["sh", "-c", script], 60_000);
    hook.env.push(("HERE".into(), "there".into()));
    let ran = Helpers::ends(helpers.start(&hook));
    assert_eq!(ran.exit, Some(Exit::Code(3)));
    assert!(!ran.timed_out);
    assert_eq!(ran.complaint().as_deref(), Some("exit code 3"));
    let said = helpers.said();
    let mut lines = said.lines();
    let first = lines.next().unwrap();
    assert!(first.ends_with("Z ended of task 3: exit code 3"), "{said}");
    let rest: Vec<&str> = lines.collect();
    assert_eq!(rest, ["{\"id\":3}", "ended-there", "oops", "/"]);
    let mode = fs::metadata(helpers.log()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // one that reads nothing does well, too
    assert_eq!(helpers.run(&["true"], 60_000).complaint(), None);
}

#[test]
fn nothing_outlives_the_limit() {
    for mode in ["stubborn", "session", "daemon", "crowd", "hydra", "stopped"] {
        let helpers = Helpers::new();
        let token = helpers.herd.token();
        let child = helpers.start(&helpers.hook(&[&kit(), mode, &token], 1500));
        wait_until("the tree stands", || !of_tree(&token).is_empty());
        let ran = Helpers::ends(child);
        assert!(ran.timed_out, "{mode}: {ran:?}");
        assert!(of_tree(&token).is_empty(), "{mode} outlives its limit");
    }
}

#[test]
fn what_is_left_in_the_background_goes_at_the_limit() {
    let helpers = Helpers::new();
    let token = helpers.herd.token();
    // long enough for the leader to leave the other behind
    let ran = helpers.run(&[&kit(), "orphan", &token], 4000);
    assert!(ran.timed_out && ran.exit.is_some(), "{ran:?}");
    assert!(of_tree(&token).is_empty());
}

#[test]
fn a_helper_that_is_told_to_end_takes_its_hook_along() {
    let helpers = Helpers::new();
    let token = helpers.herd.token();
    let child = helpers.start(&helpers.hook(&[&kit(), "stubborn", &token], 600_000));
    wait_until("the tree stands", || !of_tree(&token).is_empty());
    let helper = proc::ident(child.id() as i32).unwrap();
    proc::signal(helper, Signal::TERM).unwrap();
    assert!(Helpers::ends(child).timed_out);
    assert!(of_tree(&token).is_empty());
}

#[test]
fn a_flood_is_cut_and_counted() {
    let helpers = Helpers::new();
    let token = helpers.herd.token();
    let len = (10 << 20).to_string();
    let ran = helpers.run(&[&kit(), "flood", &token, &len, "plain", "1"], 60_000);
    assert_eq!(ran.complaint(), None);
    let said = helpers.said();
    assert!(said.len() < 70 << 10, "{} bytes are kept", said.len());
    let missing = (10 << 20) - (64 << 10);
    let last = format!("({missing} bytes more are left out)\n");
    assert!(
        said.ends_with(&last),
        "no {last:?}: {:?}",
        &said[said.len() - 80..]
    );
}

#[test]
fn what_cannot_be_started_is_said() {
    let helpers = Helpers::new();
    let ran = helpers.run(&["/no/such-program"], 60_000);
    let why = ran.complaint().unwrap();
    assert!(why.contains("/no/such-program: no such file"), "{why}");
    assert!(helpers.said().contains(&why));
}

#[test]
fn the_record_is_bounded_and_shared() {
    let helpers = Helpers::new();
    fs::write(helpers.log(), vec![b'.'; 1 << 20]).unwrap();
    let children: Vec<Child> = (0..20)
        .map(|n| {
            let script = format!("echo begin {n}; echo end {n}");
            helpers.start(&helpers.hook(&["sh", "-c", &script], 60_000))
        })
        .collect();
    for child in children {
        assert_eq!(Helpers::ends(child).complaint(), None);
    }
    let aside = fs::metadata(helpers.log().with_extension("log.1")).unwrap();
    assert_eq!(aside.len(), 1 << 20);
    let said = helpers.said();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 60, "{said}");
    for three in lines.chunks(3) {
        let number = three[1].strip_prefix("begin ").unwrap();
        assert!(three[0].ends_with("ended of task 3: done"));
        assert_eq!(three[2], format!("end {number}"));
    }
}
