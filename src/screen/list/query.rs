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

    fn all(&self) -> impl Iterator<Item = &Utf32String> {
        self.labels
            .iter()
            .chain([&self.name, &self.command, &self.dir])
    }
}

/// One word of a filter.
#[derive(Debug)]
enum Term {
    /// `#12`: this task alone.
    Number(TaskId),
    /// `state:failed`: in such a state, or with such an outcome.
    State(String),
    /// `lane:sonnet`: that counts against a lane called so, or whose name begins so.
    Lane(String),
    /// `priority:high`: of such a priority.
    Priority(String),
    /// `dir:api`: where the directory contains it.
    Dir(Atom),
    /// `label:ci`, `#ci`: with this label.
    Label(String),
    /// Anything else: found in any text, letters may be left out.
    Word(String, Atom),
}

/// What a filter makes of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It lets it through.
    Lets,
    /// It does not, but one that goes on from it may: letters too far apart for themselves
    /// can be the beginning of a word.
    Near,
    /// Neither does it, nor any that goes on from it.
    Far,
}

impl Term {
    /// Whether what it asks is what the other does, or the same and more.
    fn goes_on(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(id), Self::Number(was)) => id == was,
            (Self::Label(label), Self::Label(was)) => label == was,
            (Self::State(word), Self::State(was))
            | (Self::Lane(word), Self::Lane(was))
            | (Self::Priority(word), Self::Priority(was)) => word.starts_with(was.as_str()),
            (Self::Dir(atom), Self::Dir(was)) => is_beginning(was, atom),
            (Self::Word(word, atom), Self::Word(was, before)) => {
                word.starts_with(was.as_str()) && is_beginning(before, atom)
            }
            _ => false,
        }
    }

    fn judge(&self, task: &Task, texts: &Texts, matcher: &mut Matcher) -> Verdict {
        let lets = match self {
            Self::Number(id) => task.id == *id,
            Self::State(word) => stands(task, word),
            Self::Lane(word) => {
                let lane = task.spec.lane.as_ref();
                lane.is_some_and(|lane| lane.to_lowercase().starts_with(word))
            }
            Self::Priority(word) => task.priority.word().starts_with(word.as_str()),
            Self::Dir(atom) => atom.score(texts.dir.slice(..), matcher).is_some(),
            Self::Label(label) => task.spec.labels.contains(label),
            Self::Word(word, atom) => {
                if has_number(task, word) || stands(task, word) {
                    return Verdict::Lets;
                }
                let mut verdict = Verdict::Far;
                for text in texts.all() {
                    let score = atom.score(text.slice(..), matcher);
                    if meant(atom, score) {
                        return Verdict::Lets;
                    }
                    if score.is_some() {
                        verdict = Verdict::Near;
                    }
                }
                return verdict;
            }
        };
        if lets { Verdict::Lets } else { Verdict::Far }
    }
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

    /// Whether whatever it lets through the other one did, or was near it at least: each
    /// word of that is in it still, and only goes on.
    pub(super) fn narrows(&self, other: &Self) -> bool {
        let pairs = || self.0.iter().zip(&other.0);
        self.0.len() >= other.0.len() && pairs().all(|(term, was)| term.goes_on(was))
    }

    /// What it makes of a task.
    pub(super) fn judge(&self, task: &Task, texts: &Texts, matcher: &mut Matcher) -> Verdict {
        let mut verdict = Verdict::Lets;
        for term in &self.0 {
            match term.judge(task, texts, matcher) {
                Verdict::Far => return Verdict::Far,
                Verdict::Near => verdict = Verdict::Near,
                Verdict::Lets => {}
            }
        }
        verdict
    }

    /// What of a task its row does not show, and one of the words was found in: from
    /// there on, `more` for what stands before.
    pub(super) fn elsewhere(
        &self,
        task: &Task,
        texts: &Texts,
        more: char,
        matcher: &mut Matcher,
    ) -> Option<String> {
        let mut found_in = |text: &Utf32String, atom: &Atom| {
            let mut found = Vec::new();
            let score = atom.indices(text.slice(..), matcher, &mut found);
            let first = found.iter().min().filter(|_| meant(atom, score))?;
            // the sign takes a cell too
            Some(match *first {
                0 | 1 => text.to_string(),
                first => format!("{more}{}", text.slice_u32(first..)),
            })
        };
        self.0.iter().find_map(|term| match term {
            Term::Number(_)
            | Term::State(_)
            | Term::Lane(_)
            | Term::Priority(_)
            | Term::Label(_) => None,
            Term::Dir(atom) => found_in(&texts.dir, atom),
            Term::Word(word, _) if has_number(task, word) || stands(task, word) => None,
            Term::Word(_, atom) if found_in(&texts.name, atom).is_some() => None,
            Term::Word(_, atom) => {
                let mut labels = texts.labels.iter();
                let label = labels.find(|label| found_in(label, atom).is_some());
                label
                    .map(|label| format!("#{label}"))
                    .or_else(|| found_in(&texts.command, atom))
                    .or_else(|| found_in(&texts.dir, atom))
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
            Term::State(_) | Term::Lane(_) | Term::Priority(_) | Term::Dir(_) | Term::Label(_) => {
                None
            }
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
        (None, Some(("state" | "lane" | "priority" | "dir" | "label", ""))) => return None,
        (None, None) if word == "#" => return None,
        (None, None) if word.starts_with('#') => Term::Label(word[1..].to_owned()),
        (None, Some(("state", word))) => Term::State(word.to_lowercase()),
        (None, Some(("lane", word))) => Term::Lane(word.to_lowercase()),
        (None, Some(("priority", word))) => Term::Priority(word.to_lowercase()),
        // the screen writes the home directory as ~
        (None, Some(("dir", path))) => {
            Term::Dir(atom(path.trim_start_matches('~'), AtomKind::Substring))
        }
        (None, Some(("label", label))) => Term::Label(label.to_owned()),
        (None, _) => Term::Word(word.to_lowercase(), atom(word, AtomKind::Fuzzy)),
    })
}

/// Whether a word is part of a task's number.
fn has_number(task: &Task, word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit()) && task.id.to_string().contains(word)
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

/// Whether the other's letters begin with those of the first.
fn is_beginning(first: &Atom, other: &Atom) -> bool {
    let mut letters = other.needle_text().chars();
    first
        .needle_text()
        .chars()
        .all(|c| letters.next() == Some(c))
}

/// Whether what was found stands close enough together.
fn meant(atom: &Atom, score: Option<u16>) -> bool {
    let letters = atom.needle_text().len() as u16;
    score.is_some_and(|score| score >= letters.saturating_mul(LETTER))
}
