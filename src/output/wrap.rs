//! Clean text in rows of a width.

use std::ops::Range;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::display::Clean;

/// Where tabs go.
const TAB: u16 = 8;

/// A character of more bytes than this is a pile of marks; the rest of it is not shown.
const MAX_CLUSTER: usize = 64;

/// The byte ranges of `text` that fill rows of `cols` cells (at least 1); one empty
/// range for no text.
pub(crate) fn rows(text: &str, cols: u16) -> Vec<Range<usize>> {
    let cols = cols.max(1);
    if is_simple(text) {
        let step = usize::from(cols);
        return (0..text.len().max(1))
            .step_by(step)
            .map(|from| from..text.len().min(from + step))
            .collect();
    }
    let mut found = Vec::new();
    let (mut from, mut x) = (0, 0);
    for (at, cluster) in clusters(text) {
        let mut width = width(cluster, x, cols);
        if x + width > cols || (x == cols && cluster == "\t") {
            found.push(from..at);
            from = at;
            x = 0;
            width = self::width(cluster, 0, cols);
        }
        x += width;
    }
    found.push(from..text.len());
    found
}

/// Bytes and cells are one and the same.
fn is_simple(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
}

/// The characters of `text` as readers see them, and where they begin. ASCII that
/// ASCII follows is known to stand alone, which spares most text the tables.
fn clusters(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let length = match rest.as_bytes() {
            [] => return None,
            [byte] | [byte, 0..0x80, ..] if byte.is_ascii() => 1,
            _ => rest.graphemes(true).next()?.len(),
        };
        at += length;
        Some((at - length, &rest[..length]))
    })
}

/// Cells that a cluster takes at column `x`.
fn width(cluster: &str, x: u16, cols: u16) -> u16 {
    if let [0x20..=0x7e] = cluster.as_bytes() {
        return 1;
    }
    if cluster == "\t" {
        return (TAB - x % TAB).min(cols.saturating_sub(x));
    }
    let width = bounded(cluster).width() as u16;
    if width > cols { 1 } else { width }
}

fn bounded(cluster: &str) -> &str {
    if cluster.len() <= MAX_CLUSTER {
        return cluster;
    }
    let mut end = MAX_CLUSTER;
    while !cluster.is_char_boundary(end) {
        end -= 1;
    }
    &cluster[..end]
}

/// One row, ready to draw, and the columns in it of those byte ranges of the text
/// that `matches` names (ascending, disjoint).
pub(crate) fn draw(
    clean: &Clean,
    row: Range<usize>,
    cols: u16,
    matches: &[Range<usize>],
) -> (Line<'static>, Vec<Range<u16>>) {
    let text = &clean.text[row.clone()];
    let first = clean.styles.partition_point(|(from, _)| *from <= row.start);
    let mut styles = clean.styles[first.saturating_sub(1)..].iter().peekable();
    let mut columns = Columns::new(&row, matches);
    let mut spans = Vec::new();
    if is_simple(text) && columns.is_empty() {
        let mut from = row.start;
        while from < row.end {
            let style = styles
                .next()
                .map_or_else(Style::default, |(_, style)| *style);
            let to = styles.peek().map_or(row.end, |(to, _)| row.end.min(*to));
            spans.push(Span::styled(clean.text[from..to].to_owned(), style));
            from = to;
        }
        return (Line::from(spans), Vec::new());
    }
    let mut x = 0;
    let mut style = Style::default();
    let mut content = String::new();
    for (at, cluster) in clusters(text) {
        // a character has the style that it begins with, wherever a sequence tore it
        while let Some((_, next)) = styles.next_if(|(from, _)| *from <= row.start + at) {
            if *next != style && !content.is_empty() {
                spans.push(Span::styled(std::mem::take(&mut content), style));
            }
            style = *next;
        }
        let width = width(cluster, x, cols);
        columns.cluster(row.start + at, x);
        push(&mut content, cluster, width);
        x += width;
    }
    if !content.is_empty() {
        spans.push(Span::styled(content, style));
    }
    (Line::from(spans), columns.finish(row.end, x))
}

fn push(out: &mut String, cluster: &str, width: u16) {
    let shown = bounded(cluster);
    if cluster == "\t" {
        out.extend(std::iter::repeat_n(' ', usize::from(width)));
    } else if width > 0 {
        if shown.len() == 1 || shown.width() == usize::from(width) {
            out.push_str(shown);
        } else {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// Turns byte ranges into columns while a row is drawn.
struct Columns<'a> {
    rest: &'a [Range<usize>],
    open: Option<u16>,
    found: Vec<Range<u16>>,
}

impl<'a> Columns<'a> {
    fn new(row: &Range<usize>, matches: &'a [Range<usize>]) -> Self {
        let from = matches.partition_point(|m| m.end <= row.start);
        let to = matches.partition_point(|m| m.start < row.end);
        Self {
            rest: &matches[from..to.max(from)],
            open: None,
            found: Vec::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// A cluster begins at this byte and column.
    fn cluster(&mut self, at: usize, x: u16) {
        while let Some(next) = self.rest.first() {
            if self.open.is_none() && at >= next.start {
                self.open = Some(x);
            }
            if at < next.end {
                return;
            }
            if let Some(from) = self.open.take().filter(|from| *from < x) {
                self.found.push(from..x);
            }
            self.rest = &self.rest[1..];
        }
    }

    /// The row ends; a match may go on in the next.
    fn finish(mut self, end: usize, x: u16) -> Vec<Range<u16>> {
        self.cluster(end, x);
        if let Some(from) = self.open.filter(|from| *from < x) {
            self.found.push(from..x);
        }
        self.found
    }
}
