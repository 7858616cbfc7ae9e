//! `run`: what is launched, and under which name.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::kit::{argv, call, here, run, wrong};
use crate::core::raw::Raw;
use crate::core::task::AfterExit;
use crate::core::wire::Request;
use crate::verb::*;

#[test]
fn a_command_is_taken_as_given() {
    assert_eq!(
        argv(&["run", "--", "make", "-j4", "test"]),
        ["make", "-j4", "test"]
    );
    assert_eq!(
        argv(&["run", "make", "-j4", "--name"]),
        ["make", "-j4", "--name"]
    );
    assert_eq!(argv(&["run", "--name", "x", "ls"]), ["ls"]);
    assert_eq!(
        argv(&["run", "cargo", "test", "--", "--nocapture"]),
        ["cargo", "test", "--", "--nocapture"]
    );
    assert_eq!(
        argv(&["run", "--", "cargo", "test", "--", "--", "x"]),
        ["cargo", "test", "--", "--", "x"]
    );
    assert_eq!(argv(&["run", "--", "--odd"]), ["--odd"]);
    assert_eq!(argv(&["run", "--", "a", ""]), ["a", ""]);
}

#[test]
fn one_argument_with_spaces_is_a_shells_unless_dashed() {
    assert_eq!(argv(&["run", "make test"]), ["sh", "-c", "make test"]);
    assert_eq!(argv(&["run", "--", "make test"]), ["make test"]);
    assert_eq!(argv(&["run", "--name", "x", "a; b"]), ["sh", "-c", "a; b"]);
    assert_eq!(argv(&["run", "make"]), ["make"]);
    assert_eq!(argv(&["run", "a b", "c"]), ["a b", "c"]);
}

#[test]
fn bytes_that_are_not_utf8_arrive() {
    let odd = OsString::from_vec(vec![b'a', 0xff]);
    let variable = OsString::from_vec(vec![b'K', b'=', 0xfe, b'=']);
    let words = ["run", "--env"].map(OsString::from).into_iter();
    let words = words.chain([variable, "--".into(), "ls".into(), odd]);
    let Ok(Some(verb)) = parse_args(words) else {
        panic!("refused");
    };
    let Ok(Command::Call(Call {
        request: Request::Run(run),
        ..
    })) = verb.ask(&here())
    else {
        panic!("refused");
    };
    assert_eq!(run.spec.argv[1].as_bytes(), [b'a', 0xff]);
    assert!(run.env.contains(&("K".into(), vec![0xfe, b'='].into())));
}

#[test]
fn options_of_run() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().canonicalize().unwrap();
    let line = [
        "run",
        "--name",
        "api tests",
        "--dir",
        dir.to_str().unwrap(),
        "--env",
        "A=1",
        "--env",
        "KEEP=2",
        "--grace",
        "1m",
        "--label",
        "nightly",
        "--label",
        "ci",
        "--label",
        "nightly",
        "--after-exit",
        "sweep",
        "--stdin",
        "--follow",
        "--",
        "make",
    ];
    let asked = call(&line);
    assert!(asked.follow && !asked.json);
    let run = run(&line);
    assert_eq!(run.spec.name, "api tests");
    assert_eq!(run.spec.dir.as_path(), dir);
    assert_eq!(run.spec.labels, ["ci", "nightly"]);
    assert_eq!(run.spec.grace_ms, 60_000);
    assert_eq!(run.spec.after_exit, AfterExit::Sweep);
    assert!(run.spec.stdin);
    assert_eq!(run.spec.env_names, ["A", "KEEP"]);
    let values: Vec<&Raw> = run
        .env
        .iter()
        .filter(|(key, _)| key.as_bytes() == b"KEEP")
        .map(|(_, value)| value)
        .collect();
    assert_eq!(values, [&Raw::from("2")]);
}

#[test]
fn defaults_of_run() {
    let run = run(&["run", "--", "/usr/bin/make", "test"]);
    assert_eq!(run.spec.name, "make-test");
    assert_eq!(run.spec.grace_ms, 10_000);
    assert_eq!(run.spec.after_exit, AfterExit::Keep);
    assert!(!run.spec.stdin);
    assert_eq!(
        run.spec.dir.as_path(),
        std::env::temp_dir().canonicalize().unwrap()
    );
}

#[test]
fn names_are_made_from_commands_and_never_look_like_numbers() {
    let made = |words: &[&str]| run(words).spec.name;
    assert_eq!(made(&["run", "FOO=1 cargo test --all; echo"]), "cargo-test");
    assert_eq!(made(&["run", "--", "sleep", "100"]), "sleep-100");
    assert_eq!(made(&["run", "--", "ls", "-la"]), "ls");
    assert_eq!(made(&["run", "--", "42"]), "command");
    assert_eq!(made(&["run", "--", "/"]), "command");
    assert_eq!(made(&["run", "--", "é"]), "command");
    for name in ["7", "#7", "@", "", "a\nb"] {
        assert!(
            wrong(&["run", "--name", name, "ls"]).starts_with("--name"),
            "{name}"
        );
    }
}
