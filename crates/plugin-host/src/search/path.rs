//! [`PackPath`]: the folders to search for packs, in order.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{FoundPack, Listing, Location, scan};

/// The folders to search for packs, in order. A folder that is not there is no error.
///
/// # Examples
///
/// ```
/// use std::path::Path;
/// use terrace_plugin_host::PackPath;
///
/// let path = PackPath::new()
///     .with_folder("packs")
///     .with_list("/opt/packs::/srv/packs")
///     .with_program("/usr/bin/terrace");
/// let folders: Vec<_> = path.folders().collect();
/// assert_eq!(folders[..3], ["packs", "/opt/packs", "/srv/packs"].map(Path::new));
/// assert_eq!(folders[3..], ["/usr/bin/packs", "/usr/bin", "/usr/lib/terrace/packs"].map(Path::new));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackPath {
    folders: Vec<PathBuf>,
}

impl PackPath {
    /// The environment variable that [`Self::standard`] reads.
    pub const VARIABLE: &str = "TERRACE_PACK_PATH";

    /// No folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// The folders of a program: those given (`--packs`), those of [`Self::VARIABLE`], those
    /// beside the executable. Reads the environment.
    pub fn standard<P: Into<PathBuf>>(given: impl IntoIterator<Item = P>) -> Self {
        let mut path = given.into_iter().fold(Self::new(), Self::with_folder);
        if let Some(list) = std::env::var_os(Self::VARIABLE) {
            path = path.with_list(list);
        }
        match std::env::current_exe() {
            Ok(program) => path.with_program(program),
            Err(_) => path,
        }
    }

    /// Appends a folder.
    #[must_use]
    pub fn with_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        if !self.folders.contains(&folder) {
            self.folders.push(folder);
        }
        self
    }

    /// Appends the folders of a list with `:` between them; empty parts mean nothing.
    #[must_use]
    pub fn with_list(self, list: impl AsRef<OsStr>) -> Self {
        std::env::split_paths(&list)
            .filter(|folder| !folder.as_os_str().is_empty())
            .fold(self, Self::with_folder)
    }

    /// Appends the folders that belong to a program: `packs` beside it, its own folder (where
    /// cargo puts packs built with it), and `../lib/terrace/packs`.
    #[must_use]
    pub fn with_program(self, program: impl AsRef<Path>) -> Self {
        let Some(beside) = program.as_ref().parent() else {
            return self;
        };
        let path = self.with_folder(beside.join("packs")).with_folder(beside);
        match beside.parent() {
            Some(above) => path.with_folder(above.join("lib/terrace/packs")),
            None => path,
        }
    }

    /// The folders, in order.
    pub fn folders(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.folders.iter().map(PathBuf::as_path)
    }

    /// Lists the packs in all folders from their manifests alone. Executes nothing.
    pub fn list(&self) -> Listing {
        let found = scan::scan(self);
        let mut packs = found.packs;
        packs.sort_by(|a, b| {
            let key = |found: &scan::Candidate| (found.folder, found.path.clone());
            (&a.manifest.name, &a.manifest.semver)
                .cmp(&(&b.manifest.name, &b.manifest.semver))
                .then_with(|| key(a).cmp(&key(b)))
        });
        let found_pack = |found: scan::Candidate| FoundPack {
            manifest: found.manifest,
            location: Location::File(found.path),
        };
        Listing {
            packs: packs.into_iter().map(found_pack).collect(),
            broken: found.broken,
            folders: found.folders,
        }
    }
}
