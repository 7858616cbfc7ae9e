//! Becoming a shim: take what the supervisor gave, and the launch.

use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::ExitCode;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::host::Host;
use super::link::Link;
use super::tree;
use crate::core::shim::{Launch, Order};
use crate::sys::stdio;

/// The shim's entry: standard input is the line to the supervisor, standard output the
/// socket on which to listen for a later one.
pub fn main() -> ExitCode {
    let Ok((mut link, listener)) = take_over() else {
        return ExitCode::from(2);
    };
    // without a launch nothing was started: the supervisor died before it could say what
    let Some((launch, early)) = first_orders(&mut link) else {
        return ExitCode::FAILURE;
    };
    let Ok(mut host) = Host::new(link, listener, &launch) else {
        return ExitCode::FAILURE;
    };
    host.start(&launch);
    drop(launch);
    for order in early {
        host.obey(order);
    }
    host.serve();
    ExitCode::SUCCESS
}

/// Moves the two sockets away from 0 and 1 and puts /dev/null there: a program that
/// inherited them would keep them open for ever.
fn take_over() -> io::Result<(Link, UnixListener)> {
    // what ps and top call it, in place of the name of /proc/self/exe
    nix::sys::prctl::set_name(c"wrangle-shim")?;
    rustix::process::setsid()?;
    tree::adopt()?;
    let keep = |fd: OwnedFd| -> io::Result<OwnedFd> {
        let kept = rustix::io::fcntl_dupfd_cloexec(&fd, 3)?;
        // 0 and 1 stay open until /dev/null takes their places
        std::mem::forget(fd);
        Ok(kept)
    };
    // SAFETY: 0 and 1 were given to us by the supervisor and nothing else here owns them
    let (control, listener) = unsafe { (OwnedFd::from_raw_fd(0), OwnedFd::from_raw_fd(1)) };
    let (control, listener) = (keep(control)?, keep(listener)?);
    stdio::let_go()?;
    std::env::set_current_dir("/")?;
    let listener = UnixListener::from(listener);
    listener.set_nonblocking(true)?;
    Ok((Link::new(UnixStream::from(control))?, listener))
}

/// Waits for the launch; what came right behind it is kept.
fn first_orders(link: &mut Link) -> Option<(Box<Launch>, Vec<Order>)> {
    loop {
        let mut orders = link.orders().ok()?.into_iter();
        match orders.next() {
            Some(Order::Launch(launch)) => return Some((launch, orders.collect())),
            Some(_) => return None,
            None => {}
        }
        let mut fds = [PollFd::new(link.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::NONE).ok();
    }
}
