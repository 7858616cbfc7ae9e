//! A text of which beginning and end are kept.

use bytesize::ByteSize;

/// Most bytes kept of a text's beginning.
const HEAD: usize = 48 << 10;

/// Most bytes kept of its end.
const TAIL: usize = 16 << 10;

/// A text, or of a longer one the beginning and the end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Kept {
    head: String,
    tail: String,
    /// Bytes between the two that are not kept.
    left_out: usize,
}

impl Kept {
    /// What is kept of a text.
    pub(super) fn new(text: &str) -> Self {
        let mut kept = Self::default();
        kept.push(text);
        kept
    }

    /// Adds to its end.
    pub(super) fn push(&mut self, mut text: &str) {
        if self.tail.is_empty() && self.left_out == 0 {
            let room = HEAD - self.head.len();
            let end = floor(text, room);
            self.head.push_str(&text[..end]);
            text = &text[end..];
        }
        if text.len() > TAIL {
            self.left_out += self.tail.len();
            self.tail.clear();
            let from = ceil(text, text.len() - TAIL);
            self.left_out += from;
            text = &text[from..];
        }
        self.tail.push_str(text);
        // now and then, and not for every piece
        if self.tail.len() > 2 * TAIL {
            let from = ceil(&self.tail, self.tail.len() - TAIL);
            self.tail.drain(..from);
            self.left_out += from;
        }
    }

    /// Bytes held.
    pub(super) const fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// All of it, where nothing is left out.
    pub(super) fn whole(&self) -> Option<String> {
        (self.left_out == 0).then(|| format!("{}{}", self.head, self.tail))
    }

    /// Its parts: a text each, and between them how much is left out.
    pub(super) fn parts(&self) -> (String, Option<(String, &str)>) {
        match self.left_out {
            0 => (format!("{}{}", self.head, self.tail), None),
            bytes => {
                let left_out = ByteSize(bytes as u64).display().iec().to_string();
                (self.head.clone(), Some((left_out, &self.tail)))
            }
        }
    }

    /// Its first line that says something.
    pub(super) fn first_line(&self) -> &str {
        let mut lines = self.head.lines().map(str::trim);
        lines.find(|line| !line.is_empty()).unwrap_or_default()
    }
}

/// The last place for a cut at or before `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rfind(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The first place for a cut at or after `at`.
fn ceil(text: &str, at: usize) -> usize {
    let mut places = at..text.len();
    places
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_a_long_text_beginning_and_end_are_kept() {
        let lines: Vec<String> = (0..40_000).map(|n: u32| n.to_string()).collect();
        let text = lines.join("\n");
        let mut kept = Kept::default();
        for piece in text.as_bytes().chunks(777) {
            kept.push(std::str::from_utf8(piece).unwrap());
        }
        let (head, rest) = kept.parts();
        let (_, tail) = rest.unwrap();
        assert!(text.starts_with(&head) && text.ends_with(tail));
        assert!(head.len() == HEAD && tail.len() >= TAIL && kept.len() <= HEAD + 2 * TAIL);
        assert_eq!(kept.left_out + kept.len(), text.len());
        assert_eq!(kept.whole(), None);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_uncounted(pieces in prop::collection::vec(("[aé日]{0,9}", 1_usize..9_000), 0..6)) {
            let mut kept = Kept::default();
            let mut all = 0;
            for (text, times) in pieces {
                let text = text.repeat(times);
                all += text.len();
                kept.push(&text);
            }
            prop_assert_eq!(kept.left_out + kept.len(), all);
            prop_assert!(kept.len() <= HEAD + 2 * TAIL);
        }
    }
}
