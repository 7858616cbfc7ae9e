//! A client's screen: its state, what its keys do, and how it looks.
//!
//! [`Screen`] takes events in and gives [`Action`]s back; [`view`] draws it and the
//! engine into a frame and changes nothing but what it remembers of the drawing:
//! where things are (for the mouse) and when a text next changes (for the timer).
//! Nothing here reads a clock, a file or a terminal.

mod action;
mod answering;
mod areas;
mod clock;
mod completing;
mod find;
mod input;
mod judge;
pub mod keymap;
mod list;
mod look;
mod mode;
mod output;
mod palette;
mod place;
mod reading;
mod remembered;
#[allow(
    clippy::module_inception,
    reason = "the screen's state is what the room is named for"
)]
mod screen;
mod terms;
#[cfg(test)]
mod tests;
mod text;
mod theme;
pub mod transcript;
mod view;
mod widget;
mod words;

pub use action::{Action, SearchAsk};
pub use judge::problems;
pub use keymap::{DEFAULT as KEYMAP, Keymap};
pub use look::{Depth, Look};
pub use palette::{DEFAULT as THEME, Palette};
pub use screen::Screen;
pub use view::view;
