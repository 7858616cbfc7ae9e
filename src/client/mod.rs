//! Clients: the attach relay and command-line calls.
