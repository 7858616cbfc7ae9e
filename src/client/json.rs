//! JSON on standard output.

use std::fmt::Write;

use serde::Serialize;

use super::trouble::Trouble;

/// A value as one line of JSON that a terminal can be trusted with; `what` it is.
pub(super) fn text(value: &impl Serialize, what: &str) -> Result<String, Trouble> {
    serde_json::to_string(value)
        .map(harmless)
        .map_err(|error| Trouble::Failed(format!("cannot write {what} as JSON: {error}")))
}

/// A text as the inside of a JSON string.
pub(super) fn inside(text: &str) -> String {
    let quoted = harmless(serde_json::Value::from(text).to_string());
    quoted[1..quoted.len() - 1].to_owned()
}

/// JSON with DEL and the C1 controls escaped too: a terminal may obey them, and they
/// can stand within strings alone.
fn harmless(json: String) -> String {
    // both begin with one of these two bytes, which are rare
    if memchr::memchr2(0x7f, 0xc2, json.as_bytes()).is_none() {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '\u{7f}'..='\u{9f}') {
            write!(out, "\\u{:04x}", c as u32).ok();
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_is_left_and_nothing_changes() {
        for given in ["a\u{1b}[2J\u{9b}2J\u{7f}\n\"\\", "é¢\u{a0}", "", "日本"] {
            let json = text(&given, "a text").unwrap();
            assert!(!json.chars().any(char::is_control), "{json:?}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), given);
            assert_eq!(format!("\"{}\"", inside(given)), json);
        }
    }
}
