//! Conversations on the screen.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::looks::look;
use super::{Desk, key};
use crate::agent::stream::Lines;
use crate::agent::{decode, decoder};
use crate::core::agent::event::{AgentEvent, Level, Part, Verdict, Words};
use crate::core::agent::plan::Speech;
use crate::core::agent::tool::{Category, Fault, FaultKind};
use crate::core::id::TaskId;
use crate::core::task::Exit;
use crate::screen::Action;

fn text(words: &str) -> AgentEvent {
    AgentEvent::Text(Words {
        key: String::new(),
        text: words.into(),
        part: Part::Whole,
        within: None,
    })
}

/// An agent that has worked for a while.
fn worked(desk: &mut Desk) -> TaskId {
    let id = desk.agent("fix-parser", "fix the failing test, and say what it was");
    desk.wait(95);
    let started = |id: &str, name: &str, category, input| AgentEvent::ToolStarted {
        id: id.into(),
        name: name.into(),
        category,
        input,
        within: None,
    };
    let command = json!({"command": "cargo test --lib parser"});
    let edit = json!({
        "file_path": "src/parser.rs",
        "old_string": "    let end = text.len();\n    &text[..end - 1]\n",
        "new_string": "    let end = text.len();\n    &text[..end]\n",
    });
    desk.says(
        id,
        vec![
            AgentEvent::Thinking(Words {
                key: "t".into(),
                text: "The test fails at the last character.\nLet me look.".into(),
                part: Part::Whole,
                within: None,
            }),
            started("1", "Bash", Category::Command, command),
            AgentEvent::ToolEnded {
                id: "1".into(),
                fault: Some(Fault {
                    kind: FaultKind::CommandFailed,
                    text: "exit code 101".into(),
                }),
                output: "running 12 tests\ntest ends ... \x1b[31mFAILED\x1b[0m".into(),
                duration_ms: Some(3_400),
                exit_code: Some(101),
            },
            text("The slice ends **one too early**. I'll take all of it:"),
            started("2", "Edit", Category::Edit, edit),
            AgentEvent::ToolEnded {
                id: "2".into(),
                fault: None,
                output: "updated".into(),
                duration_ms: Some(12),
                exit_code: None,
            },
            AgentEvent::Retrying {
                attempt: Some(1),
                most: Some(10),
                delay_ms: Some(500),
                status: Some(529),
                why: "overloaded".into(),
            },
            text("## What it was\n\n1. `end - 1` cut the last character\n2. nothing else\n\n```rust\n&text[..end]\n```"),
            AgentEvent::Notice {
                level: Level::Warning,
                text: "context is 80 % full".into(),
            },
            AgentEvent::Result(Verdict {
                ok: true,
                text: String::new(),
                trouble: None,
                turns: Some(3),
            }),
        ],
    );
    id
}

#[test]
fn a_conversation_is_read() {
    look("talk", &[(200, 50)], |desk| {
        worked(desk);
    });
}

#[test]
fn what_was_done_unfolds() {
    look("talk_unfolded", &[], |desk| {
        worked(desk);
        desk.draw();
        desk.press("Tab Enter Z");
        desk.draw();
        desk.press("g");
    });
}

#[test]
fn keys_choose_and_unfold_what_folds() {
    let mut desk = Desk::new(80, 24);
    worked(&mut desk);
    desk.press("Tab");
    desk.draw();
    desk.press("[");
    desk.draw();
    desk.press("[ Enter");
    let shown = desk.text();
    assert!(shown.contains("test ends ... FAILED"), "{shown}");
    desk.press("Esc Enter");
    assert!(desk.screen.zoom);
}

#[test]
fn the_raw_output_is_a_key_away_and_search_goes_along() {
    let mut desk = Desk::new(80, 24);
    let id = worked(&mut desk);
    desk.write(id, "{\"type\":\"assistant\"}\n");
    assert!(desk.text().contains("What it was"));
    desk.press("Tab /").type_in("cut the last").press("Enter");
    let shown = desk.text();
    assert!(shown.contains("/cut the last  1 of 1"), "{shown}");
    let searches = |action: &Action| matches!(action, Action::Search(_));
    assert!(!desk.taken().iter().any(searches));
    desk.press("v");
    assert!(desk.text().contains("{\"type\":\"assistant\"}"));
    assert!(desk.taken().iter().any(searches));
    desk.press("Esc v");
    assert!(desk.text().contains("What it was"));
}

#[test]
fn a_click_unfolds() {
    let mut desk = Desk::new(80, 24);
    worked(&mut desk);
    let shown = desk.text();
    let row = shown
        .lines()
        .position(|line| line.contains("Edit"))
        .unwrap();
    let line = shown.lines().nth(row).unwrap();
    let column = line.chars().position(|c| c == '▸').unwrap();
    desk.click(column as u16, row as u16);
    let shown = desk.text();
    assert!(shown.contains("-    &text[..end - 1]"), "{shown}");
    assert!(shown.contains("+    &text[..end]"), "{shown}");
    desk.event(key("v"));
}

/// What a recorded run of an agent comes to.
fn recorded(file: &str, speech: Speech) -> Vec<AgentEvent> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let bytes = fs::read(fixtures.join(file)).unwrap();
    let mut decoder = decoder(speech, &Value::Null);
    let mut lines = Lines::at(0);
    let mut events = Vec::new();
    lines.feed(&bytes, |piece| events.extend(decode(&mut *decoder, piece)));
    lines.finish(|piece| events.extend(decode(&mut *decoder, piece)));
    events.extend(decoder.end(Some(Exit::Code(0))));
    events
}

#[test]
fn each_agents_conversation_is_read() {
    for (name, file, speech) in [
        ("claude", "agents/claude/rich.jsonl", Speech::Claude),
        ("codex", "conversations/codex.jsonl", Speech::Codex),
        ("gemini", "conversations/gemini.jsonl", Speech::Gemini),
        ("opencode", "conversations/opencode.jsonl", Speech::Opencode),
        ("qwen", "agents/qwen/rich.jsonl", Speech::Qwen),
        ("aider", "conversations/aider.txt", Speech::Aider),
    ] {
        let events = recorded(file, speech);
        look(&format!("recorded_{name}"), &[(200, 50)], |desk| {
            let id = desk.agent(name, "do several things");
            desk.says(id, events.clone());
            desk.press("Tab Enter Z");
            desk.draw();
            desk.press("Z");
        });
    }
}

/// In the colours of its language, whatever the terminal has of them; in words that stay
/// what they are.
#[test]
fn code_is_shown_in_the_colours_of_its_language() {
    let mut desk = Desk::new(100, 30);
    let id = desk.agent("coder", "write it");
    let code = "```rust\n// why\nfn one() -> u8 { 1 }\n```\n\n```python\ndef two(): return \"2\"\n```\n\n```mystery\nfn three\n```\n\n```rust\nfn open";
    desk.says(id, vec![text(code)]);
    desk.press("Enter");
    let terminal = desk.draw();
    let buffer = terminal.backend().buffer();
    let style_of = |words: &str| {
        let area = buffer.area();
        let found = (area.top()..area.bottom()).find_map(|y| {
            let row: String = (area.left()..area.right())
                .map(|x| buffer[(x, y)].symbol())
                .collect();
            let x = row.find(words).map(|at| row[..at].chars().count() as u16)?;
            Some(buffer[(x, y)].style())
        });
        found.unwrap_or_else(|| panic!("no {words}: {buffer:?}"))
    };
    let fg = |words: &str| style_of(words).fg;
    let plain = fg("fn three");
    assert_eq!(plain, fg("fn open"), "what is not closed may yet grow");
    let of = ["// why", "fn one", "one()", "1 }", "def two", "\"2\""].map(fg);
    let [comment, keyword, name, value, def, text] = of;
    assert_eq!(keyword, def);
    let distinct: std::collections::BTreeSet<String> = [plain, comment, keyword, name, value, text]
        .iter()
        .map(|colour| format!("{colour:?}"))
        .collect();
    assert_eq!(distinct.len(), 6, "{distinct:?}");
}

#[test]
fn calls_of_tools_are_listed_alone_then_those_that_failed_then_all_again() {
    look("talk_tools", &[(200, 50)], |desk| {
        worked(desk);
        desk.press("c");
    });
    look("talk_tools_failed", &[], |desk| {
        worked(desk);
        desk.press("c c");
    });
    let mut desk = Desk::new(100, 30);
    worked(&mut desk);
    let all = format!("{:?}", desk.draw().backend());
    desk.press("c c c");
    let again = format!("{:?}", desk.draw().backend());
    assert!(all.contains("What it was") && again.contains("What it was"));
    // one that is led to what is left out sees all
    desk.press("c");
    assert!(!format!("{:?}", desk.draw().backend()).contains("What it was"));
    desk.press("Tab / W h a t Enter");
    desk.draw();
    assert!(format!("{:?}", desk.draw().backend()).contains("What it was"));
}
