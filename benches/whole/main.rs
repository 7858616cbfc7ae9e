//! The whole program, measured: the real binary in a terminal that is drained, beside
//! the bare limit or a peer in the same run.
//!
//! `cargo bench --bench whole` runs every row, `-- NAME...` those whose names begin so.
//! `-- --smoke` runs each once with tiny sizes and fails only where something breaks,
//! never for a time. Homes and logs lie in the temporary directory, so `TMPDIR` chooses
//! the disk. Peers are looked for on `PATH`; `MPROCS` and `TMUX_BIN` name others.

mod actor;
mod bare;
mod figure;
mod gate;
mod herd;
mod peer;
mod process;
mod pty;
mod row;
mod stored;
mod tidy;

use std::env;
use std::process::ExitCode;

use figure::say;

/// What a part of the harness answers: the error is one line for people.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// Only whether it works.
    smoke: bool,
}

impl Scale {
    /// `full`, or `smoke` in a smoke run.
    const fn of<T: Copy>(self, full: T, smoke: T) -> T {
        if self.smoke { smoke } else { full }
    }
}

fn main() -> ExitCode {
    let mut words = env::args().skip(1).peekable();
    if words.peek().is_some_and(|word| word == actor::WORD) {
        return actor::main(words.skip(1));
    }
    let mut scale = Scale { smoke: false };
    let mut wanted = Vec::new();
    for word in words {
        match word.as_str() {
            "--smoke" => scale.smoke = true,
            // cargo's own
            "--bench" => {}
            name => wanted.push(name.to_owned()),
        }
    }
    let rows: Vec<_> = row::ALL
        .iter()
        .filter(|row| wanted.is_empty() || wanted.iter().any(|name| row.name.starts_with(name)))
        .collect();
    if rows.is_empty() {
        let names: Vec<_> = row::ALL.iter().map(|row| row.name).collect();
        say(&format!("no such row; there are {}", names.join(", ")));
        return ExitCode::from(2);
    }
    tidy::on_signal();
    let mut broken = 0;
    for row in rows {
        say(&format!("\n{}: {}", row.name, row.about));
        match (row.run)(scale) {
            // a smoke run's sizes are too small for any figure to mean something
            Ok(figures) => figures
                .iter()
                .for_each(|figure| say(figure.line(!scale.smoke).trim_end())),
            Err(error) => {
                broken += 1;
                say(&format!("  BROKEN: {error}"));
            }
        }
    }
    ExitCode::from(u8::from(broken > 0))
}
