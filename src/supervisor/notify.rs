//! Terminals are told of what wants a person: by bell and notification, where the
//! configuration has it so.

use super::hub::Hub;
use crate::config::Notify;
use crate::core::event::{Event, What};
use crate::core::exact::exact_line;
use crate::core::task::Outcome;

/// Most characters of a notification.
const LONGEST: usize = 160;

impl Hub {
    /// Something happened: every terminal that shows a screen is told, if it is of a kind
    /// that wants a person.
    pub(super) fn notify(&mut self, events: &[Event]) {
        let notify = self.settings.config.notify;
        let calls: Vec<u8> = events
            .iter()
            .filter_map(worth)
            .flat_map(|text| call(notify, &text))
            .collect();
        if !calls.is_empty() {
            for session in self.sessions() {
                session.call(&calls);
            }
        }
    }
}

/// What there is to say of an event; nothing of those that want nobody.
fn worth(event: &Event) -> Option<String> {
    let what = match (event.what, &event.outcome) {
        (What::Attention, _) => event.text.clone().unwrap_or_else(|| "wants you".into()),
        (What::Ended, Some(Outcome::Revoked(_))) => return None,
        (What::Ended, Some(Outcome::Succeeded)) => "finished".into(),
        (What::Ended, Some(outcome)) => outcome.word().replace('_', " "),
        _ => return None,
    };
    Some(format!("wrangle: {} {}: {what}", event.task, event.name))
}

/// The bytes that call a person. The text may be a task's: no control of it gets through,
/// and none hides the rest.
fn call(notify: Notify, text: &str) -> Vec<u8> {
    // a semicolon would end the text, a control the sequence
    let text = exact_line(text).replace(';', "；");
    let cut = text.chars().nth(LONGEST).is_some();
    let text: String = text
        .chars()
        .take(LONGEST)
        .chain(cut.then_some('…'))
        .collect();
    let mut bytes = Vec::new();
    if notify.osc9 {
        bytes.extend(format!("\x1b]9;{text}\x1b\\").into_bytes());
    }
    if notify.osc777 {
        bytes.extend(format!("\x1b]777;notify;wrangle;{text}\x1b\\").into_bytes());
    }
    if notify.bell {
        bytes.push(0x07);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_made_as_is_wished_and_shows_controls_of_a_task_as_signs() {
        let all = Notify {
            bell: true,
            osc9: true,
            osc777: true,
        };
        let bytes = call(all, "a;b\x1b]0;title\x07\u{9c}c");
        let text = String::from_utf8(bytes).unwrap();
        let said = "a；b␛]0；title␇<U+009C>c";
        let expected = format!("\x1b]9;{said}\x1b\\\x1b]777;notify;wrangle;{said}\x1b\\\x07");
        assert_eq!(text, expected);
        assert!(call(Notify::default(), "x").is_empty());
    }
}
