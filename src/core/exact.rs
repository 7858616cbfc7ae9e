//! Text of others exactly as it is, for people who decide by it: nothing in it can hide the
//! rest, take it back or put it in another order. What would is shown as a sign for itself.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with its lines and tabs; of each other control, mark of direction and character
/// that leaves no trace a sign: `␍`, or `<U+202E>` where there is none.
pub fn exact(text: &str) -> Cow<'_, str> {
    signed(text, false)
}

/// The same in one line: a line feed is a sign too, but one at the end.
pub fn exact_line(text: &str) -> Cow<'_, str> {
    signed(text.trim_end_matches('\n'), true)
}

fn signed(text: &str, one_line: bool) -> Cow<'_, str> {
    let deceives = |before: Option<char>, c: char| match c {
        '\n' => one_line,
        '\t' => false,
        c => c.is_control() || is_traceless(c) || joins(before, c),
    };
    let befores = std::iter::once(None).chain(text.chars().map(Some));
    if !befores.zip(text.chars()).any(|(a, b)| deceives(a, b)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = None;
    for c in text.chars() {
        match c {
            c if !deceives(before, c) => out.push(c),
            '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => out.push('\u{2421}'),
            c => {
                // a string takes whatever is written to it
                write!(out, "<U+{:04X}>", u32::from(c)).ok();
            }
        }
        before = Some(c);
    }
    Cow::Owned(out)
}

/// What is not seen itself and changes how the rest reads, or looks like nothing.
const fn is_traceless(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Joiners and variation selectors have their place in scripts and emoji; after ASCII or
/// after each other they only hide something.
fn joins(before: Option<char>, c: char) -> bool {
    let joiner = |c| matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
    let keycap = |c: char| c.is_ascii_digit() || matches!(c, '#' | '*');
    joiner(c)
        && match before {
            Some(b) if keycap(b) && c == '\u{fe0f}' => false,
            // a heart with its selector, joined to the next
            Some('\u{fe0f}') if c == '\u{200d}' => false,
            Some(b) => b.is_ascii() || joiner(b),
            None => true,
        }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_hide_the_rest_is_seen() {
        let all = [
            ("rm -rf ~\rls", "rm -rf ~␍ls"),
            ("rm\u{8}\u{8}ls\u{7f}", "rm␈␈ls␡"),
            ("a\x1b[8mb\u{9b}2Kc", "a␛[8mb<U+009B>2Kc"),
            ("x\u{202e}y\u{2066}z", "x<U+202E>y<U+2066>z"),
            (
                "r\u{200b}m\u{ad}\u{feff}\u{e0041}",
                "r<U+200B>m<U+00AD><U+FEFF><U+E0041>",
            ),
            ("r\u{200d}m \u{fe0f}", "r<U+200D>m <U+FE0F>"),
            ("one\n\ttwo\r\n", "one\n\ttwo␍\n"),
            (
                "日本語 é ❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}",
                "日本語 é ❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}",
            ),
        ];
        for (text, expected) in all {
            assert_eq!(exact(text), expected);
        }
        assert_eq!(exact_line("ls\nrm -rf ~\n"), "ls␊rm -rf ~");
        assert!(matches!(exact("cargo test\n"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_that_is_left_drives_a_terminal(text in any::<String>()) {
            let left = exact(&text);
            prop_assert!(left.chars().all(|c| c == '\n' || c == '\t' || !(c.is_control() || is_traceless(c))));
            prop_assert_eq!(exact(&left), left.clone());
            prop_assert!(!exact_line(&text).contains('\n'));
        }
    }
}
