use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use super::*;
use crate::config::{Own, Setting, Source};

/// The keys of a configuration, each on a line of its own from 1 on.
fn own(keys: &[(&str, &[&str])]) -> Own {
    let lines = keys.iter().enumerate();
    lines
        .map(|(at, (name, keys))| {
            let value = keys.to_vec().into();
            let source = Source::File("f".into(), at + 1);
            ((*name).to_owned(), Setting { value, source })
        })
        .collect()
}

fn key(text: &str) -> KeyEvent {
    match text {
        "Ctrl-D" => KeyEvent::new(KeyCode::Char('d'), KeyModifiers::CONTROL),
        text => KeyEvent::from(KeyCode::Char(text.chars().next().unwrap())),
    }
}

#[test]
fn the_default_is_whole_and_free_of_conflicts() {
    let (keymap, trouble) = Keymap::new(&Own::new());
    assert_eq!(trouble, Vec::<String>::new());
    assert!(keymap.entries().iter().all(|entry| !entry.keys.is_empty()));
    for context in [Context::List, Context::Output] {
        assert_eq!(keymap.command(context, key("x")), Some(Command::Revoke));
        assert_eq!(
            keymap.command(context, key("Ctrl-D")),
            Some(Command::Finish)
        );
    }
    assert_eq!(
        keymap.command(Context::Hits, key("n")),
        Some(Command::NextHit)
    );
    assert_eq!(
        keymap.command(Context::List, key("n")),
        Some(Command::Compose)
    );
    assert_eq!(keymap.key(Command::Finish), "Ctrl-D");
}

#[test]
fn own_keys_replace_and_take_away() {
    let (keymap, trouble) = Keymap::new(&own(&[("retry", &["x"]), ("leave", &[])]));
    assert_eq!(trouble, Vec::<String>::new());
    assert_eq!(
        keymap.command(Context::List, key("x")),
        Some(Command::Retry)
    );
    assert_eq!(keymap.command(Context::List, key("r")), None);
    assert_eq!(keymap.command(Context::List, key("q")), None);
    assert_eq!(keymap.key(Command::Revoke), "");
}

#[test]
fn what_is_wrong_is_named() {
    let wrong = own(&[
        ("retry", &["z"]),
        ("pause", &["z"]),
        ("jump", &["j"]),
        ("copy", &["Hyper-q"]),
    ]);
    let (keymap, trouble) = Keymap::new(&wrong);
    assert_eq!(trouble.len(), 3, "{trouble:#?}");
    assert!(
        trouble
            .iter()
            .any(|line| line.contains("jump: no such action"))
    );
    assert!(
        trouble
            .iter()
            .any(|line| line.contains("\"Hyper-q\" is no key"))
    );
    assert!(
        trouble
            .iter()
            .any(|line| line.contains("retry: z is pause's already")
                || line.contains("pause: z is retry's already"))
    );
    assert!(keymap.command(Context::List, key("z")).is_some());
}

#[test]
fn a_key_that_writes_can_not_be_taken_from_text() {
    let (keymap, trouble) = Keymap::new(&own(&[("accept", &["a"]), ("interrupt", &["Q"])]));
    assert_eq!(trouble.len(), 2, "{trouble:#?}");
    for (place, line) in ["f:2: [keys] interrupt: Q ", "f:1: [keys] accept: a "]
        .iter()
        .zip(&trouble)
    {
        assert!(line.starts_with(place), "{line}");
    }
    assert_eq!(keymap.command(Context::Line, key("a")), None);
    assert_eq!(keymap.command(Context::Compose, key("Q")), None);
    // where nothing is typed it is as good as any
    assert_eq!(
        keymap.command(Context::List, key("Q")),
        Some(Command::Interrupt)
    );
}

#[test]
fn what_no_terminal_tells_apart_is_one_key() {
    for (written, meant) in [("Ctrl-I", "Tab"), ("Ctrl-m", "Enter"), ("Ctrl-[", "Esc")] {
        assert_eq!(written.parse::<Chord>(), meant.parse());
    }
    let (_, trouble) = Keymap::new(&own(&[("revoke", &["Ctrl-M"]), ("zoom", &["Enter"])]));
    assert_eq!(trouble.len(), 1, "{trouble:#?}");
    assert!(
        trouble[0].contains("revoke: Enter is zoom's already"),
        "{trouble:#?}"
    );
}

#[test]
fn terminals_may_differ() {
    let shifted = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::SHIFT);
    assert_eq!(Chord::from(shifted), "X".parse().unwrap());
    let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::NONE);
    assert_eq!(Chord::from(back), "Shift-Tab".parse().unwrap());
    assert_eq!(Chord::from(key("Ctrl-D")), "ctrl-D".parse().unwrap());
}

proptest! {
    #[test]
    fn what_is_shown_can_be_written(text in "(Ctrl-|Alt-)?([a-zA-Z0-9!?/:-]|Enter|PgUp|F1?[1-2])") {
        let chord: Chord = text.parse().unwrap();
        prop_assert_eq!(chord.to_string().parse::<Chord>().unwrap(), chord);
    }

    #[test]
    fn no_text_panics(text in ".{0,12}") {
        drop(text.parse::<Chord>());
    }
}
