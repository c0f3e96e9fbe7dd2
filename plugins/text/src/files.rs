//! Files: listing a folder, reading, writing. Relative paths start at the folder that the engine
//! was started in.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use terrace_plugin_api::{Bytes, ErrorClass, LogLevel, TaskContext, TaskError, task};

/// Lists the files of a folder, sorted by the bytes of their paths. Links to files count as
/// files; links to folders are not followed.
///
/// # Errors
/// Code `not_found`, `permission_denied` or `io` where a folder cannot be read, `not_utf8` where
/// a path is not UTF-8 and `skip_not_utf8` is off; each names the path. Cancelled.
#[task(blocking, idempotent)]
pub fn list_files(
    ctx: &TaskContext,
    /// The folder; the paths start with it as it is written here.
    folder: &str,
    /// Only files whose name ends in this extension: `txt` or `.txt`; all without it.
    extension: Option<&str>,
    /// Whether to look into the folders inside too.
    #[default = false]
    recursive: bool,
    /// Whether to leave out the files whose path is not UTF-8, which no text can name, instead of
    /// failing; the log says how many.
    #[default = false]
    skip_not_utf8: bool,
) -> Result<Vec<String>, TaskError> {
    let extension = extension.map(|extension| extension.strip_prefix('.').unwrap_or(extension));
    let (mut files, mut skipped) = (Vec::new(), 0_usize);
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let failed = |error| io_error("cannot list", &folder, &error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            ctx.check_cancelled()?;
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let is_file = match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    if recursive {
                        folders.push(path);
                    }
                    continue;
                }
                // A link to a folder is left out, so that a circle of links has an end.
                Ok(kind) if kind.is_symlink() => fs::metadata(&path).map(|kind| kind.is_file()),
                kind => kind.map(|kind| kind.is_file()),
            };
            match is_file {
                Ok(true) => {}
                Ok(false) => continue,
                // A link to nothing, or removed since it was listed.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(io_error("cannot look at", &path, &error)),
            }
            if extension.is_some_and(|wanted| path.extension().is_none_or(|found| found != wanted))
            {
                continue;
            }
            match path.into_os_string().into_string() {
                Ok(path) => files.push(path),
                Err(_) if skip_not_utf8 => skipped += 1,
                Err(path) => return Err(not_utf8(Path::new(&path))),
            }
        }
    }
    if skipped > 0 {
        let plural = if skipped == 1 { "file whose path is" } else { "files whose paths are" };
        ctx.log(LogLevel::Warn, format!("left out {skipped} {plural} not UTF-8"));
    }
    files.sort_unstable();
    Ok(files)
}

/// Reads a file as text.
///
/// # Errors
/// Code `not_found`, `permission_denied` or `io` where it cannot be read, `not_utf8` where it is
/// no text and `lossy` is off; each names the path.
#[task(blocking, idempotent)]
pub fn read_file(
    /// The file.
    path: &str,
    /// Whether to put U+FFFD in place of what is not UTF-8 instead of failing; `read_bytes` loses
    /// nothing.
    #[default = false]
    lossy: bool,
) -> Result<String, TaskError> {
    let bytes = fs::read(path).map_err(|error| io_error("cannot read", Path::new(path), &error))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if lossy => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let message = format!("cannot read {path} as text: it is not UTF-8 at byte {at}");
            Err(TaskError::new(ErrorClass::FAILED, message).with_code("not_utf8"))
        }
    }
}

/// Reads several files as one text, in the order given; a line end is added to each that has none.
///
/// # Errors
/// As `read_file`, for the first file that fails. Cancelled.
#[task(blocking, idempotent)]
pub fn read_files(
    ctx: &TaskContext,
    /// The files.
    paths: Vec<String>,
    /// As for `read_file`.
    #[default = false]
    lossy: bool,
) -> Result<String, TaskError> {
    let mut all = String::new();
    for path in &paths {
        ctx.check_cancelled()?;
        all.push_str(&read_file(path, lossy)?);
        if !all.is_empty() && !all.ends_with('\n') {
            all.push('\n');
        }
    }
    Ok(all)
}

/// Reads a file as bytes.
///
/// # Errors
/// Code `not_found`, `permission_denied` or `io`; each names the path.
#[task(blocking, idempotent)]
pub fn read_bytes(
    /// The file.
    path: &str,
) -> Result<Bytes, TaskError> {
    let bytes = fs::read(path).map_err(|error| io_error("cannot read", Path::new(path), &error))?;
    Ok(Bytes::from(bytes))
}

/// Writes text to a file, replacing what is there, and gives its path. The folder must exist.
///
/// # Errors
/// Code `not_found`, `permission_denied` or `io`; each names the path.
#[task(blocking, idempotent)]
pub fn write_file(
    /// The file.
    path: String,
    /// What to write.
    text: &str,
) -> Result<String, TaskError> {
    match fs::write(&path, text) {
        Ok(()) => Ok(path),
        Err(error) => Err(io_error("cannot write", Path::new(&path), &error)),
    }
}

fn not_utf8(path: &Path) -> TaskError {
    let message = format!(
        "cannot list {}: its path is not UTF-8; rename it, or leave such files out with `skip_not_utf8`",
        path.display()
    );
    TaskError::msg(message).with_code("not_utf8")
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

    fn list(
        folder: &str,
        extension: Option<&str>,
        recursive: bool,
    ) -> Result<Vec<String>, TaskError> {
        list_files(&TaskContext::detached(), folder, extension, recursive, false)
    }

    /// A folder with some files, and its path.
    fn folder() -> (TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        fs::create_dir_all(folder.path().join("sub/deep")).unwrap();
        for name in ["b.txt", "a.txt", "Z.md", "noext", "sub/c.txt", "sub/deep/d.txt", ".e.txt"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        (folder, path)
    }

    #[test]
    fn files_are_listed_in_the_order_of_their_paths() {
        let (_keep, path) = folder();
        let names = |extension, recursive| -> Vec<String> {
            let files = list(&path, extension, recursive).unwrap();
            files.iter().map(|file| file[path.len() + 1..].to_owned()).collect()
        };
        assert_eq!(names(None, false), [".e.txt", "Z.md", "a.txt", "b.txt", "noext"]);
        assert_eq!(names(Some("txt"), false), [".e.txt", "a.txt", "b.txt"]);
        assert_eq!(names(Some(".md"), true), ["Z.md"]);
        assert_eq!(
            names(Some("txt"), true),
            [".e.txt", "a.txt", "b.txt", "sub/c.txt", "sub/deep/d.txt"]
        );
        assert!(names(Some("pdf"), true).is_empty());
    }

    #[test]
    fn links_to_files_count_and_circles_end() {
        let (keep, path) = folder();
        symlink(keep.path(), keep.path().join("sub/up")).unwrap();
        symlink(keep.path().join("a.txt"), keep.path().join("link.txt")).unwrap();
        symlink("nowhere", keep.path().join("broken.txt")).unwrap();
        let files = list(&path, Some("txt"), true).unwrap();
        assert_eq!(files.len(), 6);
        assert!(files.contains(&format!("{path}/link.txt")));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let (_keep, path) = folder();
        let missing = format!("{path}/missing");
        for error in [
            list(&missing, None, false).unwrap_err(),
            read_file(&missing, false).unwrap_err(),
            read_bytes(&missing).err().unwrap(),
            write_file(format!("{missing}/x"), "").unwrap_err(),
        ] {
            assert_eq!(error.code(), "not_found");
            assert!(error.message().contains(&missing), "{error}");
        }
        assert_eq!(read_file(&path, false).unwrap_err().code(), "io");
    }

    #[test]
    fn a_path_that_is_not_utf8_is_named_or_left_out() {
        let (keep, path) = folder();
        let ctx = TaskContext::detached();
        let all = list_files(&ctx, &path, None, true, false).unwrap();
        let odd = keep.path().join(OsStr::from_bytes(b"odd\xff"));
        fs::create_dir(&odd).unwrap();
        fs::write(odd.join("x.txt"), "").unwrap();
        let error = list_files(&ctx, &path, None, true, false).unwrap_err();
        assert_eq!(error.code(), "not_utf8");
        let said = error.message().strip_prefix(&format!("cannot list {path}/")).unwrap();
        assert_eq!(
            said,
            "odd\u{fffd}/x.txt: its path is not UTF-8; rename it, or leave such files out with \
             `skip_not_utf8`"
        );
        assert_eq!(list_files(&ctx, &path, None, true, true).unwrap(), all);
        // Whoever does not ask for it does not meet it.
        assert!(list(&path, Some("md"), true).is_ok() && list(&path, None, false).is_ok());
    }

    #[test]
    fn text_comes_back_as_it_was_written() {
        let (_keep, path) = folder();
        let file = format!("{path}/new.txt");
        let text = "Grüße\r\n\0 ohne Ende";
        assert_eq!(write_file(file.clone(), text).unwrap(), file);
        assert_eq!(read_file(&file, false).unwrap(), text);
        assert_eq!(write_file(file.clone(), "").unwrap(), file);
        assert_eq!(read_file(&file, true).unwrap(), "");
    }

    #[test]
    fn what_is_not_utf8_is_lost_only_when_asked() {
        let (keep, path) = folder();
        fs::write(keep.path().join("latin1"), b"caf\xe9!").unwrap();
        let file = format!("{path}/latin1");
        let error = read_file(&file, false).unwrap_err();
        assert_eq!(error.code(), "not_utf8");
        assert!(error.message().contains("byte 3"), "{error}");
        assert_eq!(read_file(&file, true).unwrap(), "caf\u{fffd}!");
        assert_eq!(read_bytes(&file).unwrap().as_slice(), b"caf\xe9!");
    }
}
