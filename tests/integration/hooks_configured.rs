//! Hooks of a configuration, run by a whole herd.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use wrangle::sys::proc;

use crate::herd::Herd;
use crate::procs::{kill, kit, of_tree, wait_until, words};
use crate::pty::Pty;

/// A herd with these hooks; `FILE` in a command is a file, which is given too.
fn herd(hooks: &[(&str, &str)], timeout: &str) -> (Herd, PathBuf) {
    let herd = Herd::new();
    let out = herd.dir().join("out");
    let mut config = format!("[hooks]\ntimeout = \"{timeout}\"\n");
    for (word, command) in hooks {
        let command = command.replace("FILE", out.to_str().unwrap());
        config = format!("{config}{word} = '''{command}'''\n");
    }
    fs::write(herd.home().join("config.toml"), config).unwrap();
    (herd, out)
}

fn lines(path: &PathBuf) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Helpers of a herd's hooks that live.
fn helpers(herd: &Herd) -> Vec<wrangle::core::id::Ident> {
    let mark = [b"WRANGLE_HOME=", herd.home().as_os_str().as_encoded_bytes()].concat();
    proc::all()
        .filter(|stat| !stat.is_dead() && proc::has_variable(stat.ident.pid, &mark))
        .map(|stat| stat.ident)
        .filter(|who| words(who.pid).get(1).is_some_and(|word| word == "__hook"))
        .collect()
}

#[test]
fn hooks_run_when_it_happens_and_are_told_of_what() {
    let say = "echo \"$WRANGLE_EVENT $WRANGLE_ID $WRANGLE_NAME $WRANGLE_OUTCOME:$WRANGLE_EXIT_CODE\" >> FILE";
    let (herd, out) = herd(
        &[
            ("created", say),
            ("started", say),
            ("ended", say),
            ("failed", say),
        ],
        "60s",
    );
    let good = herd.run(&["--name", "good"], &["true"]);
    let bad = herd.run(&["--name", "bad"], &["sh", "-c", "exit 3"]);
    let wanted = [
        "created 1 good :",
        "created 2 bad :",
        "ended 1 good succeeded:0",
        "ended 2 bad failed:3",
        "failed 2 bad failed:3",
        "started 1 good :",
        "started 2 bad :",
    ];
    wait_until("all hooks have run", || lines(&out).len() >= wanted.len());
    assert_eq!(lines(&out), wanted);
    herd.wait_state(good, "ended");
    herd.wait_state(bad, "ended");
}

#[test]
fn the_task_comes_as_json() {
    let (herd, out) = herd(&[("ended", "cat > FILE.part; mv FILE.part FILE")], "60s");
    let id = herd.run(&[], &["sh", "-c", "exit 7"]);
    wait_until("the hook has run", || out.exists());
    let told: serde_json::Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert_eq!(told["id"], id);
    assert_eq!(told["exit_code"], 7);
    assert_eq!(told["state"], "ended");
}

#[test]
fn what_goes_wrong_is_on_the_screen_and_on_record() {
    let (herd, _) = herd(&[("failed", "echo it-was-me; exit 9")], "60s");
    herd.tree(&["--name", "alpha"], "ready");
    let pty = Pty::open(&herd, 120, 24);
    pty.shows(&["alpha"]);
    let id = herd.run(&[], &["false"]);
    pty.shows(&[&format!("hook for failed of task {id}: exit code 9")]);
    let log = |name: &str| fs::read_to_string(herd.home().join("data").join(name)).unwrap();
    assert!(log("supervisor.log").contains("exit code 9"));
    assert!(log("hooks.log").contains("it-was-me"));
}

#[test]
fn hooks_that_hang_hold_nobody_up_and_end_at_their_limit() {
    let token = format!("hanging-{}", std::process::id());
    let hook = format!("trap '' TERM; {} sleep {token} & wait", kit());
    let (herd, _) = herd(&[("ended", &hook)], "6s");
    let begun = Instant::now();
    // at once, so that the first one's hook still runs when the eighth one's begins
    let each = herd.dir().join("each");
    fs::write(&each, "word\n".repeat(12)).unwrap();
    herd.ok(&["run", "--each", each.to_str().unwrap(), "--", "true"]);
    let mut most = 0;
    // a helper that has answered may take a moment to be gone; of its hook nothing is left
    wait_until("eight hooks run", || {
        most = most.max(of_tree(&token).len());
        most == 8
    });
    herd.ok(&[
        "wait", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12",
    ]);
    assert!(begun.elapsed() < Duration::from_secs(30));
    wait_until("the last four have their turn and go", || {
        let now = of_tree(&token).len();
        assert!(now <= 8, "{now} at once");
        let log = fs::read_to_string(herd.home().join("data/hooks.log")).unwrap_or_default();
        log.matches("ended at its time limit").count() == 12
    });
    wait_until("no helper is left", || helpers(&herd).is_empty());
}

#[test]
fn a_hook_outlives_the_supervisor_that_ran_it_and_a_takeover() {
    let (herd, out) = herd(
        &[(
            "ended",
            "while [ ! -e FILE.go ]; do sleep 0.05; done; echo $WRANGLE_ID >> FILE",
        )],
        "60s",
    );
    herd.run(&[], &["true"]);
    wait_until("the hook runs", || helpers(&herd).len() == 1);
    let newcomer = crate::takeover::take_over(&herd);
    herd.run(&[], &["true"]);
    wait_until("both hooks run", || helpers(&herd).len() == 2);
    herd.ok(&["shutdown"]);
    newcomer.left();
    assert_eq!(helpers(&herd).len(), 2);
    fs::write(format!("{}.go", out.display()), "").unwrap();
    wait_until("both are through", || lines(&out) == ["1", "2"]);
    wait_until("no helper is left", || helpers(&herd).is_empty());
}

#[test]
fn a_sweep_spares_hooks() {
    let script =
        "touch FILE.begun; while [ ! -e FILE.go ]; do sleep 0.05; done; echo through > FILE";
    let (herd, out) = herd(&[("created", script)], "60s");
    let (id, token) = herd.tree(&[], "crowd");
    let begun = PathBuf::from(format!("{}.begun", out.display()));
    wait_until("the hook runs", || begun.exists());
    kill(herd.shim(id));
    assert_eq!(herd.wait_state(id, "ended")["outcome"], "lost");
    assert!(of_tree(&token).is_empty());
    assert_eq!(helpers(&herd).len(), 1, "the sweep took the hook along");
    fs::write(format!("{}.go", out.display()), "").unwrap();
    wait_until("the hook is through", || lines(&out) == ["through"]);
}

#[test]
fn what_a_shutdown_ends_is_told_to_hooks() {
    let (herd, out) = herd(&[("ended", "echo $WRANGLE_OUTCOME >> FILE")], "60s");
    for _ in 0..12 {
        herd.tree(&["--grace", "200ms"], "ready");
    }
    herd.ok(&["shutdown"]);
    wait_until("each end was told", || lines(&out).len() == 12);
    assert!(lines(&out).iter().all(|line| line == "revoked"));
}
