//! Text of others made fit for a row of cells.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::core::agent::tokens::Usd;

/// Text that cannot drive a terminal or upset a row: controls become a space, what
/// reorders or hides other text (bidi controls, zero-width space, byte order mark) goes.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c.is_control() || hides(c)) {
        return Cow::Borrowed(text);
    }
    let kept = text.chars().filter(|c| !hides(*c));
    Cow::Owned(kept.map(|c| if c.is_control() { ' ' } else { c }).collect())
}

/// Bidi controls, zero-width space, line separators, byte order mark.
const fn hides(c: char) -> bool {
    matches!(
        c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// Width in cells.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to at most `cells`, `more` at its end where something was cut.
pub(super) fn cut(text: &str, cells: usize, more: char) -> Cow<'_, str> {
    let text = clean(text);
    if width(&text) <= cells {
        return text;
    }
    let room = cells.saturating_sub(1);
    let (mut kept, mut used) = (String::new(), 0);
    for grapheme in text.graphemes(true) {
        used += width(grapheme);
        if used > room {
            break;
        }
        kept.push_str(grapheme);
    }
    if cells > 0 {
        kept.push(more);
    }
    Cow::Owned(kept)
}

/// The text cut to `cells` from its left, where its end says most, as a path's does.
pub(super) fn cut_left(text: &str, cells: usize, more: char) -> Cow<'_, str> {
    let text = clean(text);
    if width(&text) <= cells {
        return text;
    }
    let room = cells.saturating_sub(1);
    let (mut kept, mut used) = (Vec::new(), 0);
    for grapheme in text.graphemes(true).rev() {
        used += width(grapheme);
        if used > room {
            break;
        }
        kept.push(grapheme);
    }
    let rest: String = kept.into_iter().rev().collect();
    Cow::Owned(if cells > 0 {
        format!("{more}{rest}")
    } else {
        rest
    })
}

/// The text in exactly `cells`: cut, or filled with spaces at its right.
pub(super) fn left(text: &str, cells: usize, more: char) -> String {
    let text = cut(text, cells, more);
    let fill = cells.saturating_sub(width(&text));
    format!("{text}{:fill$}", "")
}

/// The text in exactly `cells`, at their right.
pub(super) fn right(text: &str, cells: usize, more: char) -> String {
    let text = cut(text, cells, more);
    let fill = cells.saturating_sub(width(&text));
    format!("{:fill$}{text}", "")
}

/// A text in rows of at most so many cells, broken between words, a longer word within.
pub(super) fn wrapped(text: &str, cells: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match rows.last_mut() {
            Some(row) if width(row) + 1 + width(word) <= cells => {
                row.push(' ');
                row.push_str(word);
            }
            _ if width(word) <= cells => rows.push(word.to_owned()),
            _ => pieces(word, cells, &mut rows),
        }
    }
    rows
}

/// A word that is wider than a row, in as many as it takes.
fn pieces(word: &str, cells: usize, rows: &mut Vec<String>) {
    let mut row = String::new();
    for grapheme in word.graphemes(true) {
        if !row.is_empty() && width(&row) + width(grapheme) > cells {
            rows.push(std::mem::take(&mut row));
        }
        row.push_str(grapheme);
    }
    rows.push(row);
}

/// A number as people read it: "9,998".
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount of money, with a + behind it where it may be more.
pub(super) fn money(cost: Usd, more: bool) -> String {
    format!("{cost}{}", if more { "+" } else { "" })
}

/// A number of tokens: "340 tok", "12k tok", "1.2M tok".
pub(super) fn tokens(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} tok"),
        1_000..9_950 => format!("{:.1}k tok", number as f64 / 1e3),
        9_950..999_500 => format!("{:.0}k tok", number as f64 / 1e3),
        _ => format!("{:.1}M tok", number as f64 / 1e6),
    }
}

/// "1 task", "3 tasks".
pub(super) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        n if noun.ends_with("ss") => format!("{n} {noun}es"),
        n => format!("{n} {noun}s"),
    }
}

/// A path with the home directory as `~`.
pub(super) fn home<'a>(path: &'a str, home: Option<&str>) -> Cow<'a, str> {
    let inside = home
        .filter(|home| home.len() > 1)
        .and_then(|home| path.strip_prefix(home.trim_end_matches('/')))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    inside.map_or(Cow::Borrowed(path), |rest| Cow::Owned(format!("~{rest}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wide_text_is_cut_at_a_grapheme() {
        assert_eq!(cut("日本語", 5, '…'), "日本…");
        assert_eq!(cut("日本語", 4, '…'), "日…");
        assert_eq!(cut_left("/a/b/cde", 4, '…'), "…cde");
        assert_eq!(left("ab", 4, '…'), "ab  ");
        assert_eq!(right("ab", 4, '…'), "  ab");
        assert_eq!(count(3, "process"), "3 processes");
        assert_eq!(
            wrapped("in /a/long/path now", 6),
            ["in", "/a/lon", "g/path", "now"]
        );
        assert_eq!(grouped(998), "998");
        assert_eq!(grouped(1_000_003), "1,000,003");
        let shown = [7, 5_250, 9_990, 45_300, 999_900, 1_250_000].map(tokens);
        let expected = [
            "7 tok", "5.2k tok", "10k tok", "45k tok", "1.0M tok", "1.2M tok",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn home_is_a_whole_component() {
        assert_eq!(home("/root/x", Some("/root")), "~/x");
        assert_eq!(home("/rooty", Some("/root")), "/rooty");
        assert_eq!(home("/x", Some("/")), "/x");
    }

    proptest! {
        #[test]
        fn nothing_cut_is_wider_than_asked(text in ".{0,40}", cells in 0usize..20) {
            prop_assert!(width(&cut(&text, cells, '…')) <= cells);
            prop_assert!(width(&cut_left(&text, cells, '…')) <= cells);
            prop_assert!(!clean(&text).chars().any(char::is_control));
        }
    }
}
