//! Signal dispositions for programs that we start.

use nix::libc;

/// Gives every signal its default disposition and unblocks all: a program must not
/// inherit what we ignore or block. Async-signal-safe, for use between fork and exec.
pub fn reset() {
    // SAFETY: signal(2) and sigprocmask(2) are async-signal-safe; SIG_DFL is a valid
    // disposition; numbers that can't be set are refused by the kernel, which is fine.
    unsafe {
        for number in 1..=libc::SIGRTMAX() {
            libc::signal(number, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}
