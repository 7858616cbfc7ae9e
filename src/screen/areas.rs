//! Where things go on a screen of a given size.

use ratatui::layout::Rect;

/// Below this nothing sensible fits.
pub(super) const LEAST: (u16, u16) = (20, 5);
/// From this width on list and output stand side by side.
const WIDE: u16 = 60;
/// From this height on a narrow screen shows both, one above the other.
const TALL: u16 = 20;
/// From this height of the output's part on, its header has a line for the command.
const ROOMY: u16 = 9;

/// What decides about the division.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Rows of banner.
    pub(super) banner: u16,
    /// Rows of the list's title, which says what it is filtered by.
    pub(super) title: u16,
    /// Rows of the list, its title included; none where there is no task.
    pub(super) rows: usize,
    /// Whether the output stands alone.
    pub(super) zoom: bool,
    /// Whether the keys go to the output: it is shown where only one has room.
    pub(super) output: bool,
    /// Whether the header has a reason to tell.
    pub(super) reason: bool,
    /// Rows of the terms it has to tell, where there is room.
    pub(super) facts: u16,
}

/// Where things are; an area without room is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Areas {
    /// All of the screen.
    pub(super) whole: Rect,
    /// What concerns everything, above all else.
    pub(super) banner: Rect,
    /// All but the banner and the two lines at the bottom.
    pub(super) body: Rect,
    /// What the list is filtered by.
    pub(super) title: Rect,
    /// The task list.
    pub(super) list: Rect,
    /// Between list and output.
    pub(super) rule: Rect,
    /// Who the output is of.
    pub(super) header: Rect,
    /// The output.
    pub(super) output: Rect,
    /// Command bar, else messages and hints.
    pub(super) bar: Rect,
    /// The status line.
    pub(super) status: Rect,
}

impl Areas {
    /// The division of a screen.
    pub(super) fn of((cols, rows): (u16, u16), shape: Shape) -> Self {
        let whole = Rect::new(0, 0, cols, rows);
        if cols < LEAST.0 || rows < LEAST.1 {
            return Self {
                whole,
                ..Self::default()
            };
        }
        // something is left of everything else
        let banner = Rect {
            height: shape.banner.min(rows - 3),
            ..whole
        };
        let body = Rect {
            y: banner.height,
            height: rows - 2 - banner.height,
            ..whole
        };
        let mut areas = Self {
            whole,
            banner,
            body,
            bar: Rect::new(0, rows - 2, cols, 1),
            status: Rect::new(0, rows - 1, cols, 1),
            ..Self::default()
        };
        if shape.rows == 0 {
            return areas;
        }
        let right = areas.divide(shape);
        if areas.list.height > shape.title {
            areas.title = Rect {
                height: shape.title,
                ..areas.list
            };
            areas.list.y += shape.title;
            areas.list.height -= shape.title;
        }
        if !right.is_empty() {
            let roomy = if right.height >= ROOMY {
                1 + shape.facts
            } else {
                0
            };
            let lines = 1 + roomy + u16::from(shape.reason);
            let lines = lines.min(right.height.saturating_sub(1));
            areas.header = Rect {
                height: lines,
                ..right
            };
            areas.output = Rect {
                y: right.y + lines,
                height: right.height - lines,
                ..right
            };
        }
        areas
    }

    /// Gives the list its part; what is left is the output's.
    fn divide(&mut self, shape: Shape) -> Rect {
        let body = self.body;
        let (cols, rows) = (self.whole.width, self.whole.height);
        if shape.zoom {
            body
        } else if cols >= WIDE {
            let width = (26 + cols / 10).clamp(30, 56);
            self.list = Rect { width, ..body };
            self.rule = Rect {
                x: width,
                width: 1,
                ..body
            };
            Rect {
                x: width + 2,
                width: cols - width - 2,
                ..body
            }
        } else if rows >= TALL {
            let most = (body.height / 3).max(3);
            let height = u16::try_from(shape.rows).unwrap_or(most).clamp(1, most);
            self.list = Rect { height, ..body };
            self.rule = Rect {
                y: body.y + height,
                height: 1,
                ..body
            };
            Rect {
                y: body.y + height + 1,
                height: body.height - height - 1,
                ..body
            }
        } else if shape.output {
            body
        } else {
            self.list = body;
            Rect::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn areas_stay_on_the_screen_and_apart(
            cols in 0u16..300, rows in 0u16..120, listed in 0usize..100, title in 0u16..2,
            banner in 0u16..4, zoom: bool, output: bool, reason: bool,
            facts in 0u16..2,
        ) {
            let shape = Shape { banner, title, rows: listed, zoom, output, reason, facts };
            let areas = Areas::of((cols, rows), shape);
            let parts = [
                areas.banner, areas.title, areas.list, areas.rule, areas.header, areas.output, areas.bar,
                areas.status,
            ];
            for (at, part) in parts.iter().enumerate() {
                prop_assert_eq!(part.intersection(areas.whole), *part);
                for other in &parts[at + 1..] {
                    prop_assert!(!part.intersects(*other) || part.is_empty() || other.is_empty());
                }
            }
        }
    }
}
