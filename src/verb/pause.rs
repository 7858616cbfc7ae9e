//! `pause` and `resume`: a task's processes, stopped for the time being.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::core::id::Target;
use crate::core::wire::Request;

/// Stop tasks' processes for the time being.
#[derive(Debug, Clone, Args)]
pub struct Pause {
    /// Numbers, names, or @ for the newest
    #[arg(value_name = "ID", required = true)]
    targets: Vec<Target>,
}

impl Ask for Pause {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Request::Pause(self.targets.into()).into())
    }
}

/// Let paused tasks go on.
#[derive(Debug, Clone, Args)]
pub struct Resume {
    /// Numbers, names, or @ for the newest
    #[arg(value_name = "ID", required = true)]
    targets: Vec<Target>,
}

impl Ask for Resume {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Request::Resume(self.targets.into()).into())
    }
}
