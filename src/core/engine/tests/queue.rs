//! The queue: limits, order, dependencies, times, leases, and the reasons that are told.

mod after;
mod disk;
mod kit;
mod leases;
mod limits;
mod order;
mod schedules;
mod times;
