//! Words become verbs.

use std::ffi::OsString;

use clap::CommandFactory;

use super::kit::{args, call};
use crate::core::filter::Filter;
use crate::core::id::{Target, TaskId};
use crate::core::wire::{EventsAsked, Request};
use crate::verb::registry::Cli;
use crate::verb::*;

#[test]
fn the_declaration_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn without_a_verb_the_screen_opens() {
    assert!(matches!(args(&[]), Ok(Command::Screen)));
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
        Request::Revoke { pick, force: true, .. } if pick.targets == [Target::Id(TaskId(3)), Target::Name("api".into())]
    ));
    assert!(matches!(
        call(&["wait", "3", "--timeout", "30m"]),
        Call { request: Request::Wait(pick), timeout: Some(time), .. } if pick.targets == one() && time.as_secs() == 1800
    ));
    assert!(matches!(
        call(&["retry", "3"]).request,
        Request::Retry {
            target: Target::Id(TaskId(3)),
            ..
        }
    ));
    assert!(matches!(call(&["pause", "3"]).request, Request::Pause(pick) if pick.targets == one()));
    assert!(
        matches!(call(&["resume", "3"]).request, Request::Resume(pick) if pick.targets == one())
    );
    assert!(
        matches!(call(&["send", "3", "yes", "-please"]).request, Request::Send { text, .. } if text == "yes -please")
    );
    assert!(
        matches!(call(&["send", "3", "-", "-"]).request, Request::Send { text, .. } if text == "- -")
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
fn tasks_are_described() {
    let dir = tempfile::tempdir().unwrap();
    let below = dir.path().canonicalize().unwrap();
    let line = |verb: &[&str]| {
        let described = [
            "--outcome",
            "failed",
            "--outcome",
            "lost",
            "--label",
            "b",
            "--label",
            "a",
            "--label",
            "b",
            "--match",
            "make",
            "--dir",
            dir.path().to_str().unwrap(),
        ];
        call(&[verb, &described[..]].concat()).request
    };
    let described = Filter {
        outcomes: vec!["failed".into(), "lost".into()],
        labels: vec!["a".into(), "b".into()],
        text: Some("make".into()),
        dir: Some(below.into()),
        ..Filter::default()
    };
    let Request::List(filter) = line(&["ls", "--state", "running", "--state", "ended"]) else {
        panic!("no list");
    };
    let states = vec!["running".to_owned(), "ended".to_owned()];
    let wanted = Filter {
        states,
        ..described.clone()
    };
    assert_eq!(filter, wanted);
    let Request::Remove {
        targets,
        ended,
        older_than_ms,
    } = line(&["rm", "--ended", "--older-than", "7d"])
    else {
        panic!("no removal");
    };
    let wanted = Filter {
        all: true,
        states: vec!["ended".into()],
        ..described
    };
    assert_eq!((targets, ended), (Vec::new(), Some(wanted)));
    assert_eq!(older_than_ms, 7 * 86_400_000);
}

#[test]
fn a_directory_that_is_gone_is_still_found() {
    let dir = |given: &str| match call(&["ls", "--dir", given]).request {
        Request::List(filter) => filter.dir.unwrap().lossy(),
        other => panic!("{other:?}"),
    };
    assert_eq!(dir("/no/such/./place/../one/"), "/no/such/one");
    let below = std::env::temp_dir().join("no-such-one");
    assert_eq!(dir("no-such-one"), below.display().to_string());
}

#[test]
fn the_newest_are_listed_whether_they_were_looked_at_or_not() {
    assert!(matches!(
        call(&["ls", "--last", "5"]).request,
        Request::List(Filter {
            all: true,
            last: Some(5),
            ..
        })
    ));
}

#[test]
fn what_is_removed_is_named_or_described() {
    assert!(matches!(
        call(&["rm", "3", "api"]).request,
        Request::Remove { targets, ended: None, older_than_ms: 0 }
            if targets == [Target::Id(TaskId(3)), Target::Name("api".into())]
    ));
    assert!(matches!(
        call(&["rm", "--ended"]).request,
        Request::Remove { targets, ended: Some(Filter { all: true, .. }), older_than_ms: 0 }
            if targets.is_empty()
    ));
}

#[test]
fn documents_and_where_they_go() {
    let export = |words: &[&str]| match args(words) {
        Ok(Command::Export(export)) => export,
        other => panic!("{words:?}: {other:?}"),
    };
    let plain = export(&["export", "3"]);
    assert_eq!(plain.target, Target::Id(TaskId(3)));
    assert_eq!((plain.document, plain.run), (Document::Markdown, None));
    assert_eq!(plain.to, None);
    let full = export(&[
        "export",
        "@",
        "--format",
        "json",
        "-o",
        "here/x.json",
        "--run",
        "2",
    ]);
    assert_eq!((full.document, full.run), (Document::Json, Some(2)));
    assert_eq!(full.to, Some(std::env::temp_dir().join("here/x.json")));
    assert_eq!(export(&["export", "3", "-o", "-"]).to, None);
}

#[test]
fn events_are_asked_for_as_they_are_wanted() {
    let events = |words: &[&str]| match args(words) {
        Ok(Command::Events(events)) => events,
        other => panic!("{words:?}: {other:?}"),
    };
    let all = events(&["events"]);
    assert_eq!(all.asked, EventsAsked::default());
    assert!(!all.lines && !all.json);
    let new = events(&["events", "-f", "--lines", "--json", "--task", "api"]);
    let wanted = EventsAsked {
        task: Some(Target::Name("api".into())),
        last: Some(0),
        follow: true,
    };
    assert_eq!(new.asked, wanted);
    assert!(new.lines && new.json);
    assert_eq!(events(&["events", "-f", "-n", "9"]).asked.last, Some(9));
}

#[test]
fn one_of_several_is_waited_for() {
    assert!(call(&["wait", "--any", "3", "4"]).any);
    assert!(!call(&["wait", "3", "4"]).any);
    assert!(matches!(
        args(&["why", "@"]),
        Ok(Command::Why(Target::Newest))
    ));
}
