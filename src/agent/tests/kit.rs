//! The recordings of `tests/fixtures/agents`: a directory for each agent, a file for each
//! case, and what independent counting (`count.py`) makes of them in `totals.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::agent::stream::Lines;
use crate::agent::{Decoder, decode, unguarded as decoder};
use crate::core::agent::event::AgentEvent;
use crate::core::agent::plan::Speech;
use crate::core::agent::tokens::Tokens;
use crate::core::task::Exit;

/// Every language there is.
pub(super) const ALL: [Speech; 9] = [
    Speech::Claude,
    Speech::Codex,
    Speech::CodexServer,
    Speech::Gemini,
    Speech::Opencode,
    Speech::Qwen,
    Speech::Aider,
    Speech::Acp,
    Speech::Plain,
];

/// What a case comes to, and how its program ended.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Totals {
    pub(super) exit: Option<i32>,
    pub(super) signal: Option<i32>,
    /// The case whose conversation it goes on with.
    pub(super) after: Option<String>,
    pub(super) tokens: Tokens,
    /// What it cost, where that is told.
    pub(super) nanodollars: Option<u64>,
    pub(super) turns: u32,
    pub(super) tools: u32,
    pub(super) failed: u32,
}

impl Totals {
    pub(super) fn exit(&self) -> Exit {
        match self.signal {
            Some(signal) => Exit::Signal(signal),
            None => Exit::Code(self.exit.unwrap_or_default()),
        }
    }
}

/// A recording.
pub(super) struct Case {
    /// The directory: `claude`.
    pub(super) cli: String,
    /// The file: `rich`.
    pub(super) name: String,
    pub(super) speech: Speech,
    pub(super) bytes: Vec<u8>,
    pub(super) totals: Option<Totals>,
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// All recordings there are.
pub(super) fn cases() -> Vec<Case> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents");
    let dirs = files(&all).into_iter().filter(|path| path.is_dir());
    dirs.flat_map(|dir| cases_in(&dir)).collect()
}

fn cases_in(dir: &Path) -> Vec<Case> {
    let cli = dir.file_name().unwrap().to_string_lossy().into_owned();
    // `codex-0.80.0`: an earlier version
    let language = cli.split("-0.").next().unwrap();
    let speech: Speech = serde_json::from_value(language.into())
        .unwrap_or_else(|_| panic!("{language} is no language"));
    let totals = fs::read_to_string(dir.join("totals.toml")).unwrap_or_default();
    let mut totals: BTreeMap<String, Totals> =
        toml::from_str(&totals).unwrap_or_else(|error| panic!("{cli}/totals.toml: {error}"));
    let recorded = files(dir).into_iter().filter(|path| {
        let ext = path.extension().unwrap_or_default();
        ext == "jsonl" || ext == "txt"
    });
    let cases = recorded.map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Case {
            cli: cli.clone(),
            speech,
            bytes: fs::read(&path).unwrap(),
            totals: totals.remove(&name),
            name,
        }
    });
    let cases = cases.collect();
    assert!(
        totals.is_empty(),
        "{cli}: nothing is recorded of {totals:?}"
    );
    cases
}

impl Case {
    /// The lines of it, each with what it comes to, and what its end does.
    pub(super) fn events(&self) -> Vec<(usize, AgentEvent)> {
        let mut decoder = decoder(self.speech, &Value::Null);
        let mut events = Vec::new();
        let mut number = 0;
        let mut lines = Lines::at(0);
        let mut each = |piece: crate::agent::stream::Piece<'_>| {
            number += 1;
            let told = decode(decoder.as_mut(), piece);
            events.extend(told.into_iter().map(|event| (number, event)));
        };
        lines.feed(&self.bytes, &mut each);
        lines.finish(&mut each);
        let exit = self.totals.as_ref().map(Totals::exit);
        let end = decoder.end(exit);
        events.extend(end.into_iter().map(|event| (number + 1, event)));
        events
    }
}

/// What lines come to, with a decoder that is put by and taken up again before each line
/// that `put_by` says.
pub(super) fn heard(
    speech: Speech,
    lines: &[&[u8]],
    put_by: impl Fn(usize) -> bool,
) -> Vec<AgentEvent> {
    let mut now: Box<dyn Decoder> = decoder(speech, &Value::Null);
    let mut events = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if put_by(at) {
            // as it is stored
            let saved = serde_json::to_string(&now.save()).unwrap();
            now = decoder(speech, &serde_json::from_str(&saved).unwrap());
        }
        events.extend(now.line(line));
    }
    events.extend(now.end(Some(Exit::Code(0))));
    events
}
