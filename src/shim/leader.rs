//! Starting the first process of a run.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

use crate::core::id::Ident;
use crate::core::raw::Raw;
use crate::core::shim::{Launch, MARK, TASK};
use crate::sys::{proc, sigset};

/// The pipe's size: the best general one, measured. Smaller where the user's share of
/// pipe pages is used up (pipe(7)).
pub(super) const PIPE: usize = 256 << 10;

/// A leader that runs, and our ends of its pipes.
#[derive(Debug)]
pub(super) struct Leader {
    pub(super) ident: Ident,
    pub(super) output: OwnedFd,
    pub(super) input: Option<OwnedFd>,
}

/// What is to be started.
#[derive(Debug)]
pub(super) struct Program<'a, E> {
    /// Program and arguments.
    pub(super) argv: &'a [Raw],
    /// The whole environment; of a name given twice the last holds.
    pub(super) env: E,
    /// Working directory, absolute.
    pub(super) dir: &'a Path,
    /// Whether standard input is a pipe.
    pub(super) stdin: bool,
}

/// Starts the leader of a run, marked as such.
///
/// # Errors
/// As [`start`].
pub(super) fn launch(launch: &Launch) -> Result<Leader, String> {
    let marks = [
        (TASK.into(), launch.intent.run.task.to_string().into()),
        (MARK.into(), launch.socket.clone()),
    ];
    let spec = &launch.intent.spec;
    start(&Program {
        argv: &launch.argv,
        env: launch.env.iter().chain(&marks),
        dir: spec.dir.as_path(),
        stdin: spec.stdin,
    })
}

/// Starts a leader in a session of its own, its standard output and error one pipe,
/// so that their order is kept.
///
/// # Errors
/// One line: what was tried, on what, and what to do.
pub(super) fn start<'a, E>(wanted: &Program<'_, E>) -> Result<Leader, String>
where
    E: Iterator<Item = &'a (Raw, Raw)> + Clone,
{
    let program = wanted
        .argv
        .first()
        .ok_or("cannot start: no command was given")?;
    check_dir(wanted.dir)?;
    let pipes = || -> io::Result<_> {
        let (output, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
        // a smaller pipe works too
        fcntl_setpipe_size(&output, PIPE).ok();
        rustix::io::ioctl_fionbio(&output, true)?;
        let error = theirs.as_fd().try_clone_to_owned()?;
        let (input, stdin) = if wanted.stdin {
            let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
            rustix::io::ioctl_fionbio(&write, true)?;
            (Some(write), Stdio::from(read))
        } else {
            (None, Stdio::null())
        };
        Ok((output, theirs, error, input, stdin))
    };
    let (output, theirs, error, input, stdin) =
        pipes().map_err(|error| format!("cannot make a pipe: {error}"))?;
    let mut command = Command::new(program.as_os());
    command
        .args(wanted.argv[1..].iter().map(Raw::as_os))
        .env_clear()
        .envs(
            wanted
                .env
                .clone()
                .map(|(key, value)| (key.as_os(), value.as_os())),
        )
        .current_dir(wanted.dir)
        .stdin(stdin)
        .stdout(Stdio::from(theirs))
        .stderr(Stdio::from(error));
    // SAFETY: setsid(2) and the signal calls are async-signal-safe and touch nothing of ours
    unsafe {
        command.pre_exec(|| {
            nix::unistd::setsid()?;
            sigset::reset();
            Ok(())
        });
    }
    let child = command
        .spawn()
        .map_err(|error| explain(&error, &program.lossy(), wanted))?;
    // the child is reaped by `tree::reap`, so its handle is of no use
    let pid = child.id() as i32;
    let ident = proc::ident(pid).unwrap_or(Ident { pid, start: 0 });
    Ok(Leader {
        ident,
        output,
        input,
    })
}

fn check_dir(dir: &Path) -> Result<(), String> {
    let shown = dir.display();
    match fs::metadata(dir) {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(_) => Err(format!("cannot start in {shown}: not a directory")),
        Err(error) => Err(format!(
            "cannot start in {shown}: {}; choose another with --dir",
            kind(&error)
        )),
    }
}

fn kind(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such directory".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}

/// Whether any directory of the PATH that the leader gets holds such a file.
fn is_in_path<'a, E>(program: &str, wanted: &Program<'_, E>) -> bool
where
    E: Iterator<Item = &'a (Raw, Raw)> + Clone,
{
    let path = wanted
        .env
        .clone()
        .filter(|(key, _)| key.as_bytes() == b"PATH")
        .last();
    path.is_some_and(|(_, path)| {
        std::env::split_paths(path.as_os()).any(|dir| dir.join(program).exists())
    })
}

fn explain<'a, E>(error: &io::Error, program: &str, wanted: &Program<'_, E>) -> String
where
    E: Iterator<Item = &'a (Raw, Raw)> + Clone,
{
    let path = wanted.dir.join(program);
    match error.kind() {
        io::ErrorKind::NotFound if program.contains('/') && path.exists() => format!(
            "cannot start {program}: its interpreter was not found; check the file's first line"
        ),
        io::ErrorKind::NotFound if program.contains('/') => {
            format!("cannot start {program}: no such file; check the path")
        }
        // a directory in PATH that may not be entered makes one of the other
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
            if !program.contains('/') && !is_in_path(program, wanted) =>
        {
            format!("cannot start {program}: command not found in PATH; check the name")
        }
        io::ErrorKind::PermissionDenied if path.is_dir() => {
            format!("cannot start {program}: it is a directory")
        }
        io::ErrorKind::PermissionDenied
            if fs::metadata(&path).is_ok_and(|meta| meta.permissions().mode() & 0o111 == 0) =>
        {
            format!(
                "cannot start {program}: not executable; chmod +x it, or run it by its interpreter"
            )
        }
        io::ErrorKind::PermissionDenied => format!("cannot start {program}: permission denied"),
        io::ErrorKind::ArgumentListTooLong => {
            format!("cannot start {program}: arguments and environment are too long for the kernel")
        }
        _ => format!("cannot start {program}: {error}"),
    }
}
