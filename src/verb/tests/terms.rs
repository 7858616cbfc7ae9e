//! `run`: when and beside whom a task may run.

use std::fs;

use super::kit::{call, context, run, wrong};
use crate::core::id::{Target, TaskId};
use crate::core::plan::{Behind, Fate, Idle, Needs, Priority, Start};
use crate::core::time::Timestamp;
use crate::core::wire::Request;
use crate::verb::*;

#[test]
fn without_a_word_of_it_a_task_waits_for_nobody() {
    let run = run(&["run", "--", "true"]);
    assert_eq!(run.priority, Priority::Normal);
    assert_eq!(
        (run.after.len(), run.start, run.no_wait),
        (0, Start::Now, false)
    );
    let spec = run.spec;
    assert_eq!(
        (spec.model, spec.lane, spec.provider, spec.lease),
        (None, None, None, None)
    );
    assert_eq!((spec.timeout_ms, spec.idle, spec.restarts), (None, None, 0));
    assert_eq!(spec.retry_on, Fate::USUAL);
}

#[test]
fn the_lane_is_the_model_where_none_is_given() {
    let of = |words: &[&str]| {
        let spec = run(&[&["run"], words, &["--", "true"]].concat()).spec;
        [spec.model, spec.lane, spec.provider].map(Option::unwrap_or_default)
    };
    assert_eq!(of(&["--model", "sonnet"]), ["sonnet", "sonnet", ""]);
    assert_eq!(of(&["--lane", "gpu"]), ["", "gpu", ""]);
    assert_eq!(
        of(&["--model", "anthropic/sonnet-4.5"]),
        ["anthropic/sonnet-4.5", "anthropic/sonnet-4.5", "anthropic"]
    );
    assert_eq!(
        of(&["--model", "anthropic/sonnet", "--lane", "night"]),
        ["anthropic/sonnet", "night", "anthropic"]
    );
    assert_eq!(
        of(&["--lane", "openai/batch"]),
        ["", "openai/batch", "openai"]
    );
    assert_eq!(
        of(&["--model", "m", "--lane", "openai/batch"]),
        ["m", "openai/batch", "openai"]
    );
}

#[test]
fn what_comes_first_is_named_as_any_task_is() {
    let run = run(&[
        "run",
        "--after",
        "3,api",
        "--after",
        "@",
        "--after-any",
        "4,5",
        "--after-end",
        "#6",
        "--",
        "true",
    ]);
    let id = |id| Target::Id(TaskId(id));
    let wanted = [
        (id(3), Needs::Success),
        (Target::Name("api".into()), Needs::Success),
        (Target::Newest, Needs::Success),
        (id(4), Needs::AnySuccess),
        (id(5), Needs::AnySuccess),
        (id(6), Needs::End),
    ]
    .map(|(target, needs)| Behind { target, needs });
    assert_eq!(run.after, wanted);
}

#[test]
fn times_and_retries() {
    let run = run(&[
        "run",
        "--priority",
        "high",
        "--timeout",
        "30m",
        "--idle-timeout",
        "10m",
        "--on-idle",
        "stop",
        "--in",
        "1h 30m",
        "--retry",
        "3",
        "--retry-on",
        "lost,failed",
        "--retry-on",
        "failed",
        "--",
        "true",
    ]);
    assert_eq!(run.priority, Priority::High);
    assert_eq!(run.start, Start::In(5_400_000));
    assert_eq!(run.spec.timeout_ms, Some(1_800_000));
    let idle = |stop| {
        Some(Idle {
            after_ms: 600_000,
            stop,
        })
    };
    assert_eq!(run.spec.idle, idle(true));
    assert_eq!(
        (run.spec.restarts, run.spec.retry_on),
        (3, vec![Fate::Failed, Fate::Lost])
    );
    let told = super::kit::run(&["run", "--idle-timeout", "10m", "--", "true"]);
    assert_eq!(told.spec.idle, idle(false));
    let at = super::kit::run(&["run", "--at", "12:00", "--", "true"]);
    let Start::At(Timestamp(at)) = at.start else {
        panic!("{:?}", at.start);
    };
    let now = Timestamp::from(std::time::SystemTime::now()).0;
    assert!(at > now && at - now <= 25 * 3_600_000, "{at} {now}");
}

#[test]
fn a_directory_is_wanted_alone_where_that_is_said() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().canonicalize().unwrap();
    fs::create_dir_all(dir.join(".git")).unwrap();
    fs::create_dir(dir.join("src")).unwrap();
    let src = dir.join("src").display().to_string();
    let run = run(&["run", "--exclusive", "--no-wait", "--dir", &src, "true"]);
    let lease = run.spec.lease.unwrap();
    assert_eq!(lease.path(), dir.join("src"));
    assert_eq!(lease.tree.unwrap().root.as_path(), dir);
    assert!(run.no_wait);
    let shared = call(&["run", "--share", "true"]);
    let Request::Run(shared) = shared.request else {
        panic!("{shared:?}");
    };
    assert_eq!(shared.spec.lease, None);
}

#[test]
fn the_bar_takes_them_too() {
    let here = context(&std::env::temp_dir());
    let line = "run --lane gpu --after 3 --at 12:00 --exclusive -- make";
    let Ok(Asked::Request(Request::Run(run))) = parse_bar(line, &here) else {
        panic!("refused");
    };
    assert_eq!(run.spec.lane.as_deref(), Some("gpu"));
    assert!(run.spec.lease.is_some());
}

#[test]
fn what_makes_no_sense_names_its_option() {
    for (words, parts) in [
        (
            &["--lane", "a b"][..],
            &["--lane", "\"a b\" is no lane", "letters"][..],
        ),
        (&["--lane", "global"], &["--lane", "the name of a limit"]),
        (&["--model", ""], &["--model", "is no model"]),
        (
            &["--priority", "hihg"],
            &["--priority", "did you mean high"],
        ),
        (&["--after", ""], &["--after", "its number, its name"]),
        (&["--after", "3,,4"], &["--after", "its number, its name"]),
        (&["--timeout", "0s"], &["--timeout", "no time at all"]),
        (
            &["--timeout", "-5m"],
            &["--timeout", "\"-5m\" is not a time"],
        ),
        (&["--timeout", "10"], &["--timeout", "write it as 10s"]),
        (&["--timeout", "1ns"], &["--timeout", "no time at all"]),
        (&["--timeout", "99999999y"], &["--timeout", "9y\""]),
        (
            &["--idle-timeout", "900y"],
            &["--idle-timeout", "too long; the most is 1year"],
        ),
        (&["--in", "-1m"], &["--in", "\"-1m\" is not a time"]),
        (&["--in", "0m"], &["--in", "no time at all"]),
        (&["--in", "5y"], &["--in", "too long"]),
        (&["--at", "25:00"], &["--at", "is not a time"]),
        (&["--at", "-02:00"], &["--at", "is not a time"]),
        (&["--at", "2020-01-01 00:00"], &["--at", "is past"]),
        (
            &["--at", "2:00", "--in", "5m"],
            &["--at", "--in", "cannot be used together"],
        ),
        (&["--on-idle", "stop"], &["--on-idle", "--idle-timeout"]),
        (&["--on-idle", "kill"], &["--on-idle", "one of tell, stop"]),
        (&["--retry", "-1"], &["--retry", "0 to 1000"]),
        (&["--retry", "1001"], &["--retry", "0 to 1000"]),
        (&["--retry-on", "lost"], &["--retry-on", "--retry"]),
        (
            &["--retry", "0", "--retry-on", "lost"],
            &["--retry-on", "--retry"],
        ),
        (
            &["--retry", "2", "--retry-on", "succeeded"],
            &["--retry-on", "one of failed, killed"],
        ),
        (
            &["--exclusive", "--share"],
            &["--exclusive", "--share", "cannot be used together"],
        ),
        (&["--no-wait"], &["--no-wait", "--exclusive"]),
    ] {
        let line = wrong(&[&["run"], words, &["--", "true"]].concat());
        for part in parts {
            assert!(line.contains(part), "{words:?}: {line}");
        }
    }
}
