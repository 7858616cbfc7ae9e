//! An agent's text as lines: `CommonMark` with tables, as pulldown-cmark reads it.

use std::mem;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use ratatui::style::{Modifier, Style};

use super::colours::Word;
use super::lay::Ink;
use super::lines::{Break, Lines};
use super::table::Table;

/// Lays a text out.
pub(super) fn push(lines: &mut Lines, text: &str, ink: &Ink) {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut page = Page {
        lines,
        ink,
        styles: vec![ink.theme.plain],
        lists: Vec::new(),
        marked: Vec::new(),
        text,
        code: None,
        table: None,
        link: None,
        parted: false,
    };
    for (event, bytes) in Parser::new_ext(text, options).into_offset_iter() {
        page.event(event, &bytes);
    }
}

/// A text being laid out.
struct Page<'a> {
    lines: &'a mut Lines,
    ink: &'a Ink<'a>,
    styles: Vec<Style>,
    /// The number of the next item, of lists that count, innermost last.
    lists: Vec<Option<u64>>,
    /// Whether an open item has its mark on the lines.
    marked: Vec<bool>,
    /// All of it.
    text: &'a str,
    /// A block of code: its language, and what there is of it.
    code: Option<(String, String)>,
    table: Option<Table>,
    /// Where a link leads, and what it reads.
    link: Option<(String, String)>,
    /// Whether what comes next stands apart from what came.
    parted: bool,
}

impl Page<'_> {
    fn style(&self) -> Style {
        self.styles.last().copied().unwrap_or_default()
    }

    fn with(&mut self, modifier: Modifier) {
        self.styles.push(self.style().add_modifier(modifier));
    }

    fn unstyle(&mut self) {
        if self.styles.len() > 1 {
            self.styles.pop();
        }
    }

    /// A block begins.
    fn part(&mut self) {
        if mem::take(&mut self.parted) {
            self.lines.blank();
        } else {
            self.lines.close();
        }
    }

    fn event(&mut self, event: Event, bytes: &Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag, bytes),
            Event::Code(code) => {
                let style = self.style().patch(self.ink.theme.code);
                self.put(&code, style);
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let style = self.ink.theme.dim;
                self.put(html.trim_end_matches('\n'), style);
            }
            Event::Text(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.text(&text);
            }
            Event::FootnoteReference(name) => self.text(&format!("[{name}]")),
            // who wrote lines meant them
            Event::SoftBreak | Event::HardBreak => {
                let style = self.style();
                self.put("\n", style);
            }
            Event::Rule => {
                self.part();
                let across = self.ink.theme.signs.across.to_string();
                let wide = usize::from(self.lines.room().min(24));
                self.lines.push(&across.repeat(wide), self.ink.theme.dim);
                self.lines.end();
                self.parted = true;
            }
            Event::TaskListMarker(done) => {
                let sign = if done { "[x] " } else { "[ ] " };
                self.lines.push(sign, self.ink.theme.dim);
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, code)) = &mut self.code {
            code.push_str(text);
            return;
        }
        if let Some((_, reads)) = &mut self.link {
            reads.push_str(text);
        }
        let style = self.style();
        self.put(text, style);
    }

    /// Where text goes: into a cell, else onto the lines.
    fn put(&mut self, text: &str, style: Style) {
        match &mut self.table {
            Some(table) => table.push(text, style),
            None => self.lines.push(text, style),
        }
    }

    fn start(&mut self, tag: Tag) {
        let theme = self.ink.theme;
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.part(),
            Tag::Heading { level, .. } => {
                self.part();
                let marks = "#".repeat(level as usize);
                self.lines.push(&format!("{marks} "), theme.dim);
                self.styles.push(theme.strong);
            }
            Tag::BlockQuote(_) => {
                self.part();
                self.lines.mark(format!("{} ", theme.signs.rule), theme.dim);
            }
            Tag::CodeBlock(kind) => {
                self.part();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => info
                        .split([' ', ',', '{'])
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::List(from) => {
                // one within an item stands close to it
                if self.lists.is_empty() {
                    self.part();
                }
                self.lines.close();
                self.parted = false;
                self.lists.push(from);
            }
            Tag::Item => {
                self.parted = false;
                let sign = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ if self.ink.unicode => "• ".into(),
                    _ => "* ".into(),
                };
                self.lines.close();
                self.lines.mark_once(sign, theme.dim);
                self.marked.push(true);
            }
            Tag::Table(_) => {
                self.part();
                self.table = Some(Table::default());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.row();
                }
                if matches!(tag, Tag::TableHead) {
                    self.styles.push(theme.strong);
                }
            }
            Tag::TableCell => {
                if let Some(table) = &mut self.table {
                    table.cell();
                }
            }
            Tag::Emphasis => self.with(Modifier::ITALIC),
            Tag::Strong => self.with(Modifier::BOLD),
            Tag::Strikethrough => self.with(Modifier::CROSSED_OUT),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.link = Some((dest_url.to_string(), String::new()));
                self.with(Modifier::UNDERLINED);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, bytes: &Range<usize>) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => {
                self.lines.close();
                self.parted = true;
            }
            TagEnd::Heading(_) => {
                self.unstyle();
                self.lines.close();
                self.parted = true;
            }
            TagEnd::BlockQuote(_) => {
                self.lines.unmark();
                self.parted = true;
            }
            TagEnd::CodeBlock => {
                if let Some((language, code)) = self.code.take() {
                    // one that is not closed may yet grow, and what grows is always new
                    let fence = self.text[bytes.clone()].trim_end();
                    let closed = fence.ends_with("```") || fence.ends_with("~~~");
                    let language = if closed { language.as_str() } else { "" };
                    self.code(language, code.trim_end_matches('\n'));
                }
                self.parted = true;
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.parted = true;
            }
            TagEnd::Item => {
                self.lines.close();
                if self.marked.pop().is_some() {
                    self.lines.unmark();
                }
                self.parted = false;
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    table.lay(self.lines, self.ink);
                }
                self.parted = true;
            }
            TagEnd::TableHead | TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.unstyle();
            }
            TagEnd::Link | TagEnd::Image => {
                self.unstyle();
                if let Some((to, reads)) = self.link.take()
                    && !to.is_empty()
                    && to != reads
                    && to.strip_prefix("mailto:") != Some(&reads)
                {
                    let style = self.ink.theme.dim;
                    self.put(&format!(" ({to})"), style);
                }
            }
            _ => {}
        }
    }

    /// A block of code, in the colours of its language where those are known.
    fn code(&mut self, language: &str, code: &str) {
        let breaks = mem::replace(&mut self.lines.breaks, Break::Anywhere);
        self.lines.mark("  ", Style::default());
        let asked = self.ink.colours.filter(|_| !language.is_empty());
        let words = asked.and_then(|colours| colours.look(language, code));
        self.lines.waits |= asked.is_some() && words.is_none();
        let words = words.as_deref().map_or(&[][..], Vec::as_slice);
        for (at, line) in code.split('\n').enumerate() {
            self.code_line(line, words.get(at).map_or(&[], Vec::as_slice));
            self.lines.end();
        }
        self.lines.unmark();
        self.lines.breaks = breaks;
    }

    fn code_line(&mut self, line: &str, words: &[(Range<usize>, Word)]) {
        let theme = self.ink.theme;
        let mut from = 0;
        for (bytes, word) in words {
            let style = match word {
                Word::Keyword => theme.keyword,
                Word::Text => theme.quoted,
                Word::Comment => theme.comment,
                Word::Value => theme.value,
                Word::Name => theme.name,
            };
            // what is known is known of these very bytes
            if let (Some(plain), Some(word)) =
                (line.get(from..bytes.start), line.get(bytes.clone()))
            {
                self.lines.push(plain, theme.code);
                self.lines.push(word, theme.code.patch(style));
                from = bytes.end;
            }
        }
        self.lines
            .push(line.get(from..).unwrap_or_default(), theme.code);
    }
}
