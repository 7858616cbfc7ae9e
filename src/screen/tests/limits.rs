//! `:limit`: all of them as a text, one as a line.

use super::herd::Desk;
use crate::core::limit::{LimitReport, LimitSource};
use crate::core::wire::{Answer, Request};
use crate::screen::Action;

/// What is asked of the engine by a line in the command bar, answered with these limits.
fn answered(desk: &mut Desk, line: &str) -> Request {
    desk.press(":").type_in(line).press("Enter");
    let asked = desk.taken().into_iter().find_map(|action| match action {
        Action::Request(number, request) => Some((number, request)),
        _ => None,
    });
    let (number, request) = asked.unwrap();
    let limit = |name: &str, most| LimitReport {
        name: name.into(),
        most,
        running: 0,
        tasks: Vec::new(),
        queued: 2,
        source: LimitSource::Config,
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
