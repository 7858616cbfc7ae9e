//! Output that tries to drive the terminal, and terminals that are odd.

use crate::herd::Herd;
use crate::pty::Pty;

/// Nothing of what a task wrote reached the terminal as anything but text.
#[track_caller]
fn is_clean(pty: &Pty) {
    let (titles, clipboard, bells) = pty.wishes();
    assert!(titles.is_empty(), "{titles:?}");
    assert!(clipboard.is_empty(), "{clipboard:?}");
    assert_eq!(bells, 0);
    let raw = pty.raw();
    let text = std::str::from_utf8(&raw).expect("what is sent to the terminal is UTF-8");
    assert!(
        !text.contains(|c| ('\u{80}'..='\u{9f}').contains(&c)),
        "C1 reached the terminal"
    );
    // strings (OSC, DCS, APC, PM, SOS), resets, character sets, queries
    for evil in [
        "\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1bc", "\x1b(", "\x1b#", "\x1bZ",
        "\x1b\x1b", "\x1b[c", "\x1b[>c", "\x1b[6n", "\x1b[5n", "\x1b[18t", "\x05", "\x0e", "\x1bM",
        "\x1bD",
    ] {
        assert!(!text.contains(evil), "{evil:?} reached the terminal");
    }
}

#[test]
fn stays_in_its_pane() {
    let herd = Herd::new();
    herd.run(
        &["--name", "good"],
        &["sh", "-c", "echo harmless; sleep 250"],
    );
    let id = herd.writer("hostile", &[]);
    herd.wait_output(id, b"hostile-end\n");
    let mut pty = Pty::open(&herd, 80, 24);
    pty.shows(&["good", "tree"]);
    pty.press("G", &["hostile-end"]);
    let before = pty.text();
    let left = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| line.split('│').next().unwrap_or_default().to_owned())
            .collect()
    };
    assert!(!left(&before).concat().contains("EVIL"), "{before}");
    // all of it before the eyes
    pty.press("\t", &["hostile-end"]);
    pty.press("g", &["hostile-begin"]);
    let shown = pty.text();
    assert!(!left(&shown).concat().contains("EVIL"), "{shown}");
    for _ in 0..20 {
        pty.send("\x06");
    }
    pty.press("G", &["hostile-end"]);
    pty.press("\t", &["good"]);
    pty.press("g", &["harmless"]);
    pty.press("q", &["detach"]);
    pty.send("d");
    assert_eq!(pty.end(), 0);
    pty.is_restored();
    is_clean(&pty);
}

#[test]
fn names_directories_and_commands_are_text_too() {
    let herd = Herd::new();
    let evil = "\x1b]0;EVIL\x07\x1b[2J\u{9b}2J";
    let dir = herd.dir().join(evil);
    std::fs::create_dir(&dir).unwrap();
    let dir = dir.to_str().unwrap();
    let script = format!("printf '{evil}'; sleep 250");
    herd.run(&["--dir", dir], &["sh", "-c", &script, evil]);
    let missing = format!("no-such-{evil}");
    let typo = ["run", "--dir", dir, "--name", "plain", "--", &missing];
    let done = herd.call(typo);
    done.fails(1, "no-such-");
    assert!(!done.err.trim_end().contains(char::is_control), "{done:?}");
    let mut pty = Pty::open(&herd, 80, 24);
    pty.shows(&["plain"]);
    pty.press("K", &["its key revokes"]);
    pty.press_away("\x1b", "its key revokes");
    pty.press("q", &["detach"]);
    pty.send("d");
    assert_eq!(pty.end(), 0);
    is_clean(&pty);
    for verb in [
        &["ls", "--all"][..],
        &["show", "1"],
        &["show", "2"],
        &["logs", "1"],
    ] {
        let text = herd.ok(verb);
        assert!(
            !text.contains(|c: char| c.is_control() && c != '\n'),
            "{verb:?}: {text:?}"
        );
    }
}

#[test]
fn odd_terminals_and_locales_are_served() {
    let herd = Herd::new();
    herd.run(
        &["--name", "alpha"],
        &["sh", "-c", "echo harmless; sleep 250"],
    );
    for env in [
        &[("TERM", "")][..],
        &[("TERM", "no-such-terminal")],
        &[("TERM", "xterm"), ("NO_COLOR", "1")],
        &[("LC_ALL", "C"), ("LANG", "C")],
        &[("LC_ALL", "xx_YY.nonsense")],
        &[("LC_ALL", ""), ("LANG", "")],
    ] {
        let mut pty = Pty::with(&herd, 80, 24, env);
        pty.shows(&["alpha", "harmless"]);
        pty.press("q", &["detach"]);
        pty.send("d");
        assert_eq!(pty.end(), 0, "{env:?}");
        pty.is_restored();
        if env.iter().any(|(key, _)| *key == "NO_COLOR") {
            let raw = String::from_utf8(pty.raw()).unwrap();
            for colour in ["\x1b[38;", "\x1b[48;", "\x1b[31m", "\x1b[32m", "\x1b[33m"] {
                assert!(!raw.contains(colour), "{colour:?} in spite of NO_COLOR");
            }
        }
    }
}
