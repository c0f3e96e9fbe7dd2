//! Temporary folders: one per run, made with the first of its attempts that asks, and one per
//! attempt inside.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Tells the folders of one process apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The folder of a run.
pub(crate) struct RunFolder {
    root: Option<PathBuf>,
    made: Mutex<Option<PathBuf>>,
}

impl RunFolder {
    pub(crate) fn new(root: Option<PathBuf>) -> Self {
        Self { root, made: Mutex::new(None) }
    }

    /// Makes a folder for one attempt of a node.
    pub(super) fn attempt(&self, run_id: &str, node: &str) -> io::Result<PathBuf> {
        let parent = {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            match &*made {
                Some(path) => path.clone(),
                None => {
                    let root = self.root.clone().unwrap_or_else(std::env::temp_dir);
                    fs::create_dir_all(&root)?;
                    let name = format!("terrace-{}-{}", clean(run_id), std::process::id());
                    made.insert(fresh(&root, &name)?).clone()
                }
            }
        };
        fresh(&parent, &clean(node))
    }

    /// Removes it, when the run is over.
    pub(crate) fn remove(&self) {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(path) = made {
            remove(&path);
        }
    }
}

/// Removes a folder with all in it. What cannot be removed is left: the task that made it has
/// ended, and its answer stands.
pub(super) fn remove(path: &Path) {
    drop(fs::remove_dir_all(path));
}

/// Makes a folder that was not there before and that nobody else may look into.
fn fresh(parent: &Path, name: &str) -> io::Result<PathBuf> {
    loop {
        // Only the number matters.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("{name}-{number}"));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(path),
        }
    }
}

/// A name as part of a file's: short, and without anything a path could read as its own.
fn clean(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    name.chars().take(40).map(plain).collect()
}
