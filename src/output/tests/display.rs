use std::ops::Range;

use proptest::prelude::*;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::super::display::{SafeLines, clean, safe_line, searchable};
use super::super::wrap;
use super::output;

fn text(line: &[u8]) -> String {
    clean(line, &mut Style::default()).text
}

fn rows(line: &str, cols: u16) -> Vec<String> {
    let clean = clean(line.as_bytes(), &mut Style::default());
    wrap::rows(&clean.text, cols)
        .into_iter()
        .map(|range| wrap::draw(&clean, range, cols, &[]).0.to_string())
        .collect()
}

#[test]
fn only_text_is_left_of_hostile_output() {
    for (line, expected) in [
        (&b"plain\n"[..], "plain"),
        (b"dos\r\n", "dos"),
        (b"\x1b[2J\x1b[1;1Hhome", "home"),
        (b"\x1b]52;c;ZXZpbA==\x07clip", "clip"),
        (b"\x1b]0;title\x1b\\set", "set"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1bPdevice\x1b\\q\x1b[6n", "q"),
        (b"\x1b_app\x1b\\a\x1b^pm\x1b\\b\x1bXsos\x1b\\c", "abc"),
        (b"cut \x1b[3", "cut "),
        (b"cut \x1b", "cut "),
        (b"cut \x1b]0;never ended", "cut "),
        (b"\x1b[?1049h\x1b[>4;1m\x1bcx", "x"),
        ("c1 \u{9b}31m \u{85}".as_bytes(), "c1 \u{fffd}31m \u{fffd}"),
        (b"raw c1 \x9b31m", "raw c1 \u{fffd}31m"),
        (b"nul\0 del\x7f bel\x07", "nul\u{2400} del\u{2421} bel"),
        (b"bad \xff\xc3 utf", "bad \u{fffd}\u{fffd} utf"),
        (b"esc \x1b[1m\xe2\x82", "esc \u{fffd}"),
        ("\u{202e}evil\u{200b}".as_bytes(), "\u{fffd}evil"),
        (b"10%\r20%\r100%", "100%"),
        (b"10%\r20%\r", "20%"),
        (b"10%\r20%\r      \r", "20%"),
        (b"\x1b[2K\r\x1b[32m50%\x1b[0m\r\n", "50%"),
        (b"\r\x1b[Kdone\r\x1b[K", "done"),
        (b"N\x08NA\x08A", "NA"),
        (b"|\x08\x08/", "/"),
    ] {
        assert_eq!(text(line), expected, "{line:?}");
    }
}

#[test]
fn colour_goes_on_from_line_to_line() {
    let mut style = Style::default();
    let first = clean(b"a\x1b[1;31mb\x1b[38;5;200mc", &mut style);
    let red = Style {
        fg: Some(Color::Red),
        ..Style::default()
    }
    .add_modifier(Modifier::BOLD);
    let pink = red.fg(Color::Indexed(200));
    assert_eq!(first.styles, [(0, Style::default()), (1, red), (2, pink)]);
    assert_eq!(clean(b"d", &mut style).styles, [(0, pink)]);
    clean(b"\x1b[38:2::1:2:3m\x1b[48;2;4;5;6m\x1b[4:0;22m", &mut style);
    assert_eq!(
        (style.fg, style.bg),
        (Some(Color::Rgb(1, 2, 3)), Some(Color::Rgb(4, 5, 6)))
    );
    assert_eq!(style.add_modifier, Modifier::empty());
    clean(b"\x1b[m", &mut style);
    assert_eq!(style, Style::default());
}

#[test]
fn plain_streams_get_colour_or_none() {
    assert_eq!(safe_line(b"\x1b[31mred\x1b[2J\n", false), b"red");
    let mut lines = SafeLines::new(true);
    assert_eq!(lines.line(b"\x1b[31mred\n"), "\x1b[0;31mred\x1b[0m");
    assert_eq!(
        lines.line(b"still\x1b[0m not\n"),
        "\x1b[0;31mstill\x1b[0m not\x1b[0m"
    );
    assert_eq!(lines.line(b"plain"), "plain");
}

#[test]
fn rows_have_real_widths() {
    assert_eq!(rows("", 5), [""]);
    assert_eq!(rows("abcdefg", 3), ["abc", "def", "g"]);
    assert_eq!(rows("世界世", 5), ["世界", "世"]);
    assert_eq!(rows("世", 1), ["\u{fffd}"]);
    assert_eq!(rows("a\tb", 20), ["a       b"]);
    assert_eq!(rows("abcdefg\tx\ty", 10), ["abcdefg x ", "y"]);
    assert_eq!(rows("e\u{301}👩‍👩‍👧x", 3), ["e\u{301}👩‍👩‍👧", "x"]);
    // a sequence within a character does not part it
    assert_eq!(rows("👩\x1b[31m\u{200d}👧x", 2), ["👩\u{200d}👧", "x"]);
}

#[test]
fn matches_are_told_in_columns() {
    let clean = clean("a\t世bc".as_bytes(), &mut Style::default());
    let at = |range, cols, from, to| {
        let found = Range {
            start: from,
            end: to,
        };
        let columns = wrap::draw(&clean, range, cols, &[found]).1;
        let columns = columns.iter().map(|c| (c.start, c.end));
        columns.collect::<Vec<(u16, u16)>>()
    };
    assert_eq!(at(0..7, 20, 0, 2), [(0, 8)]);
    assert_eq!(at(0..7, 20, 2, 6), [(8, 11)]);
    assert_eq!(at(2..7, 20, 0, 2), []);
    assert_eq!(at(2..7, 20, 1, 6), [(0, 3)]);
    assert_eq!(at(0..2, 8, 1, 6), [(1, 8)]);
}

proptest! {
    #[test]
    fn nothing_but_text_and_colour_comes_out(line in output(), cols in 1u16..90) {
        let mut style = Style::default();
        for line in line.split_inclusive(|b| *b == b'\n') {
            let clean = clean(line, &mut style);
            prop_assert!(clean.text.chars().all(|c| c == '\t' || !c.is_control()));
            let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!clean.text.contains(turns));
            prop_assert_eq!(clean.styles[0].0, 0);
            prop_assert!(clean.styles.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert!(clean.styles.iter().all(|(from, _)| clean.text.is_char_boundary(*from)));
            let ranges = wrap::rows(&clean.text, cols);
            prop_assert_eq!(ranges[0].start, 0);
            prop_assert_eq!(ranges[ranges.len() - 1].end, clean.text.len());
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
            for range in ranges {
                let (row, _) = wrap::draw(&clean, range, cols, &[]);
                let row = row.to_string();
                let wide: usize = unicode_segmentation::UnicodeSegmentation::graphemes(&*row, true).map(UnicodeWidthStr::width).sum();
                prop_assert!(wide <= usize::from(cols), "{:?} is {} wide", row, wide);
                prop_assert!(!row.contains(char::is_control));
            }
        }
    }

    /// The short way to a line's text is no other than the long one.
    #[test]
    fn search_sees_what_is_shown(line in "[a-z ]{0,9}(\x1b\\[[0-9;:?<!]{0,5}[@-~][a-z \t]{0,9}){0,5}\n?") {
        prop_assert_eq!(searchable(line.as_bytes()).into_owned(), text(line.as_bytes()).into_bytes());
    }

    #[test]
    fn a_safe_line_holds_colour_sequences_alone(line in output()) {
        let mut lines = SafeLines::new(true);
        for line in line.split(|b| *b == b'\n') {
            let safe = lines.line(line);
            let mut rest = &*safe;
            while let Some(at) = rest.find('\x1b') {
                let sequence = &rest[at..];
                let end = sequence.find('m').unwrap();
                prop_assert!(sequence[..end].strip_prefix("\x1b[").unwrap().bytes().all(|b| b.is_ascii_digit() || b == b';'));
                prop_assert!(!rest[..at].contains(|c: char| c.is_control() && c != '\t'));
                rest = &sequence[end..];
            }
            prop_assert!(!rest.contains(|c: char| c.is_control() && c != '\t'));
        }
    }
}
