//! Bytes of output as lines that a terminal can be trusted with.

use std::io::{self, Write};

use crate::output::display::safe_line;

/// A longer line is printed in pieces.
const LONGEST: usize = 64 << 10;

/// Takes bytes in pieces of any size, gives safe lines.
#[derive(Debug)]
pub(super) struct SafeLines {
    colour: bool,
    /// The beginning of a line that may go on.
    partial: Vec<u8>,
}

impl SafeLines {
    pub(super) const fn new(colour: bool) -> Self {
        Self {
            colour,
            partial: Vec::new(),
        }
    }

    /// What has no line feed yet.
    pub(super) fn partial(&self) -> &[u8] {
        &self.partial
    }

    /// Writes the lines that these bytes complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], to: &mut impl Write) -> io::Result<()> {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            if self.partial.is_empty() {
                self.put(&bytes[..end], to)?;
            } else {
                self.partial.extend_from_slice(&bytes[..end]);
                self.end(to)?;
            }
            to.write_all(b"\n")?;
            bytes = &bytes[end + 1..];
        }
        self.partial.extend_from_slice(bytes);
        while self.partial.len() > LONGEST {
            let cut = boundary(&self.partial, LONGEST);
            self.put(&self.partial[..cut], to)?;
            self.partial.drain(..cut);
        }
        Ok(())
    }

    /// Writes what has no line feed yet, and keeps it.
    pub(super) fn show(&self, to: &mut impl Write) -> io::Result<()> {
        self.put(&self.partial, to)
    }

    /// Writes what has no line feed.
    pub(super) fn end(&mut self, to: &mut impl Write) -> io::Result<()> {
        self.show(to)?;
        self.partial.clear();
        Ok(())
    }

    fn put(&self, line: &[u8], to: &mut impl Write) -> io::Result<()> {
        to.write_all(&safe_line(line, self.colour))
    }
}

/// Where to cut at or before `at` without cutting a character.
fn boundary(bytes: &[u8], at: usize) -> usize {
    (at.saturating_sub(3)..=at)
        .rev()
        .find(|cut| bytes.get(*cut).is_none_or(|byte| byte & 0xc0 != 0x80))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cut_never_splits_a_character() {
        let text = "aé日😀".as_bytes();
        for at in 0..=text.len() {
            assert!(
                std::str::from_utf8(&text[..boundary(text, at)]).is_ok(),
                "{at}"
            );
        }
        assert_eq!(boundary(&[0x80; 10], 8), 8);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "[a-z\n\x1bé]{0,200}", size in 1_usize..20) {
            let mut whole = Vec::new();
            for line in text.split_inclusive('\n') {
                whole.extend(safe_line(line.trim_end_matches('\n').as_bytes(), false));
                whole.extend(line.ends_with('\n').then_some(b'\n'));
            }
            let mut pieces = Vec::new();
            let mut lines = SafeLines::new(false);
            for piece in text.as_bytes().chunks(size) {
                lines.feed(piece, &mut pieces).unwrap();
            }
            lines.end(&mut pieces).unwrap();
            prop_assert_eq!(pieces, whole);
        }
    }
}
