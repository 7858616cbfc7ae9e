//! What of a configuration the screen alone can judge.

use super::keymap::Keymap;
use super::palette::Palette;
use crate::config::Config;

/// What is wrong with a configuration's keys and colours, a line each.
pub fn problems(config: &Config) -> Vec<String> {
    let (_, mut problems) = Keymap::new(&config.keys);
    let (_, colours) = Palette::new(&config.theme);
    problems.extend(colours);
    problems
}
