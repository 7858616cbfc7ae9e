//! Verbs of the queue.

use super::kit::{args, call, context, wrong};
use crate::core::filter::Filter;
use crate::core::id::{Target, TaskId};
use crate::core::limit::{Limit, LimitReport, LimitSource, SetTo};
use crate::core::plan::{Behind, Needs, Priority};
use crate::core::wire::{Move, Pick, Request};
use crate::verb::*;

fn id(id: u32) -> Target {
    Target::Id(TaskId(id))
}

fn limits(words: &[&str]) -> Limits {
    match args(words) {
        Ok(Command::Limits(limits)) => limits,
        other => panic!("{words:?}: {other:?}"),
    }
}

#[test]
fn limits_are_shown_and_set() {
    let all = limits(&["limit", "--json"]);
    assert!(matches!(all.request, Request::Limits) && all.on.is_none() && all.json);
    let one = limits(&["limit", "provider:anthropic"]);
    assert!(matches!(one.request, Request::Limits));
    assert_eq!(one.on, Some(Limit::Provider("anthropic".into())));
    for (words, wanted) in [
        (
            &["limit", "sonnet", "3"][..],
            (Limit::Lane("sonnet".into()), SetTo::Most(Some(3)), false),
        ),
        (
            &["limit", "global", "none"],
            (Limit::Global, SetTo::Most(None), false),
        ),
        (
            &["limit", "agents", "default"],
            (Limit::Agents, SetTo::Default, false),
        ),
        (
            &["limit", "--new", "b2", "0"],
            (Limit::Lane("b2".into()), SetTo::Most(Some(0)), true),
        ),
    ] {
        let Request::SetLimit { limit, to, new } = limits(words).request else {
            panic!("{words:?}");
        };
        assert_eq!((limit, to, new), wanted, "{words:?}");
    }
}

#[test]
fn limits_as_text() {
    let limit = |name: &str, most, running: u32| LimitReport {
        name: name.into(),
        most,
        running,
        tasks: (1..=running).map(TaskId).collect(),
        queued: 4,
        source: if most.is_none() {
            LimitSource::Config
        } else {
            LimitSource::Said
        },
        budget: None,
    };
    assert_eq!(
        limit_table(&[limit("global", None, 12), limit("sonnet", Some(3), 3)]),
        [
            "LIMIT    AT ONCE  RUN  WAIT  SET BY",
            "global  no limit   12     4  configuration",
            "sonnet         3    3     4  wrangle limit",
        ]
    );
    assert_eq!(
        limit_line(&limit("sonnet", Some(3), 3)),
        "sonnet: 3 at once, set by wrangle limit; 3 run (#1 #2 #3), 4 wait"
    );
    assert!(limit_line(&limit("x", None, 9)).contains("(#1 #2 #3 #4 #5 #6 #7 #8 and 1 more)"));
}

#[test]
fn the_order_is_changed() {
    let Request::Priority(pick, Priority::High) = call(&["priority", "3", "api", "high"]).request
    else {
        panic!("refused");
    };
    assert_eq!(pick.targets, [id(3), Target::Name("api".into())]);
    let Request::Priority(pick, Priority::Low) = call(&["priority", "--label", "x", "low"]).request
    else {
        panic!("refused");
    };
    assert_eq!((pick.targets.len(), pick.labels), (0, vec!["x".into()]));
    for (verb, to) in [("top", Move::Top), ("up", Move::Up), ("down", Move::Down)] {
        let Request::Move(Target::Newest, moved) = call(&[verb, "@"]).request else {
            panic!("{verb}");
        };
        assert_eq!(moved, to);
    }
    for (words, needs, count) in [
        (&["after", "5", "3,4"][..], Needs::Success, 2),
        (
            &["after", "5", "3", "4", "6", "--any"],
            Needs::AnySuccess,
            3,
        ),
        (&["after", "5", "3", "--end"], Needs::End, 1),
        (&["after", "5", "--none"], Needs::End, 0),
    ] {
        let Request::After(target, behind) = call(words).request else {
            panic!("{words:?}");
        };
        assert_eq!((target, behind.len()), (id(5), count), "{words:?}");
        let all = |behind: &Behind| behind.needs == needs;
        assert!(behind.iter().all(all), "{words:?}");
    }
}

#[test]
fn many_are_meant_by_a_label_and_the_queue_by_itself() {
    let pick = |request: Request| match request {
        Request::Pause(pick)
        | Request::Resume(pick)
        | Request::Wait(pick)
        | Request::Revoke { pick, .. } => pick,
        other => panic!("{other:?}"),
    };
    for verb in ["pause", "resume", "wait", "revoke"] {
        let words = [verb, "3", "--label", "x", "--label", "y"];
        let Pick {
            targets, labels, ..
        } = pick(call(&words).request);
        assert_eq!(
            (targets, labels),
            (vec![id(3)], vec!["x".into(), "y".into()]),
            "{verb}"
        );
    }
    assert!(matches!(
        call(&["pause", "--queue"]).request,
        Request::PauseQueue(true)
    ));
    assert!(matches!(
        call(&["resume", "--queue"]).request,
        Request::PauseQueue(false)
    ));
    let Ok(Command::Again(again)) = args(&["retry", "--label", "x"]) else {
        panic!("refused");
    };
    assert_eq!(again.labels, ["x"]);
    let ls = call(&["ls", "--lane", "sonnet", "--tree"]);
    assert!(ls.tree);
    let lane = Some("sonnet".into());
    assert!(
        matches!(ls.request, Request::List(filter) if filter == Filter { lane, ..Filter::default() })
    );
}

#[test]
fn the_bar_takes_them_too() {
    let here = context(&std::env::temp_dir());
    let bar = |line: &str| parse_bar(line, &here).unwrap();
    assert!(matches!(
        bar(":limit"),
        Asked::Limits(Request::Limits, None)
    ));
    assert!(matches!(
        bar("limit sonnet 2"),
        Asked::Limits(Request::SetLimit { .. }, Some(Limit::Lane(_)))
    ));
    assert!(matches!(
        bar(":top 3"),
        Asked::Request(Request::Move(_, Move::Top))
    ));
    assert!(matches!(
        bar("priority 3 low"),
        Asked::Request(Request::Priority(..))
    ));
    assert!(matches!(
        bar("pause --queue"),
        Asked::Request(Request::PauseQueue(true))
    ));
    assert!(matches!(
        bar("after 5 3"),
        Asked::Request(Request::After(..))
    ));
    assert!(parse_bar("limit a b c", &here).is_err());
    let nothing = parse_bar("send 3 -", &here).unwrap_err();
    assert!(nothing.contains("no standard input here; give the message itself"));
    let many = parse_bar("retry --label x", &here).unwrap_err();
    assert!(many.contains("in a shell"), "{many}");
}

#[test]
fn what_makes_no_sense_is_named_with_the_remedy() {
    for (words, parts) in [
        (&["limit", "a b"][..], &["LIMIT", "is no lane"][..]),
        (
            &["limit", "sonnet", "-1"],
            &["\"-1\" is no limit", "none or default"],
        ),
        (&["limit", "sonnet", "many"], &["\"many\" is no limit"]),
        (&["limit", "sonnet", "9999999999"], &["is no limit"]),
        (&["limit", "--new", "sonnet"], &["missing <N>"]),
        (&["limit", "provider:", "3"], &["is no lane"]),
        (
            &["priority", "3"],
            &["\"3\" is no value of <PRIORITY>", "high, normal, low"],
        ),
        (
            &["priority", "3", "hihg"],
            &["\"hihg\"", "did you mean high"],
        ),
        (&["priority"], &["missing", "high|normal|low"]),
        (&["top"], &["missing <ID>"]),
        (&["after", "5"], &["missing", "wrangle after <ID>"]),
        (
            &["after", "5", "3", "--none"],
            &["--none", "cannot be used together"],
        ),
        (
            &["after", "5", "3", "--any", "--end"],
            &["cannot be used together"],
        ),
        (&["pause"], &["missing", "<ID>...|--label <LABEL>|--queue"]),
        (
            &["pause", "3", "--queue"],
            &["--queue", "cannot be used together"],
        ),
        (&["wait"], &["missing", "--label"]),
        (
            &["revoke", "--all", "--label", "x"],
            &["cannot be used together"],
        ),
        (&["retry"], &["missing", "<ID>|--label <LABEL>"]),
        (
            &["retry", "3", "--label", "x"],
            &["cannot be used together"],
        ),
        (&["ls", "--tree", "--json"], &["cannot be used together"]),
        (&["ls", "--lane", "a b"], &["--lane", "is no lane"]),
    ] {
        let line = wrong(words);
        for part in parts {
            assert!(line.contains(part), "{words:?}: {line}");
        }
    }
}
