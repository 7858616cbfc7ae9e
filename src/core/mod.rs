//! The pure centre: words of the product as types, and the engine that decides.
//!
//! Nothing here reads a clock, touches a file or awaits. Times come in as
//! [`Now`](time::Now), decisions go out as [`Effect`](effect::Effect)s.

pub mod agent;
pub mod ask;
pub mod attention;
pub mod effect;
pub mod engine;
pub mod event;
pub mod exact;
pub mod filter;
pub mod first;
pub mod hook;
pub mod id;
pub mod input;
pub mod limit;
pub mod log;
mod mix;
pub mod outcome;
pub mod place;
pub mod plan;
pub mod raw;
pub mod record;
pub mod report;
pub mod shim;
pub mod task;
pub mod time;
pub mod version;
pub mod waiting;
pub mod wire;
