//! The engine against a simulated world.

mod agents;
mod life;
mod queue;
mod watch;
mod world;
