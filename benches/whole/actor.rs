//! What is run as a task: this program again, as a writer that does nothing else.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::gate;

/// The first argument by which this program is an actor.
pub(crate) const WORD: &str = "__actor";

/// Bytes of one write: half a pipe of the shim's.
const BLOCK: usize = 128 << 10;

/// What a writer writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    /// Lines of 100 bytes.
    Plain,
    /// The same with colours.
    Ansi,
    /// JSON lines of 2 KiB.
    Json,
}

impl Text {
    /// All there are.
    pub(crate) const ALL: [Self; 3] = [Self::Plain, Self::Ansi, Self::Json];

    /// Its word on the command line and in figures.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Ansi => "ANSI",
            Self::Json => "JSON",
        }
    }

    fn line(self, number: usize, out: &mut Vec<u8>) {
        let start = out.len();
        let (head, width, tail): (String, usize, &[u8]) = match self {
            Self::Plain => (format!("{number:08} "), 100, b"\n"),
            Self::Ansi => (
                format!(
                    "\x1b[1;3{}m{number:08}\x1b[0m \x1b[38;5;{}m",
                    number % 8,
                    number % 256
                ),
                100,
                b"\x1b[0m\n",
            ),
            Self::Json => (
                format!("{{\"type\":\"item\",\"n\":{number},\"text\":\""),
                2048,
                b"\"}\n",
            ),
        };
        out.extend(head.bytes());
        let words = b"the quick brown fox jumps over the lazy dog, ";
        let room = (start + width).saturating_sub(out.len() + tail.len());
        out.extend(words.iter().cycle().skip(number % words.len()).take(room));
        out.extend(tail);
    }

    fn block(self) -> Vec<u8> {
        let mut block = Vec::with_capacity(BLOCK + 4096);
        let mut number = 0;
        while block.len() < BLOCK {
            self.line(number, &mut block);
            number += 1;
        }
        block
    }
}

/// The argument vector of a writer: it says `last` in a line of its own after `bytes`
/// (for ever where that is 0). It starts when the gate opens.
pub(crate) fn writer(text: Text, bytes: u64, gate: &Path, last: &str) -> Vec<String> {
    vec![
        me(),
        WORD.into(),
        text.word().into(),
        bytes.to_string(),
        gate.display().to_string(),
        last.into(),
    ]
}

/// The argument vector of a program that gives back what is typed, at once and byte by byte.
pub(crate) fn echo() -> Vec<String> {
    vec![me(), WORD.into(), ECHO.into()]
}

const ECHO: &str = "echo";

fn me() -> String {
    std::env::current_exe()
        .unwrap_or_else(|_| PathBuf::from("/proc/self/exe"))
        .display()
        .to_string()
}

/// The actor.
pub(crate) fn main(words: impl Iterator<Item = String>) -> ExitCode {
    let words: Vec<String> = words.collect();
    if words == [ECHO] {
        return match give_back() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let [text, bytes, gate, last] = words.as_slice() else {
        return ExitCode::from(2);
    };
    let text = Text::ALL.into_iter().find(|known| known.word() == text);
    let (Some(text), Ok(bytes)) = (text, bytes.parse()) else {
        return ExitCode::from(2);
    };
    match write(text, bytes, Path::new(gate), last) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn write(text: Text, bytes: u64, gate: &Path, last: &str) -> io::Result<()> {
    let block = text.block();
    // held open to this process's end: by its closing the end is known
    let _done = gate::pass(gate)?;
    // not std's stdout, which looks for line ends in all it is given
    let mut out = File::from(rustix::io::dup(rustix::stdio::stdout())?);
    let mut left = bytes;
    while bytes == 0 || left > 0 {
        let count = if bytes == 0 {
            block.len()
        } else {
            block.len().min(usize::try_from(left).unwrap_or(usize::MAX))
        };
        out.write_all(&block[..count])?;
        left = left.saturating_sub(count as u64);
    }
    out.write_all(format!("\n{last}\n").as_bytes())
}

fn give_back() -> io::Result<()> {
    crossterm::terminal::enable_raw_mode()?;
    let (mut from, mut to) = (
        File::from(rustix::io::dup(rustix::stdio::stdin())?),
        File::from(rustix::io::dup(rustix::stdio::stdout())?),
    );
    to.write_all(b"ready")?;
    let mut bytes = [0; 64];
    loop {
        match from.read(&mut bytes)? {
            0 => return Ok(()),
            count => to.write_all(&bytes[..count])?,
        }
    }
}
