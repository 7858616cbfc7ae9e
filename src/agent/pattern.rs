//! Patterns of texts for people.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// A pattern that is written down in the code.
#[expect(clippy::unwrap_used, reason = "constants, and tests run each")]
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// Without what colours it.
pub(super) fn uncoloured(line: &str) -> Cow<'_, str> {
    static COLOUR: LazyLock<Regex> = LazyLock::new(|| pattern("\x1b\\[[0-9;]*m"));
    COLOUR.replace_all(line, "")
}
