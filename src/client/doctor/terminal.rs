//! What the terminal can show.

use std::env;

use super::report::{Finding, Mark};
use crate::client::tty;

pub(super) fn findings() -> Vec<Finding> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let term = match variable("TERM") {
        Some(term) if term == "dumb" => (
            Mark::Warn,
            "TERM",
            "dumb: the screen cannot be shown; verbs work".into(),
        ),
        Some(term) => (Mark::Ok, "TERM", term),
        None => (
            Mark::Warn,
            "TERM",
            "not set: no colours; set it to what the terminal is".into(),
        ),
    };
    let colours = if variable("NO_COLOR").is_some() {
        "none, as NO_COLOR says".into()
    } else {
        match variable("COLORTERM").as_deref() {
            Some("truecolor" | "24bit") => "16 million".to_owned(),
            _ if term.2.contains("256") => "256".to_owned(),
            _ => "16".to_owned(),
        }
    };
    // the first of these that is set decides (locale(7))
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| variable(name));
    let utf8 = locale.as_deref().is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    let locale = locale.unwrap_or_else(|| "not set".into());
    vec![
        match tty::check() {
            Ok(()) => {
                let (columns, rows) = tty::size();
                (Mark::Ok, "size", format!("{columns} × {rows}"))
            }
            Err(why) => (Mark::Note, "screen", why.to_string()),
        },
        term,
        (Mark::Ok, "colours", colours),
        if utf8 {
            (Mark::Ok, "locale", format!("{locale}: UTF-8"))
        } else {
            (
                Mark::Warn,
                "locale",
                format!("{locale}: not UTF-8, so signs are plain ASCII; LANG=C.UTF-8 gives all"),
            )
        },
    ]
}
