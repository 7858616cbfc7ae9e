//! What is searched for: in a line, and in many at once.

use std::ops::Range;

use memchr::memchr3;
use regex::bytes::{Regex, RegexBuilder};

use super::display::searchable;
use super::lines::{Slice, end_of, start_of};

/// As large as a compiled pattern may grow, in bytes.
const MAX_COMPILED: usize = 4 << 20;

/// A compiled search pattern. Smart case: without a capital letter it matches either.
/// Only matches of at least one character count.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// Whether a match in many lines could differ from one in a line alone.
    line_by_line: bool,
}

impl Pattern {
    /// Compiles a regular expression; the error is one line for people.
    pub fn new(text: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(text)
            .case_insensitive(!has_capital(text))
            .multi_line(true)
            .size_limit(MAX_COMPILED)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => {
                    "the pattern is too large: repeat less in it".to_owned()
                }
                error => {
                    let error = error.to_string();
                    let last = error.lines().last().unwrap_or_default();
                    let why = last.strip_prefix("error: ").unwrap_or(last);
                    format!("no valid pattern: {why}")
                }
            })?;
        Ok(Self {
            regex,
            line_by_line: text.contains("\\A") || text.contains("\\z"),
        })
    }

    /// Byte ranges of `text` that match, ascending, disjoint, none empty.
    pub fn matches(&self, text: &str) -> Vec<Range<usize>> {
        let found = self.regex.find_iter(text.as_bytes());
        found.map(|m| m.range()).filter(|r| !r.is_empty()).collect()
    }

    fn is_in(&self, line: &[u8]) -> bool {
        let line = searchable(line);
        self.regex.find_iter(&line).any(|found| !found.is_empty())
    }

    /// Adds the lines in `range` (from a line's start to a line's end) that match to
    /// `hits`, at most `room`; whether there were more.
    pub(super) fn lines(
        &self,
        bytes: &Slice<'_>,
        range: Range<u64>,
        room: usize,
        hits: &mut Vec<u64>,
    ) -> bool {
        let most = hits.len() + room;
        let text = &bytes.bytes[(range.start - bytes.offset) as usize..];
        let text = &text[..(range.end - range.start) as usize];
        // what is not cleaned before it is matched can be matched all at once
        let at_once = !self.line_by_line && memchr3(0x1b, b'\r', 0x8, text).is_none();
        let mut at = range.start;
        while at < range.end {
            let (mut line, mut sure) = (at, false);
            if at_once {
                let Some(found) = self.regex.find_at(text, (at - range.start) as usize) else {
                    break;
                };
                let start = range.start + found.start() as u64;
                if start >= range.end {
                    break;
                }
                line = start_of(bytes, start).unwrap_or(at);
                let body = end_of(bytes, line).unwrap_or(range.end) - range.start;
                let feed = text.get(body as usize - 1) == Some(&b'\n');
                sure = !found.is_empty() && found.end() as u64 <= body - u64::from(feed);
            }
            let next = end_of(bytes, line).unwrap_or(range.end).min(range.end);
            let part = (line - range.start) as usize..(next - range.start) as usize;
            if sure || self.is_in(&text[part]) {
                if hits.len() == most {
                    return true;
                }
                hits.push(line);
            }
            at = next;
        }
        false
    }
}

/// Whether a capital letter is looked for; `\S` and its like are none.
fn has_capital(pattern: &str) -> bool {
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c.is_uppercase() {
            return true;
        }
    }
    false
}
