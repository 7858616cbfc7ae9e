//! The findings, a line each.

use super::{agents, herd, kernel, terminal};
use crate::client::out::Out;
use crate::client::table;
use crate::client::trouble::Trouble;
use crate::config::{Config, Paths};
use crate::verb::Context;

/// How good a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Ok,
    /// Worth knowing.
    Note,
    /// Works worse than it could.
    Warn,
    /// Does not work.
    Fail,
}

impl Mark {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok  ",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

/// One line: how good, what, how it is.
pub(super) type Finding = (Mark, &'static str, String);

/// Says what works here; `config` as it was read. The exit code is 1 when something
/// that is needed does not.
///
/// # Errors
/// When nothing can be printed.
pub fn doctor(paths: &Paths, config: Result<&Config, &[String]>) -> Result<u8, Trouble> {
    let mut out = Out::new();
    let mut failed = false;
    for (title, findings) in [
        ("kernel", kernel::findings()),
        ("herd", herd::findings(paths, config)),
        ("terminal", terminal::findings()),
    ] {
        out.line(title)?;
        for (mark, name, text) in findings {
            failed |= mark == Mark::Fail;
            out.line(&format!(
                "  {}  {name:<18}{}",
                mark.word(),
                table::plain(&text)
            ))?;
        }
    }
    if let Ok(config) = config {
        out.line("agents")?;
        for (mark, name, text) in agents::findings(config, &Context::here(config, paths)) {
            out.line(&format!(
                "  {}  {name:<18}{}",
                mark.word(),
                table::plain(&text)
            ))?;
        }
    }
    out.flush()?;
    Ok(u8::from(failed))
}
