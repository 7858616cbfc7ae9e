use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use clap::CommandFactory;

use super::registry::Cli;
use super::*;
use crate::config::Trust;
use crate::core::attention::Attention;
use crate::core::filter::Filter;
use crate::core::id::{Target, TaskId};
use crate::core::raw::Raw;
use crate::core::task::{AfterExit, Kind, Outcome, Run, Spec, State, Task};
use crate::core::time::Timestamp;
use crate::core::wire::{Caller, Request, RunRequest};

fn context(dir: &std::path::Path) -> Context {
    Context {
        caller: Caller {
            dir: dir.to_path_buf().into(),
            env: vec![
                ("HOME".into(), dir.to_path_buf().into()),
                ("KEEP".into(), "1".into()),
            ],
        },
        grace: Duration::from_secs(10),
        trust: Trust::at(dir.join("data/trusted.json")),
    }
}

fn here() -> Context {
    context(&std::env::temp_dir())
}

fn args(words: &[&str]) -> Result<Command, String> {
    match parse_args(words.iter().map(OsString::from)) {
        Ok(Some(verb)) => verb.ask(&here()),
        Ok(None) => Ok(Command::Screen),
        Err(Stop::Usage(line)) => Err(line),
        Err(Stop::Help(text)) => panic!("help: {text}"),
    }
}

fn call(words: &[&str]) -> Call {
    match args(words) {
        Ok(Command::Call(call)) => call,
        other => panic!("{words:?}: {other:?}"),
    }
}

fn run(words: &[&str]) -> RunRequest {
    match call(words).request {
        Request::Run(run) => *run,
        other => panic!("{words:?}: {other:?}"),
    }
}

fn argv(words: &[&str]) -> Vec<String> {
    run(words).spec.argv.iter().map(Raw::lossy).collect()
}

fn wrong(words: &[&str]) -> String {
    let line = args(words).expect_err("should be refused");
    assert!(!line.contains('\n'), "{line:?}");
    line
}

#[test]
fn the_declaration_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn without_a_verb_the_screen_opens() {
    assert!(matches!(args(&[]), Ok(Command::Screen)));
}

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
    assert_eq!(made(&["run", "--", ""]), "command");
    assert_eq!(made(&["run", "--", "é"]), "command");
    for name in ["7", "#7", "@", "", "a\nb"] {
        assert!(
            wrong(&["run", "--name", name, "ls"]).starts_with("--name"),
            "{name}"
        );
    }
}

#[test]
fn the_other_verbs() {
    let one = || vec![Target::Id(TaskId(3))];
    assert!(matches!(
        call(&["ls"]).request,
        Request::List(filter) if filter == Filter::default()
    ));
    assert!(matches!(
        call(&["ls", "--state", "paused", "--all", "--json"]),
        Call { request: Request::List(Filter { all: true, states, .. }), json: true, .. } if states == ["paused"]
    ));
    assert!(matches!(
        call(&["show", "@", "--json"]),
        Call {
            request: Request::Show(Target::Newest),
            json: true,
            ..
        }
    ));
    assert!(matches!(
        call(&["revoke", "--all", "--wait"]).request,
        Request::Revoke {
            all: true,
            wait: true,
            force: false,
            ..
        }
    ));
    assert!(matches!(
        call(&["kill", "3", "api", "--force"]).request,
        Request::Revoke { targets, force: true, .. } if targets == [Target::Id(TaskId(3)), Target::Name("api".into())]
    ));
    assert!(matches!(
        call(&["wait", "3", "--timeout", "30m"]),
        Call { request: Request::Wait(ids), timeout: Some(time), .. } if ids == one() && time.as_secs() == 1800
    ));
    assert!(matches!(
        call(&["retry", "3"]).request,
        Request::Retry {
            target: Target::Id(TaskId(3)),
            ..
        }
    ));
    assert!(matches!(call(&["pause", "3"]).request, Request::Pause(ids) if ids == one()));
    assert!(matches!(call(&["resume", "3"]).request, Request::Resume(ids) if ids == one()));
    assert!(
        matches!(call(&["send", "3", "yes", "-please"]).request, Request::Send { text, .. } if text == "yes -please")
    );
    assert!(
        matches!(call(&["send", "3", ""]).request, Request::Send { text, .. } if text.is_empty())
    );
    assert!(matches!(
        call(&["shutdown", "--force"]).request,
        Request::Shutdown { force: true }
    ));
    assert!(matches!(
        args(&["supervisor"]),
        Ok(Command::Supervisor {
            detached: false,
            takeover: false
        })
    ));
    assert!(matches!(
        args(&["supervisor", "--takeover"]),
        Ok(Command::Supervisor { takeover: true, .. })
    ));
    assert!(matches!(args(&["doctor"]), Ok(Command::Doctor)));
    let Ok(Command::Logs(logs)) = args(&["logs", "3", "-n", "5", "-f", "--raw"]) else {
        panic!("refused");
    };
    assert_eq!((logs.lines, logs.follow, logs.raw), (Some(5), true, true));
}

#[test]
fn what_is_wrong_is_named_in_one_line_with_the_remedy() {
    for (words, parts) in [
        (&["rnu"][..], &["unknown verb rnu", "did you mean run"][..]),
        (&["xyzzy"], &["unknown verb xyzzy", "wrangle help"]),
        (
            &["run", "--folow", "ls"],
            &["unknown option --folow", "did you mean --follow"],
        ),
        (&["run"], &["missing <CMD>", "wrangle run"]),
        (&["run", "--name"], &["--name", "needs a value"]),
        (
            &["run", "--grace", "soon", "ls"],
            &["--grace", "\"soon\"", "10s"],
        ),
        (
            &["run", "--grace", "-5s", "ls"],
            &["--grace", "\"-5s\" is not a time"],
        ),
        (
            &["run", "--grace", "900 days", "ls"],
            &["--grace", "too long", "1day"],
        ),
        (
            &["run", "--env", "A", "ls"],
            &["--env", "\"A\"", "NAME=VALUE"],
        ),
        (&["run", "--env", "=1", "ls"], &["--env", "NAME=VALUE"]),
        (
            &["run", "--after-exit", "kep", "ls"],
            &["\"kep\"", "--after-exit", "did you mean keep"],
        ),
        (&["run", "--dir", "/no/such", "ls"], &["/no/such", "--dir"]),
        (
            &["run", "--dir", "/dev/null", "ls"],
            &["/dev/null", "not a directory"],
        ),
        (
            &["ls", "--state", "runing"],
            &["\"runing\"", "did you mean running"],
        ),
        (
            &["ls", "--state", "zzz"],
            &["\"zzz\"", "one of starting, running"],
        ),
        (&["ls", "3"], &["unexpected argument 3", "wrangle ls"]),
        (&["show"], &["missing <ID>", "wrangle show"]),
        (&["show", ""], &["a task is named by"]),
        (&["revoke"], &["missing <ID>", "wrangle revoke"]),
        (
            &["revoke", "3", "--all"],
            &["--all", "cannot be used together"],
        ),
        (&["logs", "3", "-n", "x"], &["--lines", "invalid digit"]),
        (&["wait", "3", "--timeout", "10"], &["--timeout", "\"10\""]),
        (
            &["run", "--json", "--follow", "ls"],
            &["--json", "--follow", "cannot be used together"],
        ),
        (
            &["run", "--name", "a", "--name", "b", "ls"],
            &["--name", "twice"],
        ),
    ] {
        let line = wrong(words);
        for part in parts {
            assert!(line.contains(part), "{words:?}: {line}");
        }
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for words in [
        &["--help"][..],
        &["help", "run"],
        &["run", "--help"],
        &["--version"],
    ] {
        let Err(Stop::Help(text)) = parse_args(words.iter().map(OsString::from)) else {
            panic!("{words:?}");
        };
        assert!(text.contains("wrangle"), "{text}");
    }
}

#[test]
fn the_bar_takes_the_same_verbs() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("src/api")).unwrap();
    let context = context(&home.path().join("src"));
    let bar = |line: &str| parse_bar(line, &context);
    let Ok(Asked::Request(Request::Run(run))) = bar(":run --dir ../src/api -- make 'a b'") else {
        panic!("refused");
    };
    let api = home.path().canonicalize().unwrap().join("src/api");
    assert_eq!(run.spec.dir.as_path(), api);
    assert_eq!(run.spec.argv[1].as_bytes(), b"a b");
    let Ok(Asked::Request(Request::Run(run))) = bar("run 'echo a; echo b'") else {
        panic!("refused");
    };
    assert_eq!(run.spec.command_line(), "echo a; echo b");
    assert!(matches!(
        bar("revoke 3"),
        Ok(Asked::Request(Request::Revoke { .. }))
    ));
    assert!(matches!(
        bar("logs 3"),
        Ok(Asked::Page(Target::Id(TaskId(3))))
    ));
    assert!(matches!(bar("logs -f @"), Ok(Asked::Look(Target::Newest))));
    assert!(matches!(bar("show api"), Ok(Asked::Look(Target::Name(_)))));
    assert!(matches!(bar("help run"), Ok(Asked::Help(_))));
    for (line, part) in [
        ("", "no verb given"),
        ("run 'a", "quote"),
        ("doctor", "command line"),
        ("supervisor", "command line"),
        ("wait 3 --timeout 1s", "--timeout"),
        ("rnu", "did you mean run"),
        ("show", "usage: show"),
    ] {
        let error = bar(line).unwrap_err();
        assert!(
            error.contains(part) && !error.contains('\n'),
            "{line}: {error}"
        );
    }
}

#[test]
fn a_tilde_is_expanded_where_no_shell_has_done_it() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("x")).unwrap();
    let mut context = context(home.path());
    context.caller.dir = "/".into();
    let Ok(Asked::Request(Request::Run(run))) = parse_bar("run --dir ~/x ls", &context) else {
        panic!("refused");
    };
    assert!(run.spec.dir.as_path().ends_with("x"));
}

fn task(id: u32, name: &str, ended: bool) -> Task {
    let mut run = Run::new(1, Timestamp(0));
    if ended {
        run.state = State::Ended {
            outcome: Outcome::Succeeded,
            at: Timestamp(1),
        };
    }
    Task {
        id: TaskId(id),
        spec: Spec {
            name: name.into(),
            kind: Kind::Command,
            argv: vec!["true".into()],
            dir: "/".into(),
            grace_ms: 0,
            after_exit: AfterExit::Keep,
            stdin: false,
            env_names: Vec::new(),
            labels: Vec::new(),
        },
        parent: None,
        created: Timestamp(0),
        run,
        past: Vec::new(),
        attention: Attention::None,
    }
}

fn completed(line: &str) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("src dir/in")).unwrap();
    fs::create_dir(home.path().join(".hidden")).unwrap();
    fs::write(home.path().join("script"), "").unwrap();
    let tasks = [
        task(1, "api", true),
        task(2, "web app", false),
        task(12, "api", false),
    ];
    let found = complete(line, line.len(), &context(home.path()), tasks.iter());
    assert_eq!(found.range.end, line.len());
    let before = &line[..found.range.start];
    found
        .candidates
        .into_iter()
        .map(|candidate| format!("{before}{}", candidate.text))
        .collect()
}

#[test]
fn completion_of_verbs_and_options() {
    assert_eq!(completed("sh"), ["show", "shutdown"]);
    assert_eq!(
        completed(":re"),
        [":revoke", ":retry", ":resume", ":reload"]
    );
    assert_eq!(completed("ls --"), ["ls --state", "ls --all", "ls --json"]);
    assert_eq!(completed("ls --all --a"), Vec::<String>::new());
    assert_eq!(completed("ls --state p"), ["ls --state paused"]);
    assert_eq!(completed("ls --state=p"), ["ls --state=paused"]);
    assert_eq!(
        completed("run --after-exit "),
        ["run --after-exit sweep", "run --after-exit keep"]
    );
    assert_eq!(completed("run --name "), Vec::<String>::new());
    assert_eq!(completed("nope "), Vec::<String>::new());
    assert!(
        completed("supervisor --")
            .iter()
            .all(|line| !line.contains("detached"))
    );
}

#[test]
fn completion_of_tasks() {
    assert_eq!(completed("revoke "), ["revoke 12", "revoke 2", "revoke 1"]);
    assert_eq!(completed("kill 12 "), ["kill 12 2", "kill 12 1"]);
    assert_eq!(completed("logs -n 5 1"), ["logs -n 5 12", "logs -n 5 1"]);
    assert_eq!(completed("show a"), ["show api"]);
    assert_eq!(completed("show we"), ["show 'web app'"]);
    assert_eq!(completed("show 1 "), Vec::<String>::new());
}

#[test]
fn completion_of_paths() {
    assert_eq!(completed("run --dir "), ["run --dir 'src dir/'"]);
    assert_eq!(completed("run --dir ."), ["run --dir .hidden/"]);
    assert_eq!(
        completed("run --dir 'src dir/"),
        ["run --dir 'src dir/in/'"]
    );
    assert_eq!(completed("run --dir ~/s"), ["run --dir ~/'src dir/'"]);
    assert_eq!(completed("run --dir=s"), ["run --dir='src dir/'"]);
    assert_eq!(
        completed("run cat s"),
        ["run cat script", "run cat 'src dir/'"]
    );
    assert_eq!(completed("run -- cat --s"), Vec::<String>::new());
}

#[test]
fn a_cursor_inside_a_character_or_past_the_end_does_no_harm() {
    for cursor in 0..12 {
        complete("show é日", cursor, &here(), std::iter::empty());
    }
}
