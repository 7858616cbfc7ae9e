//! The engine against a simulated world.

mod life;
mod queue;
mod watch;
mod world;
