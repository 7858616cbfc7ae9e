//! Standard output: written in whole pieces, and left quietly when nobody reads it.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use super::table::plain;
use super::trouble::Trouble;

/// Standard output.
#[derive(Debug)]
pub(super) struct Out {
    to: BufWriter<StdoutLock<'static>>,
    /// Whether a terminal shows it.
    pub(super) tty: bool,
    /// Whether colours are wanted there (`NO_COLOR`, <https://no-color.org>).
    pub(super) colour: bool,
}

impl Out {
    pub(super) fn new() -> Self {
        let tty = io::stdout().is_terminal();
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        Self {
            to: BufWriter::with_capacity(64 << 10, io::stdout().lock()),
            tty,
            colour: tty && wanted && able,
        }
    }

    pub(super) fn line(&mut self, line: &str) -> Result<(), Trouble> {
        writeln!(self.to, "{line}").map_err(|error| failed(&error))
    }

    pub(super) fn lines(&mut self, lines: &[String]) -> Result<(), Trouble> {
        lines.iter().try_for_each(|line| self.line(line))
    }

    pub(super) fn flush(&mut self) -> Result<(), Trouble> {
        self.to.flush().map_err(|error| failed(&error))
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// What a failed write means.
pub(super) fn failed(error: &io::Error) -> Trouble {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Trouble::Unread;
    }
    Trouble::Failed(format!("cannot write to standard output: {error}"))
}

/// Prints lines that may quote what others named.
pub(super) fn lines(lines: &[String]) -> Result<u8, Trouble> {
    let mut out = Out::new();
    for line in lines {
        out.line(&plain(line))?;
    }
    Out::flush(&mut out)?;
    Ok(0)
}

/// Prints text as it is.
///
/// # Errors
/// When it cannot be written.
pub fn print(text: &str) -> Result<(), Trouble> {
    let mut out = Out::new();
    out.write_all(text.as_bytes())
        .map_err(|error| failed(&error))?;
    Out::flush(&mut out)
}
