//! Whether what lies in the database's place can be one, before anything opens it.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::unistd::{AccessFlags, access};

use super::place::real;

/// What stands in the way of using it, and what to do; nothing where it may yet be made.
pub(super) fn obstacle(path: &Path) -> Option<String> {
    let shown = path.display();
    let real = real(path);
    let dir = real.parent().unwrap_or(&real);
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Some("it is a directory; move it away".into()),
        Ok(meta) if !meta.is_file() => Some("it is not a regular file; move it away".into()),
        Ok(_) if access(&real, AccessFlags::R_OK | AccessFlags::W_OK).is_err() => Some(format!(
            "it is not yours to read and write; chmod 600 {shown}, or have its owner give it to you"
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !dir.is_dir() => Some(format!(
            "{} is not there, where it leads to; make that, or remove the link",
            dir.display()
        )),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Some(format!("{error}; mend or remove the link"))
        }
        _ => access(dir, AccessFlags::W_OK | AccessFlags::X_OK)
            .err()
            .map(|error| {
                let dir = dir.display();
                format!(
                    "{dir} can't be written ({}); make it yours to write (chmod 700 {dir})",
                    error.desc()
                )
            }),
    }
}

/// Others are kept out of one that was made before this program cared, or copied here.
pub(super) fn keep_private(file: &fs::File) {
    let mode = file.metadata().map(|meta| meta.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        // another's file, which root uses: the directory keeps others out
        file.set_permissions(Permissions::from_mode(0o600)).ok();
    }
}
