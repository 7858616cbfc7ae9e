//! A completion under way in the command bar.

use super::widget::Field;
use crate::verb::{Candidate, Completion};

/// What could stand at the cursor, and what of it stands there now.
#[derive(Debug)]
pub(super) struct Completing {
    line: String,
    found: Completion,
    /// What all candidates begin with, where that is more than was typed.
    prefix: Option<String>,
    at: Option<usize>,
}

impl Completing {
    /// What was found for a line; `None` where nothing was.
    pub(super) fn new(line: String, found: Completion) -> Option<Self> {
        let (first, rest) = found.candidates.split_first()?;
        let mut prefix = first.text.as_str();
        for other in rest {
            let same = prefix
                .char_indices()
                .zip(other.text.chars())
                .find(|((_, a), b)| a != b)
                .map_or(prefix.len().min(other.text.len()), |((at, _), _)| at);
            prefix = &prefix[..same];
        }
        let typed = line.get(found.range.clone()).unwrap_or_default();
        let longer = prefix.len() > typed.len() && prefix.starts_with(typed);
        let single = rest.is_empty();
        let prefix = (longer && !single).then(|| prefix.to_owned());
        let at = prefix.is_none().then_some(0);
        Some(Self {
            line,
            found,
            prefix,
            at,
        })
    }

    /// Whether there is nothing to choose.
    pub(super) fn is_single(&self) -> bool {
        self.found.candidates.len() == 1
    }

    /// What there is to choose, and which is chosen.
    pub(super) fn candidates(&self) -> (&[Candidate], Option<usize>) {
        (&self.found.candidates, self.at)
    }

    /// To the next candidate, or the one before.
    pub(super) fn step(&mut self, forward: bool) {
        let count = self.found.candidates.len();
        self.at = Some(match self.at {
            None if forward => 0,
            None => count - 1,
            Some(at) if forward => (at + 1) % count,
            Some(at) => (at + count - 1) % count,
        });
    }

    /// Puts the chosen candidate, or what all have in common, into the line.
    pub(super) fn put(&self, field: &mut Field) {
        let (text, whole) = match (self.at.map(|at| &self.found.candidates[at]), &self.prefix) {
            (Some(candidate), _) => (candidate.text.as_str(), candidate.whole),
            (None, Some(prefix)) => (prefix.as_str(), false),
            (None, None) => return,
        };
        let range = &self.found.range;
        let (Some(before), Some(after)) =
            (self.line.get(..range.start), self.line.get(range.end..))
        else {
            return;
        };
        let space = if whole && !after.starts_with(' ') {
            " "
        } else {
            ""
        };
        let before = format!("{before}{text}{space}");
        let cursor = before.chars().count();
        field.set(&format!("{before}{after}"));
        field.jump(cursor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str, words: &[&str]) -> Option<Completing> {
        let start = line.rfind(' ').map_or(0, |at| at + 1);
        let candidates = words.iter().map(|word| Candidate {
            text: (*word).to_owned(),
            help: String::new(),
            whole: true,
        });
        let found = Completion {
            range: start..line.len(),
            candidates: candidates.collect(),
        };
        Completing::new(line.to_owned(), found)
    }

    #[test]
    fn what_all_share_comes_first_then_each_in_turn() {
        let mut field = Field::line("");
        let mut completing = found("x re", &["retry", "revoke", "resume"]).unwrap();
        completing.put(&mut field);
        assert_eq!(field.text(), "x retry ");
        completing.step(true);
        completing.put(&mut field);
        assert_eq!(field.text(), "x revoke ");
        let mut completing = found("r", &["retry", "revoke"]).unwrap();
        completing.put(&mut field);
        assert_eq!(field.text(), "re");
        completing.step(false);
        completing.put(&mut field);
        assert_eq!(field.text(), "revoke ");
    }

    #[test]
    fn nothing_is_no_completion() {
        assert!(found("zz", &[]).is_none());
    }
}
