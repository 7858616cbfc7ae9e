//! `run --each`: one task for every line.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use super::disk::within;
use super::run::resolve;
use crate::config::{Offer, parse_name};
use crate::core::raw::Raw;
use crate::core::wire::Caller;

/// What the line takes the place of.
const HOLE: &[u8] = b"{}";
/// The most bytes of all lines: one request has to hold them, and words around them.
const MOST_BYTES: u64 = 16 << 20;
/// The most lines.
const MOST_LINES: usize = 20_000;
/// How long the command bar waits for the disk.
const PATIENCE: Duration = Duration::from_secs(1);
/// Where a name made from a line is cut, in characters.
const MADE_NAME: usize = 40;

/// The lines of a file, or of standard input for `-`; those that are blank left out.
/// In the command bar (`bar`) there is no standard input, and little patience.
///
/// # Errors
/// One line that names the file.
pub(super) fn lines(file: &Path, caller: &Caller, bar: bool) -> Result<Vec<Raw>, String> {
    let name = file.display().to_string();
    let failed = |error: &io::Error| format!("cannot read {name}: {error}");
    let bytes = if file == Path::new("-") {
        if bar {
            return Err(
                "--each - reads standard input, which is the command line's alone; name a file"
                    .into(),
            );
        }
        read(io::stdin().lock())
    } else {
        let path = resolve(file, caller);
        let read = move || File::open(path).and_then(read);
        if bar {
            let patient = within(PATIENCE, read);
            patient.ok_or_else(|| format!("cannot read {name}: its disk does not answer"))?
        } else {
            read()
        }
    };
    let bytes = bytes.map_err(|error| failed(&error))?;
    if bytes.len() as u64 > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        return Err(format!("{name} is longer than {most} MiB; split it"));
    }
    let mut found = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.contains(&0) {
            let number = number + 1;
            return Err(format!(
                "{name}:{number}: a NUL byte, which no argument can hold; take it out"
            ));
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.trim_ascii().is_empty() {
            found.push(Raw::from(line.to_vec()));
        }
    }
    match found.len() {
        0 => Err(format!("{name} holds no line; write one for each task")),
        many if many > MOST_LINES => Err(format!(
            "{name} has {many} lines; at most {MOST_LINES} at once: split it"
        )),
        _ => Ok(found),
    }
}

fn read(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A command that may have a hole for a line.
#[derive(Debug)]
pub(super) enum Template {
    /// These words.
    Words(Vec<Raw>),
    /// This text, run by sh -c.
    Shell(Raw),
    /// What a project offers, and these words behind it.
    Offered(Box<Offer>, Vec<Raw>),
}

impl Template {
    /// The command as it stands.
    pub(super) fn plain(&self) -> Vec<Raw> {
        match self {
            Self::Words(words) => words.clone(),
            Self::Shell(text) => for_shell(text.clone()),
            Self::Offered(offer, more) => offer.argv(more.clone()),
        }
    }

    /// The command with a line where its hole is, and nowhere else.
    pub(super) fn in_place(&self, line: &Raw) -> Vec<Raw> {
        self.plain().iter().map(|word| put(word, line)).collect()
    }

    /// The command for a line.
    pub(super) fn with(&self, line: &Raw) -> Vec<Raw> {
        match self {
            Self::Words(words) => fill(words, line),
            Self::Shell(text) => for_shell(fill_shell(text, line)),
            Self::Offered(offer, more) => offer.argv(fill(more, line)),
        }
    }
}

/// An agent's prompt for a line.
///
/// # Errors
/// There is no place for it, or it is no text.
pub(super) fn prompt(prompt: &str, line: &Raw) -> Result<String, String> {
    let hole = "{}";
    if !prompt.contains(hole) {
        return Err(
            "--each has a line for every task: write {} where it belongs in the prompt".into(),
        );
    }
    let text = std::str::from_utf8(line.as_bytes()).map_err(|_| {
        format!(
            "the line {:?} is no text that a prompt can hold",
            line.lossy()
        )
    })?;
    Ok(prompt.replace(hole, text))
}

fn for_shell(text: Raw) -> Vec<Raw> {
    vec!["sh".into(), "-c".into(), text]
}

/// Words with a line in place of each `{}`, or behind them where there is none.
fn fill(words: &[Raw], line: &Raw) -> Vec<Raw> {
    let mut filled: Vec<Raw> = words.iter().map(|word| put(word, line)).collect();
    if filled == words {
        filled.push(line.clone());
    }
    filled
}

/// A text for a shell, with a line as one word of it.
fn fill_shell(text: &Raw, line: &Raw) -> Raw {
    let quoted = shlex::bytes::try_quote(line.as_bytes());
    // a NUL alone can't be quoted, and no line has one
    let quoted = quoted.map_or_else(|_| line.clone(), |quoted| Raw::from(quoted.into_owned()));
    let filled = put(text, &quoted);
    if filled != *text {
        return filled;
    }
    Raw::from([text.as_bytes(), b" ", quoted.as_bytes()].concat())
}

fn put(word: &Raw, line: &Raw) -> Raw {
    let word = word.as_bytes();
    let mut filled = Vec::with_capacity(word.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(word, HOLE) {
        filled.extend_from_slice(&word[from..at]);
        filled.extend_from_slice(line.as_bytes());
        from = at + HOLE.len();
    }
    filled.extend_from_slice(&word[from..]);
    Raw::from(filled)
}

/// What the list calls the task of a line.
pub(super) fn name(base: &str, line: &Raw) -> String {
    let line = OsStr::from_bytes(line.as_bytes()).to_string_lossy();
    let plain = line.trim().chars().filter(|c| !c.is_control());
    let mut short: String = plain.clone().take(MADE_NAME).collect();
    if plain.count() > MADE_NAME {
        short.push('…');
    }
    parse_name(&format!("{base} {short}")).unwrap_or_else(|_| base.to_owned())
}
