//! Words become verbs.

use std::ffi::OsString;

use clap::CommandFactory;

use super::kit::{args, call};
use crate::core::filter::Filter;
use crate::core::id::{Target, TaskId};
use crate::core::wire::Request;
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
        Ok(Command::Supervisor { detached: false })
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
