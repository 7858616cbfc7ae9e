//! Styles and signs by what they mean, for the colours that a terminal has.
//!
//! Colours come from the terminal's own palette, so that they stand on light and on
//! dark grounds. Every meaning has a sign or a word besides its colour.

use ratatui::style::{Color, Modifier, Style};

use super::look::{Depth, Look};

/// Styles by meaning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    /// Text.
    pub(super) plain: Style,
    /// Secondary text.
    pub(super) dim: Style,
    /// What the eye should find first.
    pub(super) strong: Style,
    /// It went well.
    pub(super) good: Style,
    /// It went badly.
    pub(super) bad: Style,
    /// It wants care.
    pub(super) warn: Style,
    /// It is at work.
    pub(super) busy: Style,
    /// It stands still by a person's word.
    pub(super) held: Style,
    /// It concerns everything.
    pub(super) alarm: Style,
    /// A key that can be pressed.
    pub(super) key: Style,
    /// The selected row where the keys go.
    pub(super) selected: Style,
    /// The selected row where the keys go elsewhere.
    pub(super) marked: Style,
    /// Letters that a filter found.
    pub(super) met: Style,
    /// Text that a search found.
    pub(super) found: Style,
    /// The find the search stands on, and text selected by the mouse.
    pub(super) current: Style,
    /// Signs.
    pub(super) signs: Signs,
}

/// Signs by meaning, a cell wide each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signs {
    /// A task that starts.
    pub(super) starting: char,
    /// A task that runs.
    pub(super) running: char,
    /// A paused task.
    pub(super) paused: char,
    /// A task being stopped.
    pub(super) stopping: char,
    /// A task whose leader has ended and left something.
    pub(super) lingering: char,
    /// Ended: well.
    pub(super) succeeded: char,
    /// Ended: with another code than 0.
    pub(super) failed: char,
    /// Ended: by a foreign signal.
    pub(super) killed: char,
    /// Ended: by a person.
    pub(super) revoked: char,
    /// Never started.
    pub(super) did_not_start: char,
    /// Nobody knows.
    pub(super) lost: char,
    /// The history, folded.
    pub(super) folded: char,
    /// The history, unfolded.
    pub(super) unfolded: char,
    /// Left edge of the selected row.
    pub(super) cursor: char,
    /// Between list and output.
    pub(super) rule: char,
    /// The same, across.
    pub(super) across: char,
    /// Text goes on past the edge.
    pub(super) more: char,
    /// Between facts on one line.
    pub(super) dot: char,
}

const UNICODE: Signs = Signs {
    starting: '◌',
    running: '●',
    paused: '‖',
    stopping: '▼',
    lingering: '◐',
    succeeded: '✓',
    failed: '✗',
    killed: '†',
    revoked: '■',
    did_not_start: '⊘',
    lost: '?',
    folded: '▸',
    unfolded: '▾',
    cursor: '▌',
    rule: '│',
    across: '─',
    more: '…',
    dot: '·',
};

const ASCII: Signs = Signs {
    starting: '.',
    running: '*',
    paused: '=',
    stopping: 'v',
    lingering: 'o',
    succeeded: '+',
    failed: 'x',
    killed: 'k',
    revoked: '#',
    did_not_start: '0',
    lost: '?',
    folded: '+',
    unfolded: '-',
    cursor: '>',
    rule: '|',
    across: '-',
    more: '~',
    dot: '-',
};

impl Theme {
    /// The theme for a look.
    pub(super) fn of(look: Look) -> Self {
        let fg = |color| Style::new().fg(color);
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let signs = if look.unicode { UNICODE } else { ASCII };
        if look.depth == Depth::None {
            let plain = Style::new();
            return Self {
                plain,
                dim: plain.add_modifier(Modifier::DIM),
                strong: bold,
                good: plain,
                bad: bold,
                warn: bold,
                busy: plain,
                held: plain,
                alarm: plain.add_modifier(Modifier::REVERSED),
                key: bold,
                selected: plain.add_modifier(Modifier::REVERSED),
                marked: plain.add_modifier(Modifier::UNDERLINED),
                met: bold.add_modifier(Modifier::UNDERLINED),
                found: plain.add_modifier(Modifier::UNDERLINED),
                current: plain.add_modifier(Modifier::REVERSED),
                signs,
            };
        }
        let (grey, ground, rest) = match look.depth {
            Depth::None | Depth::Ansi => (Color::DarkGray, Color::Blue, Color::DarkGray),
            // greys in the middle, to be read on light grounds too
            Depth::Indexed | Depth::True => {
                (Color::Indexed(244), Color::Indexed(25), Color::Indexed(240))
            }
        };
        Self {
            plain: Style::new(),
            dim: fg(grey),
            strong: bold,
            good: fg(Color::Green),
            bad: fg(Color::Red),
            warn: fg(Color::Yellow),
            busy: fg(Color::Cyan),
            held: fg(Color::Magenta),
            alarm: fg(Color::White).bg(Color::Red).add_modifier(Modifier::BOLD),
            key: fg(Color::Cyan),
            selected: fg(Color::White).bg(ground),
            marked: fg(Color::White).bg(rest),
            met: bold.add_modifier(Modifier::UNDERLINED),
            found: fg(Color::Black).bg(Color::Yellow),
            current: fg(Color::Black)
                .bg(Color::LightYellow)
                .add_modifier(Modifier::BOLD),
            signs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever sees no colours still sees every state apart.
    #[test]
    fn every_state_has_a_sign_of_its_own() {
        for signs in [UNICODE, ASCII] {
            let states = [
                signs.starting,
                signs.running,
                signs.paused,
                signs.stopping,
                signs.lingering,
                signs.succeeded,
                signs.failed,
                signs.killed,
                signs.revoked,
                signs.did_not_start,
                signs.lost,
            ];
            let distinct: std::collections::BTreeSet<char> = states.into_iter().collect();
            assert_eq!(distinct.len(), states.len());
        }
    }
}
