//! Parts that views share.

mod field;
mod panel;

pub(super) use field::Field;
pub(super) use panel::{panel, place};
