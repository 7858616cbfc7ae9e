//! What the words of code are, by its language: for the colours that it is shown in.
//!
//! To find that out takes longer than a frame may: what is shown asks for it, a thread
//! answers, and what is known is looked up while rows are laid out.

use std::collections::VecDeque;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Range;
use std::panic::catch_unwind;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

/// Longer lines, in bytes, are left plain, and all that follows: how a language reads them
/// takes long.
const LONGEST_LINE: usize = 2048;

/// So many blocks of code are known at once; those asked for last.
const KNOWN: usize = 128;

/// So many are asked for at once; those before them are asked for again when they are shown.
const WAITING: usize = 32;

/// What a word of code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// What the language itself has: `fn`, `return`, `static`.
    Keyword,
    /// Text in quotes.
    Text,
    /// For people.
    Comment,
    /// A number, or another value that has a name in the language.
    Value,
    /// What a thing is called where it is made: a function, a type, a tag.
    Name,
}

/// A block of code whose words are known: for each line those that are not plain, by their
/// bytes in it, in their order.
pub type Words = Vec<Vec<(Range<usize>, Word)>>;

/// A block of code whose words are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    key: Key,
    language: String,
    code: String,
}

/// Stands for language and code.
type Key = (u64, usize);

fn key(language: &str, code: &str) -> Key {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    (hasher.hash_one((language, code)), code.len())
}

/// What is known of code, and what is wanted, for all screens.
#[derive(Debug, Default)]
pub struct Colours {
    held: Mutex<Held>,
    /// Counts what became known.
    learnt: AtomicU64,
}

#[derive(Debug, Default)]
struct Held {
    /// Those that were looked at last come last.
    known: VecDeque<(Key, Arc<Words>)>,
    wanted: VecDeque<Wanted>,
    /// What is being found out.
    under_way: Option<Key>,
}

impl Colours {
    /// It is whole between any two statements.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The words of a block of code, where they are known by now; else they are wanted.
    pub(super) fn look(&self, language: &str, code: &str) -> Option<Arc<Words>> {
        let key = key(language, code);
        let mut held = self.held();
        if let Some(at) = held.known.iter().position(|(known, _)| *known == key) {
            let found = held.known.remove(at)?;
            let words = Arc::clone(&found.1);
            held.known.push_back(found);
            return Some(words);
        }
        let asked = held.under_way == Some(key);
        if !asked && !held.wanted.iter().any(|wanted| wanted.key == key) {
            if held.wanted.len() == WAITING {
                held.wanted.pop_front();
            }
            held.wanted.push_back(Wanted {
                key,
                language: language.to_owned(),
                code: code.to_owned(),
            });
        }
        None
    }

    /// Changes with everything that becomes known.
    pub(super) fn learnt(&self) -> u64 {
        self.learnt.load(Ordering::Acquire)
    }

    /// Whether anything is wanted.
    pub fn is_asked(&self) -> bool {
        !self.held().wanted.is_empty()
    }

    /// What is to be found out next, by [`Colours::learn`]: what was asked for last is what
    /// is in view. One thread alone asks this.
    pub fn next(&self) -> Option<Wanted> {
        let mut held = self.held();
        let next = held.wanted.pop_back();
        held.under_way = next.as_ref().map(|wanted| wanted.key);
        next
    }

    /// Finds out what the words of a block are, which takes milliseconds, and at the first
    /// time some tens of them: not for the loop.
    pub fn learn(&self, wanted: &Wanted) {
        let found = catch_unwind(|| words(&wanted.language, &wanted.code));
        // what a pattern gives up on stays plain: its library tells that by a panic
        let words = Arc::new(found.unwrap_or_default());
        let mut held = self.held();
        if held.known.len() == KNOWN {
            held.known.pop_front();
        }
        held.known.push_back((wanted.key, words));
        held.under_way = None;
        drop(held);
        self.learnt.fetch_add(1, Ordering::Release);
    }
}

/// All languages, read when the first block of code is shown.
static LANGUAGES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

fn language(name: &str) -> Option<&'static SyntaxReference> {
    let plain = ["", "text", "txt", "plain", "plaintext", "output", "console"];
    let name = name.trim().trim_start_matches('.');
    if plain.contains(&name.to_lowercase().as_str()) {
        return None;
    }
    LANGUAGES.find_syntax_by_token(name)
}

fn words(name: &str, code: &str) -> Words {
    let Some(syntax) = language(name) else {
        return Words::new();
    };
    let (mut state, mut stack) = (ParseState::new(syntax), ScopeStack::new());
    let mut all = Words::new();
    for line in code.split('\n') {
        if line.len() > LONGEST_LINE {
            break;
        }
        // the languages are written for lines with their ends
        let ended = format!("{line}\n");
        let Ok(changes) = state.parse_line(&ended, &LANGUAGES) else {
            break;
        };
        let mut found: Vec<(Range<usize>, Word)> = Vec::new();
        let mut from = 0;
        for (at, change) in changes {
            note(&mut found, from..at.min(line.len()), &stack);
            from = at;
            if stack.apply(&change).is_err() {
                return all;
            }
        }
        note(&mut found, from..line.len(), &stack);
        all.push(found);
    }
    all
}

/// Puts down what stands there, joined to what stands before it where that is the same.
fn note(found: &mut Vec<(Range<usize>, Word)>, bytes: Range<usize>, stack: &ScopeStack) {
    let Some(word) = word(stack).filter(|_| bytes.start < bytes.end) else {
        return;
    };
    match found.last_mut() {
        Some((last, same)) if *same == word && last.end == bytes.start => last.end = bytes.end,
        _ => found.push((bytes, word)),
    }
}

/// What scopes mean, which are named as
/// <https://www.sublimetext.com/docs/scope_naming.html> says.
static MEANINGS: LazyLock<Vec<(Scope, Word)>> = LazyLock::new(|| {
    let meanings = [
        ("comment", Word::Comment),
        ("string", Word::Text),
        ("constant.character", Word::Text),
        ("constant", Word::Value),
        ("keyword.operator", Word::Name),
        ("keyword", Word::Keyword),
        ("storage", Word::Keyword),
        ("variable.language", Word::Keyword),
        ("entity.name", Word::Name),
        ("support", Word::Name),
    ];
    let scopes = meanings.into_iter().filter_map(|(name, word)| {
        let scope = Scope::from_str(name).ok()?;
        Some((scope, word))
    });
    scopes.collect()
});

/// What stands under these scopes: comments and texts are so to their ends, else the
/// innermost that means anything tells.
fn word(stack: &ScopeStack) -> Option<Word> {
    let meaning = |scope: &Scope| {
        let meant = MEANINGS.iter().find(|(part, _)| part.is_prefix_of(*scope));
        meant.map(|(_, word)| *word)
    };
    let scopes = stack.as_slice();
    let whole = scopes
        .iter()
        .filter_map(meaning)
        .find(|word| *word == Word::Comment);
    whole.or_else(|| scopes.iter().rev().find_map(meaning))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(language: &str, code: &str) -> Vec<(String, Word)> {
        let lines = code.split('\n').zip(words(language, code));
        lines
            .flat_map(|(line, words)| {
                let own = line.to_owned();
                words
                    .into_iter()
                    .map(move |(bytes, word)| (own[bytes].to_owned(), word))
            })
            .collect()
    }

    #[test]
    fn words_are_told_apart_in_languages_by_any_of_their_names() {
        for name in ["rust", "rs", "Rust"] {
            let told = told(
                name,
                "// why\nfn main() {\n    let x = \"é\"; // 1\n    return 42\n}",
            );
            for (word, is) in [
                ("// why", Word::Comment),
                ("fn", Word::Keyword),
                ("main", Word::Name),
                ("\"é\"", Word::Text),
                ("// 1", Word::Comment),
                ("42", Word::Value),
            ] {
                assert!(
                    told.contains(&(word.to_owned(), is)),
                    "{name} {word}: {told:?}"
                );
            }
        }
        for (name, code, word, is) in [
            (
                "python",
                "def f():\n    '''of\n    it'''",
                "    it'''",
                Word::Comment,
            ),
            ("ts", "const a: number = 1", "const", Word::Keyword),
            ("toml", "a = \"b\"", "\"b\"", Word::Text),
            ("bash", "if true; then echo; fi", "if", Word::Keyword),
            ("json", "{\"a\": 1}", "1", Word::Value),
            ("sh", "# a", "# a", Word::Comment),
        ] {
            let told = told(name, code);
            assert!(told.contains(&(word.to_owned(), is)), "{name}: {told:?}");
        }
        for name in ["", "text", "no-such-language"] {
            assert_eq!(told(name, "fn main() {}"), []);
        }
    }

    #[test]
    fn what_is_too_long_stays_plain_from_there() {
        let code = format!("fn a() {{}}\n// {}\nfn b() {{}}", "x".repeat(LONGEST_LINE));
        assert_eq!(words("rust", &code).len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever it is: words in their order, and whole characters of their lines.
        #[test]
        fn words_of_anything_are_parts_of_their_lines(
            language in prop::sample::select(vec!["rust", "py", "ts", "c", "html", "md", "sh"]),
            code in r#"(\PC|[\n"'`/*#<>{}()\\-]|fn |def |<script>|日){0,200}"#,
        ) {
            let found = words(language, &code);
            prop_assert!(found.len() <= code.split('\n').count());
            for (line, words) in code.split('\n').zip(found) {
                let mut from = 0;
                for (bytes, _) in words {
                    prop_assert!(bytes.start >= from && line.get(bytes.clone()).is_some_and(|it| !it.is_empty()));
                    from = bytes.end;
                }
            }
        }
    }

    #[test]
    fn what_is_shown_is_wanted_once_and_then_known_within_bounds() {
        let colours = Colours::default();
        assert_eq!((colours.look("rust", "fn"), colours.learnt()), (None, 0));
        assert_eq!(colours.look("rust", "fn"), None);
        assert!(colours.is_asked());
        let wanted = colours.next().unwrap();
        assert_eq!(colours.look("rust", "fn"), None, "it is under way");
        assert!(!colours.is_asked());
        colours.learn(&wanted);
        assert!(!colours.is_asked() && colours.learnt() == 1);
        let words = colours.look("rust", "fn").unwrap();
        assert_eq!(*words, [vec![(0..2, Word::Keyword)]]);
        for at in 0..2 * KNOWN {
            colours.look("text", &at.to_string());
            assert!(colours.held().wanted.len() <= WAITING);
            if at % 3 == 0 {
                while let Some(one) = colours.next() {
                    colours.learn(&one);
                }
            }
            assert!(colours.held().known.len() <= KNOWN);
        }
        assert_eq!(colours.look("rust", "fn"), None, "it was long ago");
    }
}
