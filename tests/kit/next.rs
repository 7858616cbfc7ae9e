//! The same program, which calls itself a later version: the second build that takes
//! over from the first.

use std::process::ExitCode;

#[path = "../../src/main.rs"]
#[allow(
    dead_code,
    reason = "it is run under another version than by its own `main`"
)]
mod program;

fn main() -> ExitCode {
    program::run("1000.0.0")
}
