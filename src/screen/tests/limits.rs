//! `:limit`, `:stats`, `:tools`: all of it as a text, one as a line.

use super::herd::Desk;
use crate::core::limit::{LimitReport, LimitSource};
use crate::core::report::StatsReport;
use crate::core::wire::{Answer, By, Request};
use crate::screen::Action;

/// What is asked of the engine by a line in the command bar, and its number.
fn asked(desk: &mut Desk, line: &str) -> (u64, Request) {
    desk.press(":").type_in(line).press("Enter");
    let asked = desk.taken().into_iter().find_map(|action| match action {
        Action::Request(number, request) => Some((number, request)),
        _ => None,
    });
    asked.unwrap()
}

/// The same, answered with these limits.
fn answered(desk: &mut Desk, line: &str) -> Request {
    let (number, request) = asked(desk, line);
    let limit = |name: &str, most| LimitReport {
        name: name.into(),
        most,
        running: 0,
        tasks: Vec::new(),
        queued: 2,
        source: LimitSource::Config,
        budget: None,
    };
    let all = vec![limit("global", None), limit("sonnet", Some(3))];
    desk.screen.answer(number, Answer::Limits(all), true);
    request
}

#[test]
fn all_are_a_text_and_one_is_a_line() {
    let mut desk = Desk::new(80, 24);
    assert!(matches!(answered(&mut desk, "limit"), Request::Limits));
    let text = desk.text();
    assert!(text.contains(" limits ─"), "{text}");
    assert!(
        text.contains("LIMIT    AT ONCE  RUN  WAIT  SET BY"),
        "{text}"
    );
    assert!(
        text.contains("sonnet         3    0     2  configuration"),
        "{text}"
    );
    desk.press("Esc");
    let request = answered(&mut desk, "limit sonnet 3");
    assert!(matches!(request, Request::SetLimit { .. }));
    let text = desk.text();
    assert!(
        text.contains("sonnet: 3 at once, set by configuration; 0 run, 2 wait"),
        "{text}"
    );
    answered(&mut desk, "limit opus");
    let text = desk.text();
    assert!(
        text.contains("nothing that is called opus has a limit"),
        "{text}"
    );
}

#[test]
fn what_agents_used_and_called_is_a_text() {
    let mut desk = Desk::new(80, 24);
    let (number, request) = asked(&mut desk, "stats --by model");
    assert!(matches!(request, Request::Stats { by: By::Model, .. }));
    let line = StatsReport {
        key: Some("opus\u{1b}[2J".into()),
        runs: 3,
        cost_usd: 1.5,
        at_least_runs: 1,
        ..StatsReport::default()
    };
    desk.screen.answer(number, Answer::Stats(vec![line]), true);
    let text = desk.text();
    assert!(text.contains(" stats ─"), "{text}");
    assert!(text.contains("OF        RUNS  OK"), "{text}");
    assert!(text.contains("opus␛[2J  3"), "{text}");
    assert!(text.contains("at least"), "{text}");
    desk.press("Esc");
    let (number, _) = asked(&mut desk, "stats");
    desk.screen.answer(number, Answer::Stats(Vec::new()), true);
    assert!(desk.text().contains("no agent has run"));

    let id = desk.agent("api", "do it");
    let (number, request) = asked(&mut desk, &format!("tools {id}"));
    assert!(matches!(request, Request::Tools(_)));
    desk.screen.answer(number, Answer::Tools(Vec::new()), true);
    assert!(desk.text().contains("it has called no tool"));
}
