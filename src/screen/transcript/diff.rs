//! What an edit changes, line by line.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

/// A comparison of two texts may take so long; then it is coarser.
const PATIENCE: Duration = Duration::from_millis(20);

/// Unchanged lines shown around each change.
const AROUND: usize = 3;

/// What a line of a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It is there before and after.
    Same,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It tells where the next ones are.
    Place,
}

impl Sign {
    /// What stands before such a line.
    pub(super) const fn mark(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Added => '+',
            Self::Removed => '-',
            Self::Place => '@',
        }
    }
}

/// Lines of a change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Change {
    /// In the order in which they are read.
    pub(super) lines: Vec<(Sign, String)>,
    /// How many are new.
    pub(super) added: usize,
    /// How many are gone.
    pub(super) removed: usize,
}

impl Change {
    /// What becomes of a text that is replaced by another.
    pub(super) fn between(old: &str, new: &str) -> Self {
        let mut change = Self::default();
        change.add(old, new);
        change
    }

    /// The same for a further place.
    pub(super) fn add(&mut self, old: &str, new: &str) {
        let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
        for (at, group) in diff.grouped_ops(AROUND).iter().enumerate() {
            if at > 0 || !self.lines.is_empty() {
                self.push(Sign::Place, "");
            }
            for line in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let sign = match line.tag() {
                    ChangeTag::Equal => Sign::Same,
                    ChangeTag::Insert => Sign::Added,
                    ChangeTag::Delete => Sign::Removed,
                };
                self.push(sign, line.value());
            }
        }
    }

    /// A change that is told as a patch.
    pub(super) fn of_patch(patch: &str) -> Self {
        let mut change = Self::default();
        for line in patch.lines() {
            let (sign, text) = sign(line);
            change.push(sign, text);
        }
        change
    }

    fn push(&mut self, sign: Sign, text: &str) {
        self.added += usize::from(sign == Sign::Added);
        self.removed += usize::from(sign == Sign::Removed);
        let text = text.trim_end_matches(['\n', '\r']);
        self.lines.push((sign, text.to_owned()));
    }

    /// Bytes held.
    pub(super) fn len(&self) -> usize {
        self.lines.iter().map(|(_, text)| text.len() + 32).sum()
    }
}

/// What a line of a patch is, and what it says.
pub(super) fn sign(line: &str) -> (Sign, &str) {
    let places = ["@@", "+++ ", "--- ", "*** ", "diff ", "index "];
    if places.iter().any(|place| line.starts_with(place)) {
        return (Sign::Place, line);
    }
    match line.as_bytes().first() {
        Some(b'+') => (Sign::Added, &line[1..]),
        Some(b'-') => (Sign::Removed, &line[1..]),
        Some(b' ') => (Sign::Same, &line[1..]),
        _ => (Sign::Same, line),
    }
}

/// Whether a text reads as a patch: it tells the place of a change and then changes lines.
pub(super) fn is_patch(text: &str) -> bool {
    let mut lines = text.lines().take(200);
    lines.any(|line| line.starts_with("@@ ") && line[3..].contains("@@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(change: &Change) -> Vec<String> {
        let lines = change.lines.iter();
        lines
            .map(|(sign, text)| format!("{}{text}", sign.mark()))
            .collect()
    }

    #[test]
    fn a_change_shows_what_is_around_it() {
        let old = "a\nb\nc\nd\ne\nf\n";
        let change = Change::between(old, "a\nb\nc\nd\nE\nf\n");
        assert_eq!(shown(&change), [" b", " c", " d", "-e", "+E", " f"]);
        assert_eq!((change.added, change.removed), (1, 1));
        let created = Change::between("", "x\ny");
        assert_eq!(shown(&created), ["+x", "+y"]);
    }

    #[test]
    fn a_patch_is_told_by_its_places() {
        let patch = "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n";
        assert!(is_patch(patch));
        assert!(!is_patch("- a list\n- of things\n+ more"));
        let change = Change::of_patch(patch);
        assert_eq!((change.added, change.removed), (1, 1));
    }
}
