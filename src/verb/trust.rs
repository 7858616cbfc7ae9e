//! `trust`: whose project files may run things.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueHint};

use super::command::{Ask, Command, Context};
use super::disk::within;
use super::run::resolve;
use crate::config::PROJECT;

/// How long the disk is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Let the wrangle.toml of a directory run things.
#[derive(Debug, Clone, Args)]
#[command(after_help = "What lies below the directory is not meant by it.")]
pub struct Trust {
    /// The directory; else this one
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
    /// Print every trusted directory
    #[arg(long, conflicts_with_all = ["dir", "remove"])]
    list: bool,
    /// Trust it no more
    #[arg(long)]
    remove: bool,
}

impl Ask for Trust {
    fn ask(self, context: &Context) -> Result<Command, String> {
        let dir = match &self.dir {
            Some(dir) => resolve(dir, &context.caller),
            None => context.caller.dir.as_path().to_path_buf(),
        };
        let shown = dir.display().to_string();
        let trust = context.trust.clone();
        let done = within(PATIENCE, move || {
            if self.list {
                let dirs = trust.list()?;
                let lines = dirs.iter().map(|dir| dir.display().to_string());
                return Ok(lines.collect());
            }
            if self.remove {
                return remove(&trust, &dir).map(|line| vec![line]);
            }
            add(&trust, &dir).map(|line| vec![line])
        });
        match done {
            Some(lines) => lines.map(Command::Said),
            None => Err(format!(
                "cannot look at {shown}: its disk does not answer; try again"
            )),
        }
    }
}

fn add(trust: &crate::config::Trust, dir: &Path) -> Result<String, String> {
    let cannot = |why: &str| {
        format!(
            "cannot trust {}: {why}; give one that exists",
            dir.display()
        )
    };
    let found = fs::canonicalize(dir).map_err(|error| cannot(&error.to_string()))?;
    if !found.is_dir() {
        return Err(cannot("it is not a directory"));
    }
    let new = trust.add(&found)?;
    let shown = found.display();
    Ok(match (new, found.join(PROJECT).is_file()) {
        (true, true) => format!("{shown} is trusted"),
        (true, false) => format!("{shown} is trusted, though no {PROJECT} lies there yet"),
        (false, _) => format!("{shown} was trusted already"),
    })
}

/// Also of what is no longer there.
fn remove(trust: &crate::config::Trust, dir: &Path) -> Result<String, String> {
    let found = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_path_buf());
    let shown = found.display();
    if trust.remove(&found)? {
        return Ok(format!("{shown} is trusted no more"));
    }
    Err(format!(
        "{shown} was not trusted; wrangle trust --list names those that are"
    ))
}
