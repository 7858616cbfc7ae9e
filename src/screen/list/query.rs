//! What a filter asks of a task.

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Matcher, Utf32Str, Utf32String};

use crate::core::id::TaskId;
use crate::core::task::{Outcome, Task};
use crate::screen::text::clean;

/// The longest filter, in characters: the matcher counts scores in 16 bits.
const LONGEST: usize = 200;
/// Most characters of a text that are looked at.
const MOST: usize = 4_096;
/// What a letter found scores. Letters that stand together or begin a word score more,
/// gaps take away: a match that scores less for each of its letters is scattered over
/// the text, and nobody meant it.
const LETTER: u16 = 16;

/// The texts of a task that never change, as the matcher reads them.
#[derive(Debug)]
pub(super) struct Texts {
    name: Utf32String,
    command: Utf32String,
    dir: Utf32String,
    labels: Vec<Utf32String>,
}

impl Texts {
    /// Those of a task.
    pub(super) fn of(task: &Task) -> Self {
        let text = |text: &str| {
            let end = text
                .char_indices()
                .nth(MOST)
                .map_or(text.len(), |(at, _)| at);
            Utf32String::from(clean(&text[..end]))
        };
        Self {
            name: text(&task.spec.name),
            command: text(&task.spec.command_line()),
            dir: text(&task.spec.dir.lossy()),
            labels: task.spec.labels.iter().map(|label| text(label)).collect(),
        }
    }
}

/// One word of a filter.
#[derive(Debug)]
enum Term {
    /// `#12`: this task alone.
    Number(TaskId),
    /// `state:failed`: in such a state, or with such an outcome.
    State(String),
    /// `dir:api`: where the directory contains it.
    Dir(Atom),
    /// `label:ci`, `#ci`: with this label.
    Label(String),
    /// Anything else: found in any text, letters may be left out.
    Word(String, Atom),
}

/// A filter as it was meant: every word of it has to be met.
#[derive(Debug)]
pub(super) struct Query(Vec<Term>);

impl Query {
    /// Reads what was typed.
    pub(super) fn new(text: &str) -> Self {
        let end = text
            .char_indices()
            .nth(LONGEST)
            .map_or(text.len(), |(at, _)| at);
        Self(text[..end].split_whitespace().filter_map(term).collect())
    }

    /// Whether it asks nothing.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it lets a task through.
    pub(super) fn lets(&self, task: &Task, texts: &Texts, matcher: &mut Matcher) -> bool {
        self.0.iter().all(|term| match term {
            Term::Number(id) => task.id == *id,
            Term::State(word) => stands(task, word),
            Term::Dir(atom) => atom.score(texts.dir.slice(..), matcher).is_some(),
            Term::Label(label) => task.spec.labels.contains(label),
            Term::Word(word, atom) => {
                is_number(word) && task.id.to_string().contains(word.as_str())
                    || stands(task, word)
                    || texts
                        .labels
                        .iter()
                        .chain([&texts.name, &texts.command, &texts.dir])
                        .any(|text| meant(atom, atom.score(text.slice(..), matcher)))
            }
        })
    }

    /// Which graphemes of a text its words are found in.
    pub(super) fn marks(&self, text: &str, matcher: &mut Matcher) -> Vec<u32> {
        let mut buffer = Vec::new();
        let text = Utf32Str::new(text, &mut buffer);
        let mut marks = Vec::new();
        for term in &self.0 {
            if let Term::Word(_, atom) = term {
                let mut found = Vec::new();
                if meant(atom, atom.indices(text, matcher, &mut found)) {
                    marks.extend(found);
                }
            }
        }
        marks.sort_unstable();
        marks
    }

    /// Which digits of a task's number were asked for.
    pub(super) fn digits(&self, number: &str) -> Vec<u32> {
        let found = |term: &Term| match term {
            Term::Number(_) => Some((0, number.len())),
            Term::Word(word, _) => Some((number.find(word.as_str())?, word.len())),
            Term::State(_) | Term::Dir(_) | Term::Label(_) => None,
        };
        let found = self.0.iter().filter_map(found);
        found
            .flat_map(|(at, long)| at as u32..(at + long) as u32)
            .collect()
    }
}

fn term(word: &str) -> Option<Term> {
    let atom =
        |text: &str, kind| Atom::new(text, CaseMatching::Smart, Normalization::Smart, kind, false);
    let number = word
        .strip_prefix('#')
        .and_then(|digits| digits.parse().ok());
    Some(match (number, word.split_once(':')) {
        (Some(number), _) => Term::Number(TaskId(number)),
        // half typed, it asks nothing yet
        (None, Some(("state" | "dir" | "label", ""))) => return None,
        (None, None) if word == "#" => return None,
        (None, None) if word.starts_with('#') => Term::Label(word[1..].to_owned()),
        (None, Some(("state", word))) => Term::State(word.to_lowercase()),
        // the screen writes the home directory as ~
        (None, Some(("dir", path))) => {
            Term::Dir(atom(path.trim_start_matches('~'), AtomKind::Substring))
        }
        (None, Some(("label", label))) => Term::Label(label.to_owned()),
        (None, _) => Term::Word(word.to_lowercase(), atom(word, AtomKind::Fuzzy)),
    })
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a task's state, or its outcome, begins with a word.
fn stands(task: &Task, word: &str) -> bool {
    let state = task.state();
    let outcome = state.settled();
    state.word().starts_with(word)
        || outcome
            .as_ref()
            .is_some_and(|outcome: &Outcome| outcome.word().starts_with(word))
}

/// Whether what was found stands close enough together.
fn meant(atom: &Atom, score: Option<u16>) -> bool {
    let letters = atom.needle_text().len() as u16;
    score.is_some_and(|score| score >= letters.saturating_mul(LETTER))
}
