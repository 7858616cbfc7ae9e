//! A table of an agent's text.

use ratatui::style::Style;

use super::lay::Ink;
use super::lines::{Break, Lines, broken};
use crate::output::display::shown;
use crate::screen::text::width;

/// Least cells of a column.
const LEAST: usize = 4;

/// Most rows laid out as a table.
const ROWS: usize = 500;

/// A cell: its text, and how it looks as a whole.
#[derive(Debug, Default)]
struct Cell {
    text: String,
    style: Style,
}

/// A table being read.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A row begins; the first is the head.
    pub(super) fn row(&mut self) {
        self.rows.push(Vec::new());
    }

    /// A cell begins.
    pub(super) fn cell(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.push(Cell::default());
        }
    }

    /// Text of the cell.
    pub(super) fn push(&mut self, text: &str, style: Style) {
        if let Some(cell) = self.rows.last_mut().and_then(|row| row.last_mut()) {
            if cell.text.is_empty() {
                cell.style = style;
            }
            let line = text
                .chars()
                .map(|c| if c == '\n' || c == '\t' { ' ' } else { c });
            cell.text.extend(line.filter_map(shown));
        }
    }

    /// Lays it out; as plain lines where its columns have no room side by side.
    pub(super) fn lay(self, lines: &mut Lines, ink: &Ink) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let room = usize::from(lines.room());
        let between = 3 * columns.saturating_sub(1);
        if columns * LEAST + between > room || self.rows.len() > ROWS {
            return self.as_lines(lines, ink);
        }
        let widths = self.widths(columns, room - between);
        let breaks = std::mem::replace(&mut lines.breaks, Break::Cut);
        let rule = format!(" {} ", ink.theme.signs.rule);
        for (at, row) in self.rows.iter().enumerate() {
            let cells: Vec<Vec<String>> = widths
                .iter()
                .zip(row)
                .map(|(wide, cell)| broken(&cell.text, *wide as u16))
                .collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(1);
            for part in 0..height {
                for (column, wide) in widths.iter().enumerate() {
                    if column > 0 {
                        lines.push(&rule, ink.theme.dim);
                    }
                    let text = cells.get(column).and_then(|cell| cell.get(part));
                    let text = text.map_or("", String::as_str);
                    let style = row
                        .get(column)
                        .map_or_else(Style::default, |cell| cell.style);
                    lines.push(text, style);
                    if column + 1 < widths.len() {
                        lines.push(&" ".repeat(wide.saturating_sub(width(text))), ink.theme.dim);
                    }
                }
                lines.end();
            }
            if at == 0 {
                let across = ink.theme.signs.across.to_string();
                let all = widths.iter().sum::<usize>() + between;
                lines.push(&across.repeat(all), ink.theme.dim);
                lines.end();
            }
        }
        lines.breaks = breaks;
    }

    fn as_lines(&self, lines: &mut Lines, ink: &Ink) {
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    lines.push(&format!(" {} ", ink.theme.signs.rule), ink.theme.dim);
                }
                lines.push(&cell.text, cell.style);
            }
            lines.end();
        }
    }

    /// The widths of the columns: what they want, and less for the widest where there is no
    /// room for that.
    fn widths(&self, columns: usize, room: usize) -> Vec<usize> {
        let wanted = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| width(&cell.text)).max();
            widest.unwrap_or(0).max(1)
        };
        let mut widths: Vec<usize> = (0..columns).map(wanted).collect();
        let mut over = widths.iter().sum::<usize>().saturating_sub(room);
        while over > 0 {
            let Some(widest) = widths.iter().copied().max().filter(|wide| *wide > LEAST) else {
                break;
            };
            // down to the next widest at once
            let next = widths.iter().copied().filter(|wide| *wide < widest).max();
            let level = next.unwrap_or(LEAST).max(LEAST);
            let same = widths.iter().filter(|wide| **wide == widest).count();
            let step = (widest - level).min(over.div_ceil(same)).max(1);
            for wide in widths.iter_mut().filter(|wide| **wide == widest) {
                let less = step.min(over);
                *wide -= less;
                over -= less;
            }
        }
        widths
    }
}
