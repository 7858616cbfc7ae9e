//! Where configuration, data and sockets lie.

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use nix::unistd::geteuid;

use crate::core::shim::MARK;

/// The directories of one herd. Two herds never share any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The user's configuration file; need not exist.
    pub config: PathBuf,
    /// The database, tasks' output, the supervisor's log.
    pub data: PathBuf,
    /// Sockets and locks.
    pub run: PathBuf,
    /// `WRANGLE_HOME`, made absolute, where it is set.
    pub home: Option<PathBuf>,
}

impl Paths {
    /// By `WRANGLE_HOME`, else the platform's standard directories. Makes nothing.
    ///
    /// # Errors
    /// When there is neither `WRANGLE_HOME` nor a home directory, or no working directory.
    pub fn find() -> Result<Self, String> {
        if let Some(home) = env::var_os("WRANGLE_HOME").filter(|home| !home.is_empty()) {
            return Self::under(&home);
        }
        let dirs = ProjectDirs::from("", "", "wrangle").ok_or(
            "no home directory is known; set HOME, or WRANGLE_HOME to a directory for wrangle",
        )?;
        Ok(Self {
            config: dirs.config_dir().join("config.toml"),
            data: dirs.data_dir().to_path_buf(),
            // not the session's runtime directory: that one goes with the last log-out,
            // and another session (cron, su) would look for the herd elsewhere
            run: dirs.data_dir().join("run"),
            home: None,
        })
    }

    /// Everything under one directory.
    ///
    /// # Errors
    /// When a relative `home` cannot be made absolute.
    pub fn under(home: &OsString) -> Result<Self, String> {
        let home = std::path::absolute(home).map_err(|error| {
            format!(
                "cannot tell where WRANGLE_HOME={} lies: {error}",
                home.display()
            )
        })?;
        Ok(Self {
            config: home.join("config.toml"),
            data: home.join("data"),
            run: home.join("run"),
            home: Some(home),
        })
    }

    /// Makes the directories, for this user alone (0700), and checks that they are.
    ///
    /// # Errors
    /// One line that names the directory and says what to do.
    pub fn create(&self) -> Result<(), String> {
        private_dir(&self.data)?;
        private_dir(&self.run)
    }

    /// Where the supervisor listens.
    pub fn socket(&self) -> PathBuf {
        self.run.join("wrangle.sock")
    }

    /// Held while a supervisor is being started.
    pub fn start_lock(&self) -> PathBuf {
        self.run.join("start.lock")
    }

    /// Held by the supervisor.
    pub fn supervisor_lock(&self) -> PathBuf {
        self.data.join("supervisor.lock")
    }

    /// Where it is noted which supervisor a person wants to keep though it is older.
    pub fn kept(&self) -> PathBuf {
        self.run.join("kept")
    }

    /// Whether this process belongs to a task of this herd.
    pub fn is_within_a_task(&self) -> bool {
        env::var_os(MARK).is_some_and(|socket| Path::new(&socket).starts_with(self.shims()))
    }

    /// The supervisor's own log.
    pub fn log(&self) -> PathBuf {
        self.data.join("supervisor.log")
    }

    /// The database: tasks, their runs, what happened to them.
    pub fn database(&self) -> PathBuf {
        self.data.join("wrangle.db")
    }

    /// What hooks have printed.
    pub fn hooks_log(&self) -> PathBuf {
        self.data.join("hooks.log")
    }

    /// Where tasks are kept: a directory per task, in it one per run.
    pub fn tasks(&self) -> PathBuf {
        self.data.join("tasks")
    }

    /// The directories whose project files may run things.
    pub fn trust(&self) -> PathBuf {
        self.data.join("trusted.json")
    }

    /// Where shims listen.
    pub fn shims(&self) -> PathBuf {
        self.run.join("shims")
    }
}

/// Makes `dir` where it is missing, and sees to it that only this user can enter.
pub(super) fn private_dir(dir: &Path) -> Result<(), String> {
    let failed = |what: &str, error: io::Error| {
        format!(
            "cannot {what} {}: {error}; set WRANGLE_HOME to a directory you can write",
            dir.display()
        )
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| failed("make", error))?;
    let meta = fs::metadata(dir).map_err(|error| failed("look at", error))?;
    if !meta.is_dir() || meta.uid() != geteuid().as_raw() {
        return Err(format!(
            "{} is not a directory of yours; remove it, or set WRANGLE_HOME to one that is",
            dir.display()
        ));
    }
    if meta.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(dir, Permissions::from_mode(0o700))
            .map_err(|error| failed("make private", error))?;
    }
    Ok(())
}
