//! `top`, `up` and `down`: another place in the queue.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::core::id::Target;
use crate::core::wire::{Move, Request};

/// Put a queued task before all others.
#[derive(Debug, Clone, Args)]
pub struct Top {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
}

impl Ask for Top {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Request::Move(self.target, Move::Top).into())
    }
}

/// Put a queued task before the one that stands before it.
#[derive(Debug, Clone, Args)]
pub struct Up {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
}

impl Ask for Up {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Request::Move(self.target, Move::Up).into())
    }
}

/// Put a queued task after the one that stands after it.
#[derive(Debug, Clone, Args)]
pub struct Down {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
}

impl Ask for Down {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Request::Move(self.target, Move::Down).into())
    }
}
