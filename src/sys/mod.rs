//! What the kernel is asked: processes, sockets, the clock. Linux only: the proof
//! that a tree is dead rests on subreapers, pidfds and `/proc`.

pub mod clock;
pub mod fault;
pub mod memory;
pub mod proc;
pub mod sigset;
pub mod socket;
pub mod stdio;
