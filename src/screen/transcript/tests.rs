//! Conversations by their rows, whatever is said and however wide.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::lay::Ink;
use super::talk::{Progress, Transcript};
use super::{Item, TalkPane, item};
use crate::config::Own;
use crate::core::agent::clock::{Clock, Day};
use crate::core::agent::event::{
    AgentEvent, Choice, Level, LimitState, Limited, Part, Question, Verdict, Want, Words,
};
use crate::core::agent::tool::{Category, Fault, FaultKind};
use crate::output::{Layout, Pattern};
use crate::screen::look::{Depth, Look};
use crate::screen::palette::Palette;
use crate::screen::theme::Theme;

fn theme() -> Theme {
    let look = Look {
        depth: Depth::Ansi,
        unicode: true,
        clock: true,
    };
    Theme::of(look, &Palette::new(&Own::new()).0)
}

fn lay(pane: &mut TalkPane, talk: &Transcript) -> Layout {
    let theme = theme();
    let ink = Ink {
        theme: &theme,
        unicode: true,
        raw: "v",
        gaps: true,
        zone: &TimeZone::UTC,
        colours: None,
    };
    pane.layout(talk, &ink)
}

fn talk(events: impl IntoIterator<Item = AgentEvent>) -> Transcript {
    let mut talk = Transcript::new(None);
    tell(&mut talk, events);
    talk
}

fn tell(talk: &mut Transcript, events: impl IntoIterator<Item = AgentEvent>) {
    for item in events.into_iter().filter_map(item) {
        talk.take(item);
    }
    talk.reached(Progress::default(), true);
}

#[test]
fn one_that_writes_as_fast_as_it_is_read_is_shown_once_what_was_there_is_read() {
    let mut talk = Transcript::new(None);
    let mut pane = TalkPane::new(40, 5);
    let said = |talk: &mut Transcript, read: u64, end: u64| {
        talk.take(item(whole(&format!("up to {read}"))).unwrap());
        let progress = Progress {
            read,
            end,
            dropped: 0,
        };
        talk.reached(progress, false);
    };
    let mut shown = |talk: &Transcript| {
        let layout = lay(&mut pane, talk);
        (rows(&layout), layout.trouble)
    };
    said(&mut talk, 100, 400);
    assert_eq!(shown(&talk), (vec![], Some("reading, 25 %".into())));
    said(&mut talk, 300, 1000);
    assert_eq!(shown(&talk), (vec![], Some("reading, 30 %".into())));
    said(&mut talk, 500, 2000);
    let (rows, trouble) = shown(&talk);
    assert_eq!(
        (rows.last().map(String::as_str), trouble),
        (Some("up to 500"), None)
    );
    said(&mut talk, 700, 4000);
    assert_eq!(shown(&talk).0.last().map(String::as_str), Some("up to 700"));
}

fn rows(layout: &Layout) -> Vec<String> {
    let rows = layout.rows.iter();
    rows.map(|row| row.text().trim_end().to_owned()).collect()
}

fn text(key: &str, part: Part, text: &str) -> AgentEvent {
    AgentEvent::Text(Words {
        key: key.into(),
        text: text.into(),
        part,
        within: None,
    })
}

fn whole(words: &str) -> AgentEvent {
    text("", Part::Whole, words)
}

fn started(id: &str, name: &str, category: Category, input: Value) -> AgentEvent {
    AgentEvent::ToolStarted {
        id: id.into(),
        name: name.into(),
        category,
        input,
        within: None,
    }
}

fn ended(id: &str, output: &str) -> AgentEvent {
    AgentEvent::ToolEnded {
        id: id.into(),
        fault: None,
        output: output.into(),
        duration_ms: Some(1_234),
        exit_code: Some(0),
    }
}

/// All rows of one text.
fn page(words: &str, cols: u16) -> Vec<String> {
    let talk = talk([whole(words)]);
    rows(&lay(&mut TalkPane::new(cols, 200), &talk))
}

#[test]
fn markdown_is_laid_out() {
    let words = "# Title\nA *word* and `code` and [a link](http://x.y).\n\n- one\n- two that is longer than a row\n  1. inner\n  2. more\n\n```rust\nfn main() {\n    go();\n}\n```\n> said\n> twice\n\n---\n- [x] done\n";
    let expected = [
        "# Title",
        "",
        "A word and code and a",
        "link (http://x.y).",
        "",
        "• one",
        "• two that is longer",
        "  than a row",
        "  1. inner",
        "  2. more",
        "",
        "  fn main() {",
        "      go();",
        "  }",
        "",
        "│ said",
        "│ twice",
        "",
        "──────────────────────",
        "",
        "• [x] done",
    ];
    assert_eq!(page(words, 22), expected);
}

#[test]
fn a_table_fits_or_is_told_in_lines() {
    let words = "|name|what it does|\n|---|---|\n|a|first of all things|\n|b|two|\n";
    let expected = [
        "name │ what it does",
        "────────────────────",
        "a    │ first of all",
        "     │ things",
        "b    │ two",
    ];
    assert_eq!(page(words, 20), expected);
    assert_eq!(page(words, 10)[0], "name │");
}

#[test]
fn pieces_make_one_text_and_the_whole_takes_their_place() {
    let mut talk = talk([text("m", Part::Piece, "Hel"), text("m", Part::Piece, "lo")]);
    let mut pane = TalkPane::new(40, 10);
    assert_eq!(rows(&lay(&mut pane, &talk)), ["Hello"]);
    tell(&mut talk, [text("m", Part::Whole, "Hello!")]);
    assert_eq!(rows(&lay(&mut pane, &talk)), ["Hello!"]);
    tell(&mut talk, [text("n", Part::Piece, "Next")]);
    assert_eq!(rows(&lay(&mut pane, &talk)), ["Hello!", "", "Next"]);
}

#[test]
fn a_call_is_a_line_and_unfolds() {
    let mut talk = talk([
        started(
            "1",
            "Bash",
            Category::Command,
            json!({"command": "cargo test\n--lib"}),
        ),
        ended("1", "\x1b[32mok\x1b[0m 3 passed\nfine"),
        started(
            "2",
            "Edit",
            Category::Edit,
            json!({"file_path": "a.rs", "old_string": "x\ny\n", "new_string": "x\nz\n"}),
        ),
    ]);
    let mut pane = TalkPane::new(40, 20);
    let folded = ["▸✓ Bash cargo test --lib  1.2s", "▸● Edit a.rs  +1 -1"];
    assert_eq!(rows(&lay(&mut pane, &talk)), folded);
    pane.toggle_all();
    let open = [
        "▾✓ Bash cargo test --lib  1.2s",
        "  │ $ cargo test",
        "  │   --lib",
        "  │",
        "  │ ok 3 passed",
        "  │ fine",
        "▾● Edit a.rs  +1 -1",
        "  │  x",
        "  │ -y",
        "  │ +z",
    ];
    assert_eq!(rows(&lay(&mut pane, &talk)), open);
    pane.toggle_all();
    tell(
        &mut talk,
        [AgentEvent::ToolEnded {
            id: "2".into(),
            fault: Some(Fault {
                kind: FaultKind::FileNotFound,
                text: "no such file".into(),
            }),
            output: String::new(),
            duration_ms: None,
            exit_code: None,
        }],
    );
    let failed = "▸✗ Edit a.rs  +1 -1 · file not found";
    assert_eq!(rows(&lay(&mut pane, &talk))[1], failed);
}

#[test]
fn nothing_of_what_is_asked_or_called_can_be_hidden() {
    let command = "rm -rf ~/work\r\u{1b}[2Kecho safe\u{8}\u{8}\u{202e}x\u{200b}";
    let shown = "rm -rf ~/work␍␛[2Kecho safe␈␈<U+202E>x<U+200B>";
    let asks = AgentEvent::Asks(Question {
        request: "r".into(),
        want: Want::Permission {
            tool: "Bash".into(),
            input: json!({"command": command, "name": "x"}),
            call: None,
        },
        text: format!("Bash: {command}"),
        choices: vec![Choice {
            id: "always".into(),
            label: format!("always allow {command}"),
            grants: None,
        }],
        several: false,
        answerable: true,
    });
    let input = json!({"command": format!("{command}\n")});
    let talk = talk([asks, started("1", "Bash", Category::Command, input)]);
    let mut pane = TalkPane::new(120, 40);
    lay(&mut pane, &talk);
    pane.toggle_all();
    let all = rows(&lay(&mut pane, &talk));
    let seen = all.iter().filter(|row| row.contains(shown)).count();
    // the question, its input, its choice; the call and its input
    assert_eq!(seen, 5, "{all:#?}");
}

fn asks(request: &str, text: &str) -> AgentEvent {
    AgentEvent::Asks(Question {
        request: request.into(),
        want: Want::Answer,
        text: text.into(),
        choices: Vec::new(),
        several: false,
        answerable: true,
    })
}

#[test]
fn an_answered_question_shows_its_answer() {
    let mut talk = talk([asks("0", "which colour?"), asks("1", "which size?")]);
    let mut pane = TalkPane::new(40, 20);
    talk.record(0, [("0", "answered blue")].into_iter());
    let expected = ["? which colour?", "  › answered blue", "", "? which size?"];
    assert_eq!(rows(&lay(&mut pane, &talk)), expected);
    let answered = AgentEvent::Answered {
        request: "1".into(),
    };
    tell(&mut talk, [answered]);
    assert_eq!(rows(&lay(&mut pane, &talk))[4], "  › no longer open");
    // a further run asks by the same name; what was answered is read before the question
    talk.take(item::Item::Goes("on".into()));
    talk.record(1, [("1", "allowed")].into_iter());
    tell(&mut talk, [asks("1", "may it?")]);
    let all = rows(&lay(&mut pane, &talk));
    assert_eq!(all[4], "  › no longer open", "{all:#?}");
    assert_eq!(all[all.len() - 2..], ["? may it?", "  › allowed"]);
}

#[test]
fn what_a_subagent_does_is_indented() {
    let mut inner = started("2", "Read", Category::Read, json!({"path": "x"}));
    if let AgentEvent::ToolStarted { within, .. } = &mut inner {
        *within = Some("1".into());
    }
    let talk = talk([
        started("1", "Task", Category::Agent, json!({"description": "look"})),
        inner,
    ]);
    let shown = rows(&lay(&mut TalkPane::new(40, 20), &talk));
    assert_eq!(shown, [" ● Task look", "│  ● Read x"]);
}

#[test]
fn a_prompt_that_is_repeated_is_said_once_and_a_last_word_too() {
    let mut talk = Transcript::new(Some("do it"));
    tell(
        &mut talk,
        [
            AgentEvent::Heard {
                message: None,
                text: "do it\n".into(),
            },
            whole("It is done."),
            AgentEvent::Result(Verdict {
                ok: true,
                text: "It is done.".into(),
                trouble: None,
                turns: None,
            }),
        ],
    );
    let shown = rows(&lay(&mut TalkPane::new(40, 20), &talk));
    assert_eq!(shown, ["› do it", "", "It is done.", "", "✓ done"]);
}

#[test]
fn who_reads_above_stays_there() {
    let mut talk = talk((0..100).map(|n| whole(&format!("text {n}"))));
    let mut pane = TalkPane::new(40, 10);
    assert_eq!(rows(&lay(&mut pane, &talk)).last().unwrap(), "text 99");
    pane.scroll(-20);
    let before = rows(&lay(&mut pane, &talk));
    assert!(!pane.following());
    tell(&mut talk, (0..500).map(|n| whole(&format!("more {n}"))));
    assert_eq!(rows(&lay(&mut pane, &talk)), before);
    pane.scroll(9_999);
    assert_eq!(rows(&lay(&mut pane, &talk)).last().unwrap(), "more 499");
    assert!(pane.following());
    pane.go_top();
    assert_eq!(rows(&lay(&mut pane, &talk))[0], "text 0");
}

#[test]
fn what_is_unfolded_at_the_end_is_read_from_its_beginning() {
    let long: Vec<String> = (0..50).map(|n| format!("line {n}")).collect();
    let long = long.join("\n");
    let talk = talk([
        whole("before"),
        started("1", "Bash", Category::Command, json!({"command": "x"})),
        ended("1", &long),
    ]);
    let mut pane = TalkPane::new(40, 5);
    lay(&mut pane, &talk);
    pane.toggle();
    let open = rows(&lay(&mut pane, &talk));
    assert_eq!(open[2..4], ["▾✓ Bash x  1.2s", "  │ line 0"]);
    assert!(!pane.following());
    pane.toggle();
    lay(&mut pane, &talk);
    assert!(pane.following());
}

#[test]
fn a_find_in_what_is_folded_unfolds_it() {
    let talk = talk([
        started("1", "Bash", Category::Command, json!({"command": "x"})),
        ended("1", "one\nneedle\n"),
        whole("the **need**le is here"),
    ]);
    let theme = theme();
    let ink = Ink {
        theme: &theme,
        unicode: true,
        raw: "v",
        gaps: true,
        zone: &TimeZone::UTC,
        colours: None,
    };
    let mut pane = TalkPane::new(40, 10);
    pane.seek(Some((
        1,
        std::sync::Arc::new(Pattern::new("needle").unwrap()),
    )));
    let (hits, more) = pane.sought(&talk, &ink).unwrap();
    assert!(!more && hits.done);
    assert_eq!(hits.offsets.len(), 2);
    pane.jump(*hits.offsets.iter().min().unwrap());
    let shown = rows(&lay(&mut pane, &talk));
    assert!(shown.contains(&"  │ needle".to_owned()), "{shown:?}");
}

#[test]
fn a_limit_says_when_it_is_reset_as_that_was_told() {
    let limit = |clock: Option<(Option<Day>, Option<&str>)>, left| {
        AgentEvent::Limit(Limited {
            state: LimitState::Reached,
            which: "usage limit".into(),
            resets: None,
            resets_in_ms: left,
            clock: clock.map(|(day, zone)| Clock {
                day,
                minute: 905,
                zone: zone.map(str::to_owned),
            }),
            used: None,
        })
    };
    for (event, told) in [
        (limit(None, None), "usage limit reached"),
        (
            limit(Some((None, None)), None),
            "usage limit reached, reset 15:05",
        ),
        (
            limit(Some((Some(Day::OfWeek(1)), Some("Asia/Tokyo"))), None),
            "usage limit reached, reset Mon 15:05 (Asia/Tokyo)",
        ),
        (
            limit(Some((Some(Day::OfYear(12, 1)), None)), None),
            "usage limit reached, reset 12-01 15:05",
        ),
        (
            limit(None, Some(7_500_000)),
            "usage limit reached, reset 2h05m after that was said",
        ),
    ] {
        let mut talk = Transcript::new(None);
        tell(&mut talk, [event]);
        let mut pane = TalkPane::new(80, 10);
        let shown = rows(&lay(&mut pane, &talk));
        assert!(shown.iter().any(|row| row.ends_with(told)), "{shown:?}");
    }
}

#[test]
fn what_is_held_is_bounded() {
    let mut talk = Transcript::new(None);
    let big = "x".repeat(40 << 10);
    for n in 0..2_000 {
        let id = n.to_string();
        tell(
            &mut talk,
            [
                started(&id, "Bash", Category::Command, json!({"command": "x"})),
                ended(&id, &big),
            ],
        );
    }
    assert!(talk.bytes() < 66 << 20, "{}", talk.bytes());
    let mut pane = TalkPane::new(80, 10);
    pane.go_top();
    let shown = rows(&lay(&mut pane, &talk));
    assert_eq!(shown[0], "─ earlier: v shows the raw output ─");
    // and whoever seeks there is told
    let pattern = Pattern::new("nowhere").unwrap();
    pane.seek(Some((1, std::sync::Arc::new(pattern))));
    let ink = Ink {
        theme: &theme(),
        unicode: true,
        raw: "v",
        gaps: true,
        zone: &TimeZone::UTC,
        colours: None,
    };
    let (mut hits, mut more) = pane.sought(&talk, &ink).unwrap();
    while more {
        (hits, more) = pane.sought(&talk, &ink).unwrap();
    }
    assert!(hits.done && hits.short);
    pane.scroll(1);
    assert!(rows(&lay(&mut pane, &talk))[0].starts_with("▸✓ Bash"));
}

/// Text with all that is hard about it.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z *_#`>|-]{0,80}",
        "(\\PC|\n|\t|\r|\u{1b}|\u{9b}|\u{202e}|\u{7}){0,40}",
        Just("| a | b |\n|---|---|\n| 1 | 日本語 ** |\n".to_owned()),
        Just("```rust\nfn x() {}\n```\n&#27;[2J &#x202e;".to_owned()),
        Just(">>>>>>>>>>>>>>>>>>>>>>>>>> deep\n- - - - - - - x\n".to_owned()),
        Just("@@ -1 +1 @@\n-a\n+b\n".to_owned()),
        ("[a日]{1,4}", 1_usize..3_000).prop_map(|(text, times)| text.repeat(times)),
    ]
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("1".to_owned()),
        Just("2".to_owned()),
        Just(String::new())
    ]
}

fn value() -> impl Strategy<Value = Value> {
    (words(), words()).prop_flat_map(|(a, b)| {
        prop::sample::select(vec![
            Value::Null,
            json!(a),
            json!({"command": a}),
            json!({"command": [a, b]}),
            json!({"file_path": a, "old_string": a, "new_string": b}),
            json!({"edits": [{"oldText": a, "newText": b}, 1]}),
            json!({"todos": [{"content": a, "status": "completed"}]}),
            json!({"patch": b, "changes": [{"path": a}]}),
            json!({"x": {"y": [a, 1, null]}}),
        ])
    })
}

fn category() -> impl Strategy<Value = Category> {
    prop::sample::select(vec![
        Category::Command,
        Category::Edit,
        Category::Write,
        Category::Agent,
        Category::Plan,
        Category::Ask,
        Category::Other,
    ])
}

fn event() -> impl Strategy<Value = AgentEvent> {
    let within = || prop::option::of(id());
    let spoken = (id(), words(), any::<bool>(), within(), any::<bool>());
    prop_oneof![
        spoken.prop_map(|(key, text, piece, within, thought)| {
            let part = if piece { Part::Piece } else { Part::Whole };
            let words = Words {
                key,
                text,
                part,
                within,
            };
            if thought {
                AgentEvent::Thinking(words)
            } else {
                AgentEvent::Text(words)
            }
        }),
        (id(), words(), category(), value(), within()).prop_map(
            |(id, name, category, input, within)| AgentEvent::ToolStarted {
                id,
                name,
                category,
                input,
                within,
            }
        ),
        (id(), words(), any::<bool>()).prop_map(|(id, output, failed)| AgentEvent::ToolEnded {
            id,
            fault: failed.then(|| Fault {
                kind: FaultKind::Other,
                text: output.clone()
            }),
            output,
            duration_ms: Some(7),
            exit_code: failed.then_some(2),
        }),
        (id(), words(), value()).prop_map(|(request, text, input)| AgentEvent::Asks(Question {
            request,
            want: Want::Permission {
                tool: text.clone(),
                input,
                call: None
            },
            choices: vec![Choice {
                id: "a".into(),
                label: text.clone(),
                grants: None
            }],
            text,
            several: false,
            answerable: false,
        })),
        id().prop_map(|request| AgentEvent::Answered { request }),
        (id(), words(), any::<bool>()).prop_map(|(id, title, ended)| AgentEvent::Subagent {
            id,
            title,
            ended
        }),
        words().prop_map(|text| AgentEvent::Notice {
            level: Level::Warning,
            text
        }),
        words().prop_map(|text| AgentEvent::Heard {
            message: None,
            text
        }),
        words().prop_map(|text| AgentEvent::Raw { text }),
        words().prop_map(|which| AgentEvent::Limit(Limited {
            state: LimitState::Reached,
            which,
            resets: None,
            resets_in_ms: None,
            clock: None,
            used: None,
        })),
        (words(), any::<bool>()).prop_map(|(text, ok)| AgentEvent::Result(Verdict {
            ok,
            text,
            trouble: None,
            turns: None,
        })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// No panic, no row that is wider than its pane, nothing that drives a terminal.
    #[test]
    fn any_conversation_fits_any_pane(
        events in prop::collection::vec(event(), 0..12),
        cols in 1_u16..120,
        height in 1_u16..40,
        moves in prop::collection::vec((-30_i64..30, 0_u8..8), 0..8),
        prompt in prop::option::of(words()),
    ) {
        let mut talk = Transcript::new(prompt.as_deref());
        let mut pane = TalkPane::new(cols, height);
        let mut moves = moves.into_iter();
        for event in events {
            tell(&mut talk, [event]);
            match moves.next() {
                Some((by, 0)) => pane.scroll(by),
                Some((_, 1)) => pane.toggle(),
                Some((by, 2)) => pane.choose(by > 0),
                Some((_, 3)) => pane.toggle_all(),
                Some((_, 4)) => pane.go_top(),
                Some((_, 5)) => pane.show_only(pane.only().next()),
                Some((by, 6)) => pane.jump(by.unsigned_abs() << 20),
                Some((by, _)) => pane.resize(cols.saturating_add_signed(by as i16).max(1), height),
                None => pane.go_end(),
            }
            let layout = lay(&mut pane, &talk);
            prop_assert!(layout.rows.len() <= usize::from(height));
            for row in &layout.rows {
                prop_assert!(row.line.width() <= usize::from(pane.cols), "{:?}", row.text());
                let drives = |c: char| c.is_control() || c == '\u{202e}';
                prop_assert!(!row.text().chars().any(drives), "{:?}", row.text());
            }
        }
    }

    /// What is copied of a broken line is the line.
    #[test]
    fn rows_of_a_line_are_the_line(text in "[a-z日 ]{0,200}", cols in 2_u16..40) {
        let rows = super::lines::rows_of(&text, cols);
        let joined: String = rows.iter().map(|range| &text[range.clone()]).collect();
        prop_assert_eq!(joined, text);
    }
}

#[test]
fn a_call_that_its_run_did_not_outlive_was_broken_off() {
    let command = json!({"command": "sleep 9"});
    let mut talk = talk([started("a", "Bash", Category::Command, command)]);
    talk.take(Item::Over);
    let mut pane = TalkPane::new(60, 5);
    let rows = rows(&lay(&mut pane, &talk));
    assert!(rows[0].contains("✗ Bash sleep 9"), "{rows:?}");
    assert!(rows[0].ends_with("cancelled"), "{rows:?}");
}

#[test]
fn a_question_and_a_subagent_that_their_run_did_not_outlive_are_over() {
    let subagent = AgentEvent::Subagent {
        id: "s".into(),
        title: "Count files".into(),
        ended: false,
    };
    let mut talk = talk([
        subagent,
        asks("0", "which colour?"),
        asks("1", "which size?"),
    ]);
    talk.take(Item::Over);
    talk.record(0, [("1", "answered large")].into_iter());
    let mut pane = TalkPane::new(60, 9);
    let expected = [
        "✗ subagent Count files, cancelled",
        "",
        "? which colour?",
        "  › no longer open",
        "",
        "? which size?",
        "  › answered large",
    ];
    assert_eq!(rows(&lay(&mut pane, &talk)), expected);
}
