//! What the picture shows: a herd at work, all of it real.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use alacritty_terminal::Term;
use alacritty_terminal::event::VoidListener;
use tempfile::TempDir;

use crate::Outcome;
use crate::terminal::{Size, Terminal};

const SIZE: Size = Size {
    cols: 100,
    rows: 30,
};

/// A task: its name, options, the script it runs, and the script's text.
type Task = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
);

const TASKS: &[Task] = &[
    ("api", &[], "serve", include_str!("scripts/serve.sh")),
    ("docs", &[], "docs", include_str!("scripts/docs.sh")),
    ("lint", &[], "lint", include_str!("scripts/lint.sh")),
    ("build", &[], "build", include_str!("scripts/build.sh")),
    ("deploy", &[], "deploy", include_str!("scripts/deploy.sh")),
    (
        "import",
        &["--grace", "30s"],
        "import",
        include_str!("scripts/import.sh"),
    ),
    ("tests", &[], "check", include_str!("scripts/check.sh")),
];

/// The herd, in a directory that goes with it.
pub(crate) struct Herd {
    root: TempDir,
    program: PathBuf,
    terminal: Option<Terminal>,
}

impl Herd {
    /// Launches the tasks, opens the screen and waits until all of it is to be seen.
    pub(crate) fn launch(program: &Path) -> Outcome<Self> {
        let root = tempfile::tempdir()?;
        let mut herd = Self {
            program: program.to_path_buf(),
            root,
            terminal: None,
        };
        fs::create_dir_all(herd.project())?;
        herd.run(&TASKS[0])?;
        // opened now, the screen has looked at nothing of what ends below: it is unread
        let mut terminal = Terminal::open(herd.command([] as [&str; 0]), SIZE)?;
        terminal.wait("the first task", |text| text.contains("api"))?;
        TASKS[1..].iter().try_for_each(|task| herd.run(task))?;
        terminal.wait("what ended", |text| {
            ["exit 0", "exit 1", "exit 4 +1"]
                .iter()
                .all(|part| text.contains(part))
        })?;
        herd.call(&["revoke", "import"])?;
        terminal.send("G")?;
        terminal.wait("the tests and the countdown", |text| {
            text.contains("137 of 212") && text.contains("kill 19 s")
        })?;
        herd.terminal = Some(terminal);
        Ok(herd)
    }

    fn run(&self, (name, options, script, text): &Task) -> Outcome<()> {
        let path = self.project().join(script);
        fs::write(&path, text)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        let own = format!("./{script}");
        self.call(&[&["run", "--name", name], *options, &["--", &own]].concat())
    }

    /// What the screen shows.
    pub(crate) fn look(&self) -> Outcome<&Term<VoidListener>> {
        let terminal = self.terminal.as_ref().ok_or("the screen is not open")?;
        Ok(&terminal.term)
    }

    /// Ends everything, and says so where it doesn't.
    pub(crate) fn shut_down(mut self) -> Outcome<()> {
        drop(self.terminal.take());
        self.call(&["shutdown", "--force"])
    }

    fn project(&self) -> PathBuf {
        self.root.path().join("src/shop")
    }

    fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .current_dir(self.project())
            .env("HOME", self.root.path())
            .env("WRANGLE_HOME", self.root.path().join("herd"))
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("NO_COLOR");
        command
    }

    fn call(&self, words: &[&str]) -> Outcome<()> {
        let done = self.command(words).stdin(Stdio::null()).output()?;
        if done.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&done.stderr);
        Err(format!("wrangle {words:?}: {}", said.trim()).into())
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        // a picture that failed leaves nothing either; where the herd was shut down
        // before, no supervisor is there to be asked
        let socket = self.root.path().join("herd/run/wrangle.sock");
        if std::os::unix::net::UnixStream::connect(socket).is_ok() {
            self.call(&["shutdown", "--force"]).ok();
        }
    }
}
