//! The hashes of many files as one text, and one hash of that.

use terrace_plugin_api::task;

use crate::digest::of;
use crate::files::FileHash;

/// Writes hashes as `sha256sum` prints them, a line a file, in the order given. `sha256sum -c`
/// reads it back.
#[task(pure)]
pub fn manifest(
    /// What `sha256` gave.
    hashes: &[FileHash],
) -> String {
    hashes.iter().map(line).collect()
}

/// Gives the SHA-256 of a text: of a manifest it is one hash for all the files, which changes with
/// the content, the name and the number of them.
#[task(pure)]
pub fn root(
    /// What `manifest` gave.
    manifest: &str,
) -> String {
    of(manifest.as_bytes())
}

/// A name with a line end or a backslash is escaped, and the line begins with a backslash then.
fn line(file: &FileHash) -> String {
    let FileHash { path, sha256 } = file;
    if path.contains(['\\', '\n', '\r']) {
        let path = path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        return format!("\\{sha256}  {path}\n");
    }
    format!("{sha256}  {path}\n")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use terrace_plugin_api::TaskContext;

    use super::*;
    use crate::files::{list, sha256};

    fn manifest_of(folder: &str) -> String {
        let ctx = TaskContext::detached();
        let files = list(&ctx, folder).unwrap();
        let hashes: Vec<FileHash> =
            files.into_iter().map(|path| sha256(&ctx, path, Some(folder)).unwrap()).collect();
        manifest(&hashes)
    }

    /// What the command prints for the same files.
    fn by_command(folder: &str) -> String {
        let script = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum --";
        let output = Command::new("sh").args(["-c", script]).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_folder_is_hashed_as_sha256sum_does_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        assert_eq!(manifest_of(path), "");
        fs::create_dir(folder.path().join("sub")).unwrap();
        for name in
            ["a", "sub/b", "with blank", "back\\slash", "line\nend", "r\return", "ü", "-n", "*"]
        {
            fs::write(folder.path().join(name), format!("content of {name}")).unwrap();
        }
        assert_eq!(manifest_of(path), by_command(path));
        let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        assert_eq!(manifest_of(sources), by_command(sources));
    }

    #[test]
    fn the_root_changes_with_names_contents_and_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let file = |name: &str| folder.path().join(name);
        let mut seen = vec![root(&manifest_of(path))];
        let mut differs = || {
            let next = root(&manifest_of(path));
            assert!(!seen.contains(&next));
            seen.push(next);
        };
        fs::write(file("a"), "1").unwrap();
        differs();
        fs::write(file("a"), "2").unwrap();
        differs();
        fs::rename(file("a"), file("b")).unwrap();
        differs();
        fs::write(file("c"), "2").unwrap();
        differs();
        fs::remove_file(file("c")).unwrap();
        assert_eq!(root(&manifest_of(path)), seen[3]);
    }
}
