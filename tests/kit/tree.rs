//! What the integration tests run as tasks: process trees that are hard to kill, and
//! writers whose output can be recomputed.
//!
//! `tree MODE TOKEN [ARG...]`: the token is of no use to the program. It stands in the
//! command line of every process of the tree, forks included, so that a test finds them
//! all from outside whatever they do to their environment, session and parents.

mod content;
mod guard;
mod trees;
mod work;
mod write;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    let [_, mode, token, rest @ ..] = words.as_slice() else {
        return ExitCode::from(2);
    };
    let number = |at: usize, default: u64| {
        rest.get(at)
            .map_or(default, |word| word.parse().expect("a number"))
    };
    let text = |at: usize, default: &'static str| rest.get(at).map_or(default, String::as_str);
    match mode.as_str() {
        "sleep" => trees::sleep(),
        "ready" => trees::stand(),
        "stubborn" => trees::stubborn(),
        "session" => trees::session(),
        "daemon" => trees::daemon(),
        "scrubbed" => trees::scrubbed(token),
        "orphan" => trees::orphan(),
        "crowd" => trees::crowd(number(0, 200)),
        "hydra" => trees::hydra(number(0, 3)),
        "stopped" => trees::stopped(),
        "zombies" => trees::zombies(),
        "as" => return trees::with_pid(number(0, 0) as i32),
        "exit" => return ExitCode::from(number(0, 0) as u8),
        "signal" => trees::signal_self(number(0, 9) as i32),
        "flood" => write::flood(number(0, 0), text(1, "plain"), number(2, 0)),
        "drip" => write::drip(number(0, 0), text(1, "plain"), number(2, 0), number(3, 1)),
        "hostile" => write::hostile(),
        "echo-stdin" => write::echo(),
        "work" => return work::work(text(0, ""), number(1, 0)),
        "guard" => return guard::guard(token),
        _ => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}
