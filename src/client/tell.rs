//! What the program tells of itself.

use std::fs;

use super::out::print;
use super::trouble::Trouble;
use crate::verb::Told;

/// Tells it.
///
/// # Errors
/// When it cannot be written.
pub fn tell(told: &Told) -> Result<u8, Trouble> {
    match told {
        Told::Text(text) => print(text)?,
        Told::Files(dir, files) => {
            let failed = |path: &std::path::Path, error: &std::io::Error| {
                Trouble::Failed(format!("cannot write {}: {error}", path.display()))
            };
            fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
            for (name, text) in files {
                let path = dir.join(name);
                fs::write(&path, text).map_err(|error| failed(&path, &error))?;
            }
            print(&format!(
                "{} pages written to {}\n",
                files.len(),
                dir.display()
            ))?;
        }
    }
    Ok(0)
}
