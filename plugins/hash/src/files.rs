//! The files of a folder, and the hash of one.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use terrace_plugin_api::{Record, TaskContext, TaskError, task};

use crate::digest::hex;

/// Bytes that are read at a time, between two looks at whether the task should stop.
const CHUNK: usize = 1 << 18;

/// A file and its hash.
#[derive(Clone, Debug, PartialEq, Eq, Record)]
pub struct FileHash {
    /// The file, as it was named.
    pub path: String,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// Lists the files of a folder and of all folders in it, relative to it, sorted by the bytes of
/// their paths, as `find . -type f -printf '%P\n' | LC_ALL=C sort`. Links are left out: what they
/// lead to may be outside, or the folder itself.
///
/// # Errors
/// Code `not_found`, `permission_denied` or `io` where a folder cannot be read, `not_utf8` where
/// a name is not UTF-8; each names the path. Cancelled.
#[task(blocking, idempotent)]
pub fn list(
    ctx: &TaskContext,
    /// The folder.
    folder: &str,
) -> Result<Vec<String>, TaskError> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inside) = folders.pop() {
        let here = Path::new(folder).join(&inside);
        let failed = |error| io_error("cannot list", &here, &error);
        for entry in fs::read_dir(&here).map_err(failed)? {
            ctx.check_cancelled()?;
            let entry = entry.map_err(failed)?;
            let path = inside.join(entry.file_name());
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                files.push(path.into_os_string().into_string().map_err(|path| {
                    let message = format!("the path {} is not UTF-8", Path::new(&path).display());
                    TaskError::msg(message).with_code("not_utf8")
                })?);
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Gives the SHA-256 of a file, as `sha256sum` does. Reads 256 KiB at a time, whatever its size.
///
/// # Errors
/// Code `not_found`, `permission_denied` or `io` where it cannot be read; each names the path.
/// Cancelled.
#[task(blocking, idempotent)]
pub fn sha256(
    ctx: &TaskContext,
    /// The file.
    path: String,
    /// The folder that the path starts at; the engine's own without it.
    folder: Option<&str>,
) -> Result<FileHash, TaskError> {
    let place = folder.map_or_else(|| PathBuf::from(&path), |folder| Path::new(folder).join(&path));
    let failed = |error| io_error("cannot read", &place, &error);
    let mut file = File::open(&place).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        ctx.check_cancelled()?;
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(FileHash { path, sha256: hex(&hasher.finalize()) })
}

fn io_error(what: &str, path: &Path, error: &Error) -> TaskError {
    let code = match error.kind() {
        ErrorKind::NotFound => "not_found",
        ErrorKind::PermissionDenied => "permission_denied",
        _ => "io",
    };
    TaskError::msg(format!("{what} {}", path.display())).with_code(code).with_cause(error)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;
    use crate::digest::of;

    fn folder() -> (TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        fs::create_dir_all(folder.path().join("b/deep")).unwrap();
        for name in ["b.txt", "a", "b/c", "b/deep/d", "b-1", ".hidden"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        (folder, path)
    }

    #[test]
    fn files_are_relative_and_in_the_order_of_their_bytes() {
        let (keep, path) = folder();
        symlink(keep.path(), keep.path().join("b/up")).unwrap();
        symlink(keep.path().join("a"), keep.path().join("link")).unwrap();
        let files = list(&TaskContext::detached(), &path).unwrap();
        assert_eq!(files, [".hidden", "a", "b-1", "b.txt", "b/c", "b/deep/d"]);
    }

    #[test]
    fn a_file_longer_than_a_chunk_has_its_hash() {
        let (keep, path) = folder();
        let long: Vec<u8> = (0..CHUNK + 5).map(|at| (at % 251) as u8).collect();
        fs::write(keep.path().join("long"), &long).unwrap();
        let ctx = TaskContext::detached();
        let hash = sha256(&ctx, "long".to_owned(), Some(&path)).unwrap();
        assert_eq!(hash, FileHash { path: "long".to_owned(), sha256: of(&long) });
        // The same by its whole path.
        let whole = sha256(&ctx, format!("{path}/long"), None).unwrap();
        assert_eq!((whole.sha256, whole.path), (hash.sha256, format!("{path}/long")));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let (keep, path) = folder();
        let ctx = TaskContext::detached();
        let missing = format!("{path}/missing");
        for error in [
            list(&ctx, &missing).unwrap_err(),
            sha256(&ctx, "missing".to_owned(), Some(&path)).unwrap_err(),
        ] {
            assert_eq!(error.code(), "not_found");
            assert!(error.message().contains(&missing), "{error}");
        }
        assert_eq!(sha256(&ctx, path.clone(), None).unwrap_err().code(), "io");
        fs::write(keep.path().join(OsStr::from_bytes(b"\xff")), "").unwrap();
        assert_eq!(list(&ctx, &path).unwrap_err().code(), "not_utf8");
    }
}
