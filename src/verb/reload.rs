//! `reload`: the configuration anew.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::core::wire::Request;

/// Have the running supervisor read the configuration anew.
#[derive(Debug, Clone, Args)]
pub struct Reload {}

impl Ask for Reload {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Request::Reload.into())
    }
}
