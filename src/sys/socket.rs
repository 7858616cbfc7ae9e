//! Unix sockets at paths of any depth.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::libc;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

/// A name for `path` that fits in `sun_path` (108 bytes, unix(7)) however deep the
/// directory lies: through a descriptor of the directory. Valid while the file lives.
fn short(path: &Path) -> io::Result<(File, PathBuf)> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a socket needs a directory and a name",
        ));
    };
    let dir = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC)
        .open(dir)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd())).join(name);
    Ok((dir, short))
}

/// Listens at `path`, in place of whatever lay there, for this user alone (0600).
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    let (_dir, short) = short(path)?;
    match fs::remove_file(&short) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&short)?;
    fs::set_permissions(&short, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Connects to whoever listens at `path`. `ConnectionRefused`: the socket is stale.
pub fn connect(path: &Path) -> io::Result<UnixStream> {
    let (_dir, short) = short(path)?;
    UnixStream::connect(short)
}

/// The user at the other end (`SO_PEERCRED`, unix(7)).
pub fn peer_uid(socket: &impl AsFd) -> io::Result<u32> {
    Ok(getsockopt(socket, PeerCredentials)?.uid())
}

/// Whether the user at the other end is the one who runs this.
pub fn peer_is_me(socket: &impl AsFd) -> bool {
    peer_uid(socket).is_ok_and(|uid| uid == nix::unistd::geteuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_deeper_than_sun_path_works() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("d".repeat(90)).join("e".repeat(90));
        fs::create_dir_all(&deep).unwrap();
        let path = deep.join("wrangle.sock");
        let listener = listen(&path).unwrap();
        let _client = connect(&path).unwrap();
        let (served, _) = listener.accept().unwrap();
        assert!(peer_is_me(&served));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(listener);
        assert_eq!(
            connect(&path).unwrap_err().kind(),
            io::ErrorKind::ConnectionRefused
        );
        listen(&path).unwrap();
    }
}
