//! The README's picture: the real program, on real tasks, in a real terminal, as SVG on
//! standard output. `cargo build && cargo run --example picture > assets/screen.svg`

mod scene;
mod svg;
mod terminal;

use std::error::Error;
use std::io::Write;

/// Anything that spoils the picture.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let program = std::env::current_exe()?.with_file_name("../wrangle");
    let program = program.canonicalize().map_err(|error| {
        format!(
            "cannot find {}: {error}; run cargo build",
            program.display()
        )
    })?;
    let herd = scene::Herd::launch(&program)?;
    let picture = svg::draw(herd.look()?);
    herd.shut_down()?;
    std::io::stdout().write_all(picture.as_bytes())?;
    Ok(())
}
