//! What agents say, on a real screen: read from their logs while they write, over further
//! runs, and the terminal called when one wants a person.

use std::path::Path;

use crate::herd::Herd;
use crate::procs::wait_until;
use crate::pty::Pty;

/// A herd with an agent that plays a recorded run of Claude Code's, once it is let go, and
/// another where it goes on.
fn herd(first: &str, second: &str) -> Herd {
    let recorded = |case: &str| {
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents/claude");
        all.join(case).display().to_string()
    };
    let (first, second) = (recorded(first), recorded(second));
    Herd::with(&format!(
        "[notify]\nosc9 = true\n[agents.played]\nprogram = \"/bin/sh\"\nspeech = \"claude\"\n\
         args = [\"-c\", \"head -5 {first}; until [ -e go ]; do sleep 0.05; done; tail -n +6 {first}\", \"{{prompt}}\"]\n\
         resume = [\"-c\", \"cat {second}\", \"{{session}}\", \"{{prompt}}\"]\n"
    ))
}

#[test]
fn a_conversation_is_read_while_it_goes_on_and_over_its_runs() {
    let herd = herd("rich.jsonl", "resume_2.jsonl");
    let dir = herd.dir().display().to_string();
    herd.ok(&[
        "run",
        "--agent",
        "played",
        "--dir",
        &dir,
        "--name",
        "talker",
        "say a lot",
    ]);
    let mut pty = Pty::open(&herd, 120, 40);
    pty.shows(&["talker", "› say a lot"]);
    let before = pty.wishes().2;
    std::fs::write(herd.dir().join("go"), "").unwrap();
    pty.shows(&["Now an edit.", "✓ Edit", "✓ done"]);
    // its end calls, by bell and by words
    wait_until("the terminal is called", || pty.wishes().2 > before);
    let called = b"\x1b]9;wrangle: 1 talker: finished\x1b\\";
    let raw = pty.raw();
    assert!(raw.windows(called.len()).any(|part| part == called));
    pty.press("v", &["\"type\":"]);
    pty.press("v", &["✓ Edit"]);
    herd.ok(&["send", "1", "and once more"]);
    pty.shows(&["› and once more", "run 2"]);
    // what was said before it is above
    pty.press("\tg", &["› say a lot"]);
    // nothing is active: nothing is asked
    herd.wait_state(1, "ended");
    pty.send("q");
    assert_eq!(pty.end(), 0);
}

/// One that is never through with what it says.
#[test]
fn a_flood_is_read_while_it_goes_on() {
    let line = r#"{"type":"assistant","message":{"id":"m","role":"assistant","content":[{"type":"text","text":"on and on"}]},"session_id":"s"}"#;
    let herd = Herd::with(&format!(
        "[output]\ntask_cap = \"4MiB\"\n[agents.flood]\nprogram = \"/bin/sh\"\nspeech = \"claude\"\nargs = [\"-c\", '''yes '{line}'''', \"{{prompt}}\"]\n"
    ));
    let dir = herd.dir().display().to_string();
    herd.ok(&[
        "run", "--agent", "flood", "--dir", &dir, "--name", "flood", "go",
    ]);
    herd.remember();
    let mut pty = Pty::open(&herd, 120, 40);
    pty.shows(&["flood", "running", "on and on"]);
    herd.ok(&["revoke", "--force", "1"]);
    herd.wait_state(1, "ended");
    pty.send("q");
    assert_eq!(pty.end(), 0);
}
