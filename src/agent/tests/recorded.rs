//! Every recording of every agent: what it comes to, and that independent counting comes
//! to the same.

use std::fmt::Write as _;
use std::time::Duration;

use super::kit::{Case, Totals, cases, heard};
use crate::agent::unguarded as decoder;
use crate::core::agent::event::{AgentEvent, Meter, Part, Want, Words};
use crate::core::agent::ledger::Ledger;
use crate::core::agent::price::Prices;
use crate::core::agent::story::{Heard, Story};
use crate::core::agent::tokens::Tokens;
use crate::core::time::Timestamp;

/// A text on one line, and not a long one.
fn short(text: &str) -> String {
    let escaped = text.escape_debug().to_string().replace("\\\"", "\"");
    match escaped.char_indices().nth(100) {
        Some((end, _)) => format!("{}… ({} bytes)", &escaped[..end], text.len()),
        None => escaped,
    }
}

fn within(within: Option<&str>) -> String {
    within.map_or(String::new(), |call| format!(" within {call}"))
}

fn words(what: &str, words: &Words) -> String {
    let part = match words.part {
        Part::Whole => "",
        Part::Piece => " +",
    };
    let (key, inside) = (&words.key, within(words.within.as_deref()));
    format!("{what}{part} [{key}]{inside} {}", short(&words.text))
}

fn tokens(tokens: Tokens) -> String {
    let Tokens {
        input,
        output,
        cache_read,
        cache_write,
        reasoning,
    } = tokens;
    format!("in {input} out {output} read {cache_read} write {cache_write} thought {reasoning}")
}

/// An event on one line.
fn shown(event: &AgentEvent) -> String {
    match event {
        AgentEvent::Session { id } => format!("session {id}"),
        AgentEvent::Model { name } => format!("model {name}"),
        AgentEvent::Text(text) => words("text", text),
        AgentEvent::Thinking(text) => words("thinking", text),
        AgentEvent::ToolStarted {
            id,
            name,
            category,
            input,
            within: call,
        } => {
            let (inside, input) = (within(call.as_deref()), short(&input.to_string()));
            format!("tool {id}{inside} {name} ({category:?}) {input}")
        }
        AgentEvent::ToolEnded {
            id,
            fault,
            output,
            duration_ms,
            exit_code,
        } => {
            let fault = fault.as_ref().map_or("ok".to_owned(), |fault| {
                format!("{} \"{}\"", fault.kind.word(), short(&fault.text))
            });
            let ms = duration_ms.map_or(String::new(), |ms| format!(" {ms} ms"));
            let code = exit_code.map_or(String::new(), |code| format!(" code {code}"));
            format!("tool ended {id} {fault}{ms}{code} {}", short(output))
        }
        AgentEvent::Used(used) => {
            let model = used.model.as_deref().unwrap_or("?");
            let cost = used.cost.map_or("?".to_owned(), |cost| cost.0.to_string());
            let meter = match &used.meter {
                Meter::Call { key, partial } => {
                    let so_far = if *partial { " so far" } else { "" };
                    format!("call {key}{so_far}")
                }
                meter => format!("{meter:?}").to_lowercase(),
            };
            format!(
                "used by {model} ({meter}): {} cost {cost}",
                tokens(used.tokens)
            )
        }
        AgentEvent::Asks(question) => {
            let choices: Vec<String> = question
                .choices
                .iter()
                .map(|choice| match choice.grants {
                    Some(grants) => format!("{} {grants:?} \"{}\"", choice.id, choice.label),
                    None => format!("{} \"{}\"", choice.id, choice.label),
                })
                .collect();
            let want = match &question.want {
                Want::Permission { tool, call, .. } => {
                    format!("leave for {tool} {}", call.as_deref().unwrap_or("?"))
                }
                Want::Answer => "an answer".into(),
            };
            let (request, text) = (&question.request, short(&question.text));
            let can = if question.answerable {
                ""
            } else {
                " (unanswerable)"
            };
            format!("asks {request}{can} for {want}: {text} {choices:?}")
        }
        AgentEvent::Notice { level, text } => format!("notice {level:?} {}", short(text)),
        AgentEvent::Heard { message, text } => format!("heard {message:?} {}", short(text)),
        AgentEvent::Result(verdict) => {
            let trouble = verdict.trouble.map_or("", |trouble| trouble.word());
            let (ok, turns) = (verdict.ok, verdict.turns);
            format!(
                "result ok={ok} turns={turns:?} {trouble} \"{}\"",
                short(&verdict.text)
            )
        }
        AgentEvent::Raw { text } => format!("raw {}", short(text)),
        AgentEvent::Retrying { .. }
        | AgentEvent::Limit(_)
        | AgentEvent::Answered { .. }
        | AgentEvent::Subagent { .. }
        | AgentEvent::TurnBegan
        | AgentEvent::TurnEnded { .. } => serde_json::to_string(event).unwrap(),
    }
}

#[test]
fn every_recording_is_understood() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    for case in cases() {
        let mut text = String::new();
        for (line, event) in case.events() {
            writeln!(text, "{line} {}", shown(&event)).unwrap();
        }
        insta::assert_snapshot!(format!("{}-{}", case.cli, case.name), text);
    }
}

/// What a run's story comes to.
fn told(case: &Case, ledger: Ledger) -> Story {
    let mut story = Story {
        ledger,
        ..Story::default()
    };
    let mut heard = Heard::default();
    let now = Timestamp::default();
    for (_, event) in case.events() {
        story.take(&event, 1, now, &mut heard);
    }
    story.end(now.plus(Duration::from_secs(1)), &mut heard);
    story
}

fn assert_counted(case: &Case, totals: &Totals, story: &Story) {
    let name = format!("{}/{}", case.cli, case.name);
    let figures = story.ledger.figures();
    let used = figures
        .values()
        .fold(Tokens::default(), |sum, figure| sum + figure.tokens);
    assert_eq!(used, totals.tokens, "{name}: {figures:?}");
    if totals.nanodollars.is_some() {
        let bill = story.ledger.bill(&Prices::default(), None);
        assert_eq!(bill.cost.map(|cost| cost.0), totals.nanodollars, "{name}");
    }
    let counts = (story.turns, story.tools_called, story.tools_failed);
    let counted = (totals.turns, totals.tools, totals.failed);
    assert_eq!(counts, counted, "{name}: turns, tools, failed");
}

#[test]
fn totals_are_those_of_an_independent_count() {
    let cases = cases();
    let find = |cli: &str, name: &str| {
        let mut all = cases.iter();
        let found = all.find(|case| case.cli == cli && case.name == name);
        found.unwrap_or_else(|| panic!("{cli}/{name} is not recorded"))
    };
    for case in &cases {
        let Some(totals) = &case.totals else { continue };
        // the conversations it goes on with, the first one first
        let mut earlier = Vec::new();
        let mut after = totals.after.as_deref();
        while let Some(name) = after {
            let case = find(&case.cli, name);
            earlier.push(case);
            after = case
                .totals
                .as_ref()
                .and_then(|totals| totals.after.as_deref());
        }
        let mut ledger = Ledger::default();
        while let Some(case) = earlier.pop() {
            let before = told(case, ledger).ledger;
            ledger = Ledger::after(before.session(), before.uncovered());
        }
        assert_counted(case, totals, &told(case, ledger));
    }
}

/// As of a log that was written twice, or an agent that stutters.
#[test]
fn a_line_that_is_told_twice_calls_no_tool_twice() {
    for case in cases() {
        let lines: Vec<&[u8]> = case.bytes.split(|byte| *byte == b'\n').collect();
        let counts = |lines: &[&[u8]]| {
            let mut story = Story::default();
            for event in heard(case.speech, lines, |_| false) {
                story.take(&event, 1, Timestamp::default(), &mut Heard::default());
            }
            (story.tools_called, story.tools_failed, story.open.len())
        };
        let twice: Vec<&[u8]> = lines.iter().flat_map(|line| [*line, *line]).collect();
        let name = format!("{}/{}", case.cli, case.name);
        assert_eq!(counts(&twice), counts(&lines), "{name}");
    }
}

/// A result of claude's and qwen-code's says how many turns there were since the last one;
/// what was counted line by line up to there is to be the same.
#[test]
fn turns_are_counted_before_the_result_says_how_many_there_were() {
    let untold = [
        // a result is all there is of it
        ("claude/err_400_json", 0, 1),
        ("claude/perm_prompts_none_json", 0, 3),
        ("claude/rich_json", 0, 9),
        ("claude/sig_int_json", 0, 2),
        // no line tells of the second turn, which is about what a subagent came to
        ("claude/subagent", 0, 1),
        // the provider answered none: what is said is the program's own, as what /usage says
        ("claude/err_400", 0, 1),
        ("claude/err_401_full_retries", 0, 1),
        ("claude/err_429_retries1", 0, 1),
        ("claude/err_connrefused", 0, 1),
        ("claude/err_credit", 0, 1),
        ("claude/err_toolong", 0, 1),
        ("claude/nokey", 0, 1),
        ("claude/ratelimit_oauth_rejected", 0, 1),
        // it broke down, after three answers
        ("claude/crash_null_toolname", 3, 0),
    ];
    let mut differ = Vec::new();
    let mut same = 0;
    for case in cases() {
        if !["claude", "qwen"].contains(&case.cli.as_str()) {
            continue;
        }
        let mut decoder = decoder(case.speech, &serde_json::Value::Null);
        let mut counted = 0;
        for line in case.bytes.split(|byte| *byte == b'\n') {
            let began = |event: &&AgentEvent| **event == AgentEvent::TurnBegan;
            let events = decoder.line(line);
            counted += events.iter().filter(began).count() as u64;
            let line: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
            // `--output-format json --verbose` has them all in one
            let last = line
                .as_array()
                .and_then(|lines| lines.last())
                .unwrap_or(&line);
            if let Some(told) = last["num_turns"].as_u64() {
                if counted == told {
                    same += 1;
                } else {
                    differ.push((format!("{}/{}", case.cli, case.name), counted, told));
                }
                counted = 0;
            }
        }
    }
    let mut untold = untold.map(|(case, counted, told)| (case.to_owned(), counted, told));
    untold.sort();
    assert_eq!(differ, untold);
    assert!(same >= 70, "{same} results");
}

#[test]
fn every_case_of_an_agent_that_counts_is_counted() {
    for case in cases() {
        assert!(
            case.totals.is_some(),
            "{}/{} has no totals",
            case.cli,
            case.name
        );
    }
}
