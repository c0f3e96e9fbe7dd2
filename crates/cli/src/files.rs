//! Whether two paths are one file, so that nothing is written over what it was made of.

use std::path::{Path, PathBuf};

use terrace::core::{FlowStyle, Workflow};

/// A file by the one name that it has, whether it is there or not.
pub(crate) fn name_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    let there = path.canonicalize().ok();
    let named = || Some(folder.ok()?.join(path.file_name()?));
    there.or_else(named).unwrap_or_else(|| path.to_owned())
}

/// Whether something can be written to `output` that is made of `input`.
///
/// # Errors
/// When they are one file, in words.
pub(crate) fn apart(input: &Path, output: &Path) -> Result<(), String> {
    match input.is_file() && name_of(input) == name_of(output) {
        true => Err(format!("`{}` would be written over what is read", output.display())),
        false => Ok(()),
    }
}

/// The files that a workflow uses, and those that they use; `file` is its own.
pub(crate) fn used(workflow: &Workflow, file: &Path) -> Vec<PathBuf> {
    let mut used = Vec::new();
    let mut waiting = vec![(workflow, file.parent().unwrap_or(Path::new("")))];
    while let Some((workflow, around)) = waiting.pop() {
        let folder = workflow.dir().map_or(around, Path::new);
        for inside in workflow.nodes().iter().filter_map(|node| node.flow()) {
            if let FlowStyle::File(path) = inside.style() {
                used.push(folder.join(path));
            }
            waiting.push((inside.workflow(), folder));
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_name() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&a, "").unwrap();
        let around = folder.path().join(".").join("a");
        assert!(apart(&a, &around).is_err());
        assert!(apart(&a, &b).is_ok());
        assert_eq!(name_of(&b), name_of(&folder.path().join(".").join("b")));
        std::os::unix::fs::symlink(&a, &b).unwrap();
        assert!(apart(&a, &b).is_err());
    }
}
