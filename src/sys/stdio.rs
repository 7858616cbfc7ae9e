//! Standard input, output and error of this process, and what else it was started with.

use std::fs::{self, OpenOptions};
use std::io;

use nix::libc;

/// Has `/dev/null` take the place of all three: whoever gave them, or reads behind them,
/// would wait for ever.
///
/// # Errors
/// When `/dev/null` can't be opened; what was given stays then.
pub fn let_go() -> io::Result<()> {
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

/// Closes everything but those three. What whoever started this process had open, such as
/// the lock of a script or the end of a pipe, would stay so as long as it lives, and in
/// every process that it starts. To be called before anything is opened here.
pub fn close_inherited() {
    let Ok(open) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    // the one that lists them is closed by then: to close it again does no harm
    let numbers: Vec<i32> = open
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in numbers {
        // SAFETY: nothing in this process owns it
        unsafe { libc::close(number) };
    }
}
