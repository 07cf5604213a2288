//! Databases and logs are for the owner of the process alone: folders are made with 0700 and files with 0600, and what
//! an earlier version left open to others is closed.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, set_permissions, symlink_metadata};
use std::io::Result;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;
/// Of a folder that all may write to, such as `/tmp`: it is not ours to close.
const STICKY: u32 = 0o1000;
/// What SQLite keeps beside a database.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Makes the folder at `path`, and those above it, where they are missing.
pub fn create_folder(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)
}

/// As [`create_folder`], of a folder that is ours as a whole.
pub fn own_folder(path: &Path) -> Result<()> {
    create_folder(path)?;
    let metadata = symlink_metadata(path)?;
    if metadata.is_dir() && metadata.permissions().mode() & STICKY == 0 {
        set_permissions(path, Permissions::from_mode(FOLDER))
    } else {
        Ok(())
    }
}

/// Opens the file at `path` for appending.
pub fn append(path: &Path) -> Result<File> {
    let file = OpenOptions::new().create(true).append(true).mode(FILE).open(path)?;
    close_to_others(path)?;
    Ok(file)
}

/// Makes the database at `path` unless it is there. SQLite gives what it keeps beside it the same permissions.
///
/// A database that is in use must not be opened here: closing it again would end SQLite's locks (POSIX).
pub fn prepare_database(path: &Path) -> Result<()> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    if !path.exists() {
        OpenOptions::new().create_new(true).write(true).mode(FILE).open(path)?;
    }
    for suffix in BESIDE {
        let mut name = OsString::from(path);
        name.push(suffix);
        close_to_others(Path::new(&name))?;
    }
    Ok(())
}

/// Takes others' permissions, if it is a plain file.
fn close_to_others(path: &Path) -> Result<()> {
    match symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 => {
            set_permissions(path, Permissions::from_mode(FILE))
        }
        _ => Ok(()),
    }
}
