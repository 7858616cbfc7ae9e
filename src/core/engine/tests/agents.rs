//! Agents: heard out, spoken to, parked, stopped for what they use.

mod asked;
mod budgets;
mod heard;
mod kit;
mod limits;
mod schedules;
mod told;
