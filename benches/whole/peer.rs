//! Peers that are installed here: the same writer in the same terminal.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Outcome;
use super::actor::{self, Text};
use super::gate::Gate;
use super::pty::{Pty, Size};

/// A program that shows a command's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A process list with a pane, as wrangle is.
    Mprocs,
    /// A terminal multiplexer.
    Tmux,
}

impl Peer {
    /// All that are looked for.
    pub(crate) const ALL: [Self; 2] = [Self::Mprocs, Self::Tmux];

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mprocs => "mprocs",
            Self::Tmux => "tmux",
        }
    }

    /// Where it is, if anywhere.
    pub(crate) fn find(self) -> Option<PathBuf> {
        let variable = match self {
            Self::Mprocs => "MPROCS",
            Self::Tmux => "TMUX_BIN",
        };
        if let Some(path) = env::var_os(variable) {
            return Some(path.into());
        }
        env::split_paths(&env::var_os("PATH")?)
            .map(|dir| dir.join(self.name()))
            .find(|path| path.is_file())
    }

    /// From the gate's opening to the writer's exit, its output shown in a terminal.
    pub(crate) fn show(self, text: Text, bytes: u64, size: Size) -> Outcome<Duration> {
        let program = self.find().ok_or("not installed")?;
        let home = tempfile::tempdir()?;
        let mut gate = Gate::new()?;
        let argv = actor::writer(text, bytes, gate.path(), "end");
        let line = shlex::try_join(argv.iter().map(String::as_str))?;
        let socket = home.path().join("tmux");
        let mut command = Command::new(&program);
        match self {
            Self::Mprocs => {
                command.arg(&line);
            }
            Self::Tmux => {
                command.arg("-S").arg(&socket);
                command.args(["-f", "/dev/null", "new-session", &line]);
            }
        }
        command
            .current_dir(home.path())
            .env_remove("TMUX")
            .env("HOME", home.path());
        let pty = Pty::spawn(command, size)?;
        let measured = gate.await_ready(1).and_then(|()| {
            let start = gate.open();
            Ok(gate.await_exits()?.duration_since(start))
        });
        if self == Self::Tmux {
            Command::new(&program)
                .arg("-S")
                .arg(&socket)
                .arg("kill-server")
                .stderr(Stdio::null())
                .status()?;
        }
        drop(pty);
        measured
    }
}
